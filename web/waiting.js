// The page behind the link in the mail of who waits for a slot: their place, live, and the offer to take.
// The secret stands after the # of the address; it goes out in the body of a message and nowhere else.

const WORDS = {
  en: {
    lost: "This link does not work. Please use the newest mail about this time.",
    failed: "That did not work. Please try again.",
    WAITING: "You are waiting for", OFFERED: "This time is free, and kept for you", BOOKED: "Booked",
    LAPSED: "This time was kept for you, and is given to others now", LEFT: "You do not wait any more for",
    ENDED: "This time is not offered any more", REMOVED: "The host has taken you off the waitlist for",
    place: (place) => (place === 1 ? "You are next." : `Your place: ${place}`), until: "Kept until",
    take: "Take this time", leave: "Wait no more", giveUp: "I do not need it",
    done: "Booked. We have sent you a mail.", where: "Where",
    LINK: "On the web", IN_PERSON: "In person", HOST_CALLS: "We call you", INVITEE_CALLS: "You call us",
  },
  ja: {
    lost: "このリンクは使えません。この日時についての最新のメールをご覧ください。",
    failed: "うまくいきませんでした。もう一度お試しください。",
    WAITING: "空きをお待ちです", OFFERED: "空きが出ました。お客様のために確保しています", BOOKED: "予約済み",
    LAPSED: "確保の時間が過ぎ、ほかの方にご案内しました", LEFT: "待つのをやめました",
    ENDED: "この日時は受け付けていません", REMOVED: "主催者が空き待ちから外しました",
    place: (place) => (place === 1 ? "次がお客様の番です。" : `順番: ${place}番目`), until: "確保の期限",
    take: "この日時を予約する", leave: "待つのをやめる", giveUp: "不要になりました",
    done: "予約しました。メールをお送りしました。", where: "場所",
    LINK: "オンライン", IN_PERSON: "対面", HOST_CALLS: "お電話を差し上げます", INVITEE_CALLS: "お電話をいただきます",
  },
};
const language = navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
const say = WORDS[language];
document.documentElement.lang = language;

const MEETINGS = { ZOOM_MEETING: "Zoom", GOOGLE_MEET: "Google Meet", TEAMS: "Microsoft Teams" };
const WAITER = `state start end place pageName zone placeChoices hold { expiresAt }
  questions { key label isRequired choices }`;
const token = location.hash.slice(1);
const find = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });
let waiter = null;
let attempt = crypto.randomUUID();

async function ask(query, variables) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": language },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = await answer.json();
  if (!data) throw new Error("no data");
  return data;
}

function moment(instant, options) {
  return new Intl.DateTimeFormat(navigator.language, { timeZone: waiter.zone, ...options }).format(new Date(instant));
}

function show(words = "") {
  find("status").textContent = words;
  find("waiter").hidden = !waiter;
  if (!waiter) return;
  find("state").textContent = say[waiter.state] ?? waiter.state;
  find("name").textContent = waiter.pageName;
  document.title = waiter.pageName;
  const day = moment(waiter.start, { dateStyle: "full" });
  const from = moment(waiter.start, { timeStyle: "short" });
  const to = moment(waiter.end, { hour: "numeric", minute: "2-digit", timeZoneName: "short" });
  find("when").textContent = `${day}, ${from} – ${to}`;
  const until = waiter.hold && `${say.until}: ${moment(waiter.hold.expiresAt, { dateStyle: "medium", timeStyle: "short" })}`;
  find("place").textContent = until ?? (waiter.place ? say.place(waiter.place) : "");
  if (find("take-form").hidden === Boolean(waiter.hold)) showQuestions();
  find("take-form").hidden = !waiter.hold;
  find("leave").hidden = !["WAITING", "OFFERED"].includes(waiter.state);
  find("leave").textContent = waiter.hold ? say.giveUp : say.leave;
}

function placeField() {
  const label = Object.assign(document.createElement("label"), { textContent: `${say.where} ` });
  const field = Object.assign(document.createElement("select"), { id: "place-kind", required: true });
  field.append(new Option(""), ...waiter.placeChoices.map((kind) => new Option(say[kind] ?? MEETINGS[kind] ?? kind, kind)));
  label.append(field);
  return label;
}

function showQuestions() {
  find("questions").replaceChildren(...(waiter.placeChoices.length ? [placeField()] : []), ...waiter.questions.map((question) => {
    const label = Object.assign(document.createElement("label"), { textContent: `${question.label} ` });
    const field = document.createElement(question.choices.length ? "select" : "input");
    field.name = question.key;
    field.required = question.isRequired;
    if (question.choices.length) field.append(...["", ...question.choices].map((choice) => new Option(choice)));
    label.append(field);
    return label;
  }));
}

// The place arrives over the socket; a socket that closes is opened again, since the server may have gone round.
async function follow() {
  for (let wait = 1; ; wait = Math.min(wait * 2, 30)) {
    const ended = await new Promise((done) => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/graphql`, "graphql-transport-ws");
      const send = (message) => socket.send(JSON.stringify(message));
      const query = `subscription Waiter($token: String!) { waiterChanged(token: $token) { ${WAITER} } }`;
      socket.onopen = () => send({ type: "connection_init" });
      socket.onclose = () => done(false);
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: { query, variables: { token } } });
        if (message.type === "ping") send({ type: "pong" });
        if (message.type === "next" && message.payload.data) {
          waiter = message.payload.data.waiterChanged;
          show(waiter.state === "BOOKED" ? say.done : "");
          wait = 1;
        }
        if (message.type === "complete" || message.type === "error") {
          done(true);
          socket.close();
        }
      };
    });
    if (ended) return;
    await pause(wait);
  }
}

async function load() {
  if (!token) return show(say.lost);
  waiter = (await ask(`query Waiter($token: String!) { waiter(token: $token) { ${WAITER} } }`, { token })).waiter;
  show(waiter ? "" : say.lost);
  if (waiter) await follow();
}

async function take(event) {
  event.preventDefault();
  const fields = [...new FormData(find("take-form"))].filter(([, value]) => value !== "");
  const answers = fields.map(([key, value]) => ({ key, values: [value] }));
  const { waitlistTake: result } = await ask(
    `mutation Take($input: WaitlistTakeInput!) { waitlistTake(input: $input) {
       ... on WaitlistTakePayload { manageToken } ... on Error { message } } }`,
    { input: { token, answers, placeKind: find("place-kind")?.value || null, idempotencyKey: attempt } },
  );
  attempt = crypto.randomUUID();
  if (result.message) return show(result.message);
  location.replace(`/booking#${result.manageToken}`);
}

async function leave() {
  const { waitlistLeave: result } = await ask(
    `mutation Leave($input: WaitlistLeaveInput!) { waitlistLeave(input: $input) {
       ... on WaitlistLeavePayload { waiter { ${WAITER} } } ... on Error { message } } }`,
    { input: { token } },
  );
  if (result.waiter) waiter = result.waiter;
  show(result.message ?? "");
}

async function guarded(work) {
  const buttons = document.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await work();
  } catch {
    find("status").textContent = say.failed;
  } finally {
    document.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }
}

find("take").textContent = say.take;
find("take-form").addEventListener("submit", (event) => guarded(() => take(event)));
find("leave").addEventListener("click", () => guarded(leave));
load().catch(() => show(say.failed));
