// A host's own page: sign in by a mailed code or an account elsewhere, connect calendars by consent, choose
// what each does, end a connection. The session's secret, and that of a sign-in, live in this tab alone. What a provider sends back is taken out of the address at
// once; what it says in words is not shown: anybody can write such an address.

const WORDS = {
  en: {
    title: "Your calendars", email: "Mail address", code: "Code from the mail", mail: "Mail me a code",
    enter: "Sign in", enterWith: (name) => `Sign in with ${name}`, entering: "Signing in …", failed: "That did not work. Please try again.", connecting: "Connecting …",
    denied: "You did not allow it, so nothing was done.", connected: "Connected.",
    other: "This was not begun in this tab. Please begin again.", add: "Connect another calendar",
    first: "Connect a calendar", busy: "counts as busy", receives: "receives bookings",
    again: "Connect again", end: "Disconnect", sure: "Disconnect now?", ended: "Disconnected.",
    CONNECTED: "connected", NEEDS_RECONNECTION: "must be connected again",
    failing: "does not answer; you are shown as busy", LIST_CALENDARS: "", READ_BUSY: "",
    WRITE_ENTRIES: "You did not allow us to write: bookings will not stand in this calendar.",
  },
  ja: {
    title: "カレンダー", email: "メールアドレス", code: "メールに記載のコード", mail: "コードを送る",
    enter: "サインイン", enterWith: (name) => `${name}でサインイン`, entering: "サインインしています…", failed: "うまくいきませんでした。もう一度お試しください。", connecting: "接続しています…",
    denied: "許可されなかったため、何も行っていません。", connected: "接続しました。",
    other: "このタブで開始されたものではありません。もう一度はじめからお試しください。", add: "別のカレンダーを接続",
    first: "カレンダーを接続", busy: "予定ありとみなす", receives: "予約を書き込む",
    again: "再接続する", end: "接続を解除", sure: "本当に解除しますか？", ended: "接続を解除しました。",
    CONNECTED: "接続済み", NEEDS_RECONNECTION: "再接続が必要です",
    failing: "応答がないため、予定ありとして扱われます", LIST_CALENDARS: "", READ_BUSY: "",
    WRITE_ENTRIES: "書き込みが許可されなかったため、予約はこのカレンダーに記載されません。",
  },
};
const NAMES = { GOOGLE: "Google", MICROSOFT: "Microsoft 365", ZOOM: "Zoom", CALDAV: "CalDAV", ICS: "ICS" };
const BY_CONSENT = ["GOOGLE", "MICROSOFT", "ZOOM"];
const language = navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
const say = WORDS[language];
const find = (id) => document.getElementById(id);
const KEY = "slotgraph.session";
const BROWSER = "slotgraph.sign-in";
const ERROR = "__typename ... on Error { message code }";
const CONNECTION = `id provider label state failingSince missingPermissions
  calendars { id name countsAsBusy receivesBookings isWritable }`;

const returned = new URLSearchParams(location.search);
const [, purpose, of = ""] = location.pathname.split("/");
const provider = of.toUpperCase();
history.replaceState(null, "", "/connect");
document.documentElement.lang = language;
document.title = say.title;

async function ask(query, variables = {}) {
  const session = sessionStorage.getItem(KEY);
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Accept-Language": language,
      ...(session ? { Authorization: `Bearer ${session}` } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  if (answer.status === 401) sessionStorage.removeItem(KEY);
  const { data } = await answer.json();
  if (!data) throw new Error("no data");
  return Object.values(data)[0];
}

function make(kind, properties = {}, ...inside) {
  const element = Object.assign(document.createElement(kind), properties);
  element.append(...inside);
  return element;
}

function tell(text) {
  find("status").textContent = text;
}

async function begin(of, connectionId) {
  const found = await ask(
    `mutation($input: CalendarConsentStartInput!) { calendarConsentStart(input: $input) { ${ERROR}
      ... on CalendarConsentStartPayload { authorizeUrl } } }`,
    { input: connectionId ? { provider: of, connectionId } : { provider: of } },
  );
  if (found.authorizeUrl) location.assign(found.authorizeUrl);
  else tell(found.message);
}

async function beginSignIn(of) {
  const found = await ask(
    `mutation($input: SignInWithStartInput!) { signInWithStart(input: $input) { ${ERROR}
      ... on SignInWithStartPayload { authorizeUrl browserSecret } } }`, { input: { provider: of } });
  if (!found.authorizeUrl) return tell(found.message);
  sessionStorage.setItem(BROWSER, found.browserSecret);
  location.assign(found.authorizeUrl);
}

function brought() {
  const input = { provider, returnedState: returned.get("state") ?? "", code: returned.get("code") ?? "" };
  if (returned.has("iss")) input.issuer = returned.get("iss");
  return input;
}

async function finishSignIn() {
  const browserSecret = sessionStorage.getItem(BROWSER);
  sessionStorage.removeItem(BROWSER);
  if (!browserSecret) return tell(say.other);
  tell(say.entering);
  const found = await ask(
    `mutation($input: SignInWithFinishInput!) { signInWithFinish(input: $input) { ${ERROR}
      ... on SignInWithFinishPayload { sessionToken } } }`, { input: { ...brought(), browserSecret } });
  if (!found.sessionToken) return tell(found.message);
  sessionStorage.setItem(KEY, found.sessionToken);
  tell("");
}

async function finish() {
  if (!provider) return;
  if (returned.has("error")) return tell(returned.get("error") === "access_denied" ? say.denied : say.failed);
  if (purpose === "sign-in") return finishSignIn();
  if (!sessionStorage.getItem(KEY)) return tell(say.other);
  tell(say.connecting);
  const found = await ask(
    `mutation($input: CalendarConsentFinishInput!) { calendarConsentFinish(input: $input) { ${ERROR}
      ... on CalendarConsentFinishPayload { connection { id } } } }`,
    { input: brought() },
  );
  tell(found.connection ? say.connected : found.message);
}

async function choose(input) {
  const found = await ask(
    `mutation($input: CalendarUpdateInput!) { calendarUpdate(input: $input) { ${ERROR} } }`, { input });
  if (found.message) tell(found.message);
  await show();
}

async function end(id) {
  if (!confirm(say.sure)) return;
  const found = await ask(
    `mutation($input: CalendarDisconnectInput!) { calendarDisconnect(input: $input) { ${ERROR} } }`,
    { input: { id } },
  );
  tell(found.message ?? say.ended);
  await show();
}

function shownCalendar(calendar) {
  const busy = make("input", {
    type: "checkbox", id: `busy-${calendar.id}`, checked: calendar.countsAsBusy,
    ariaLabel: `${calendar.name}: ${say.busy}`,
  });
  busy.onchange = () => act(() => choose({ id: calendar.id, countsAsBusy: busy.checked }));
  const receives = make("input", {
    type: "radio", name: "receives", id: `receives-${calendar.id}`, checked: calendar.receivesBookings,
    disabled: !calendar.isWritable, ariaLabel: `${calendar.name}: ${say.receives}`,
  });
  receives.onchange = () => act(() => choose({ id: calendar.id, receivesBookings: true }));
  return [
    make("dt", { textContent: calendar.name }),
    make("dd", {}, make("label", { className: "choice" }, busy, ` ${say.busy}`),
      make("label", { className: "choice" }, receives, ` ${say.receives}`)),
  ];
}

function shownConnection(one) {
  const state = one.failingSince && one.state === "CONNECTED" ? say.failing : say[one.state];
  const named = (text) => `${text}: ${NAMES[one.provider]} ${one.label}`;
  const again = make("button", { type: "button", textContent: say.again, ariaLabel: named(say.again) });
  again.onclick = () => act(() => begin(one.provider, one.id));
  const ending = make("button", {
    type: "button", className: "quiet", textContent: say.end, ariaLabel: named(say.end),
  });
  ending.onclick = () => act(() => end(one.id));
  const denied = one.missingPermissions.map((name) => say[name]).filter(Boolean);
  const isBroken = one.state === "NEEDS_RECONNECTION" || denied.length > 0;
  return make("article", {},
    make("h2", { textContent: `${NAMES[one.provider]} · ${one.label}` }),
    make("p", { className: "soft", textContent: [state, ...denied].join(". ") }),
    make("dl", {}, ...one.calendars.flatMap(shownCalendar)),
    make("footer", {}, ...(isBroken && BY_CONSENT.includes(one.provider) ? [again] : []), ending));
}

async function show() {
  const isIn = Boolean(sessionStorage.getItem(KEY));
  find("sign-in").hidden = isIn;
  find("sign-in-with").hidden = isIn;
  find("signed-in").hidden = !isIn;
  if (!isIn) {
    const ways = await ask("{ signInProviders { provider name } }");
    return find("sign-in-with").replaceChildren(...ways.map(({ provider: of, name }) => {
      const button = make("button", { type: "button", className: "quiet", textContent: say.enterWith(name) });
      button.onclick = () => act(() => beginSignIn(of));
      return button;
    }));
  }
  const connections = await ask(`{ calendarConnections { ${CONNECTION} } }`);
  const providers = await ask("{ consentProviders { provider } }");
  const focused = document.activeElement?.id;
  find("connections").replaceChildren(...connections.map(shownConnection));
  if (focused) find(focused)?.focus(); // what was just chosen is another element now
  find("add-title").textContent = connections.length ? say.add : say.first;
  find("providers").replaceChildren(...providers.map(({ provider: of }) => {
    const button = make("button", { type: "button", textContent: NAMES[of] });
    button.onclick = () => act(() => begin(of));
    return button;
  }));
}

async function signIn() {
  const email = find("email").value;
  if (find("code-field").hidden) {
    const found = await ask(
      `mutation($input: SignInStartInput!) { signInStart(input: $input) { ${ERROR} } }`, { input: { email } });
    if (found.message) return tell(found.message);
    find("code-field").hidden = false;
    find("sign-in-do").textContent = say.enter;
    return find("code").focus();
  }
  const found = await ask(
    `mutation($input: SignInFinishInput!) { signInFinish(input: $input) { ${ERROR}
      ... on SignInFinishPayload { sessionToken } } }`, { input: { email, code: find("code").value } });
  if (!found.sessionToken) return tell(found.message);
  sessionStorage.setItem(KEY, found.sessionToken);
  tell("");
  await show();
}

async function act(what) {
  try {
    await what();
  } catch {
    tell(say.failed);
    if (!sessionStorage.getItem(KEY)) await show();
  }
}

find("title").textContent = say.title;
find("email-label").textContent = say.email;
find("code-label").textContent = say.code;
find("sign-in-do").textContent = say.mail;
find("sign-in").onsubmit = (event) => {
  event.preventDefault();
  act(signIn);
};
await act(finish);
await act(show);
