// The page behind the link in the mail of who waits for a slot: their place, live, and the offer to take.
// The secret stands after the # of the address.

import { ask, find, follow, guarded, interval, language, moment } from "/web/page.js";

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
const say = WORDS[language];

const MEETINGS = { ZOOM_MEETING: "Zoom", GOOGLE_MEET: "Google Meet", TEAMS: "Microsoft Teams" };
const WAITER = `state start end place pageName zone placeChoices hold { expiresAt }
  questions { key label isRequired choices }`;
const token = location.hash.slice(1);
let waiter = null;
let attempt = crypto.randomUUID();

function show(words = "") {
  find("status").textContent = words;
  find("waiter").hidden = !waiter;
  if (!waiter) return;
  find("state").textContent = say[waiter.state] ?? waiter.state;
  find("name").textContent = waiter.pageName;
  document.title = waiter.pageName;
  find("when").textContent = interval(waiter.start, waiter.end, waiter.zone);
  const ends = (hold) => moment(hold.expiresAt, waiter.zone, { dateStyle: "medium", timeStyle: "short" });
  const until = waiter.hold && `${say.until}: ${ends(waiter.hold)}`;
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

function told({ waiterChanged }) {
  waiter = waiterChanged;
  show(waiter.state === "BOOKED" ? say.done : "");
}

async function load() {
  if (!token) return show(say.lost);
  waiter = (await ask(`query Waiter($token: String!) { waiter(token: $token) { ${WAITER} } }`, { token })).waiter;
  show(waiter ? "" : say.lost);
  const query = `subscription Waiter($token: String!) { waiterChanged(token: $token) { ${WAITER} } }`;
  if (waiter) await follow(query, { token }, told);
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

find("take").textContent = say.take;
find("take-form").addEventListener("submit", (event) => guarded(() => take(event), say.failed));
find("leave").addEventListener("click", () => guarded(leave, say.failed));
load().catch(() => show(say.failed));
