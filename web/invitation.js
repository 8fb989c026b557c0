// What a mailed invitation leads to: prove the address by a mailed code, then join, as somebody new by a name
// or with another account beside the one that is there. The link's secret is taken out of the address at once.

const WORDS = {
  en: {
    title: "Join an organization", email: "Address that was invited", code: "Code from the mail",
    name: "Your name", mail: "Mail me a code", next: "Next", join: "Join", joined: "You have joined.",
    failed: "That did not work. Please try again.", none: "This page is opened by the link in an invitation.",
  },
  ja: {
    title: "組織への参加", email: "招待されたメールアドレス", code: "メールに記載のコード",
    name: "お名前", mail: "コードを送る", next: "次へ", join: "参加する", joined: "参加しました。",
    failed: "うまくいきませんでした。もう一度お試しください。", none: "このページは招待メールのリンクから開いてください。",
  },
};
const language = navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
const say = WORDS[language];
const find = (id) => document.getElementById(id);
const KEY = "slotgraph.session";
const ERROR = "__typename ... on Error { message }";

const invitation = location.hash.slice(1);
history.replaceState(null, "", "/invitation");
document.documentElement.lang = language;
document.title = say.title;

async function ask(query, input, session) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Accept-Language": language,
      ...(session ? { Authorization: `Bearer ${session}` } : {}),
    },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data } = await answer.json();
  if (!data) throw new Error("no data");
  return Object.values(data)[0];
}

function tell(text) {
  find("status").textContent = text;
}

function reveal(field, input, button) {
  find(field).hidden = false;
  find("do").textContent = button;
  find(input).required = true;
  find(input).focus();
  tell("");
}

function done(session) {
  sessionStorage.setItem(KEY, session);
  find("join").hidden = true;
  tell(say.joined);
}

async function start() {
  const found = await ask(
    `mutation($input: SignInStartInput!) { signInStart(input: $input) { ${ERROR} } }`,
    { email: find("email").value });
  if (found.message) tell(found.message);
  else reveal("code-field", "code", say.next);
}

async function finish() {
  const input = { email: find("email").value, code: find("code").value };
  const isNew = !find("name-field").hidden;
  if (isNew) {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    input.signUp = { name: find("name").value, zone: timeZone, invitation };
  }
  const found = await ask(
    `mutation($input: SignInFinishInput!) { signInFinish(input: $input) { ${ERROR}
      ... on SignInFinishPayload { sessionToken } } }`, input);
  if (found.__typename === "SignUpNeededError") reveal("name-field", "name", say.join);
  else if (!found.sessionToken) tell(found.message);
  else if (isNew) done(found.sessionToken);
  else await accept(found.sessionToken);
}

async function accept(session) {
  const found = await ask(
    `mutation($input: InvitationAcceptInput!) { invitationAccept(input: $input) { ${ERROR}
      ... on InvitationAcceptPayload { sessionToken } } }`, { token: invitation }, session);
  if (found.sessionToken) done(found.sessionToken);
  else tell(found.message);
}

find("title").textContent = say.title;
find("email-label").textContent = say.email;
find("code-label").textContent = say.code;
find("name-label").textContent = say.name;
find("do").textContent = say.mail;
find("join").hidden = !invitation;
if (!invitation) tell(say.none);
find("join").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await (find("code-field").hidden ? start() : finish());
  } catch {
    tell(say.failed);
  }
};
