// The page behind the link in an invitee's mail: see, move or cancel one booking.
// The secret stands after the # of the address.

import { ask, find, guarded as tried, interval, language, moment } from "/web/page.js";

const WORDS = {
  en: {
    lost: "This link does not work. Please use the newest mail about your booking.",
    failed: "That did not work. Please try again.",
    CONFIRMED: "Your booking", CANCELLED: "Cancelled", DONE: "This meeting is over",
    with: "With", place: "Where", you: "You", policy: "Cancelling",
    move: "Choose another time", moveTitle: "Another time", day: "Day",
    none: "No free times on this day.", cancel: "Cancel the booking", reason: "A word to your host, if you like",
    sure: "Yes, cancel", keep: "Keep it", moved: "Moved. We have sent you a mail.",
    cancelled: "Cancelled. We have sent you a mail.",
  },
  ja: {
    lost: "このリンクは使えません。予約についての最新のメールをご覧ください。",
    failed: "うまくいきませんでした。もう一度お試しください。",
    CONFIRMED: "ご予約", CANCELLED: "キャンセル済み", DONE: "このミーティングは終了しました",
    with: "相手", place: "場所", you: "お客様", policy: "キャンセルについて",
    move: "別の日時を選ぶ", moveTitle: "別の日時", day: "日付",
    none: "この日に空いている時間はありません。", cancel: "予約をキャンセルする", reason: "ホストへのひとこと(任意)",
    sure: "キャンセルする", keep: "このままにする", moved: "変更しました。メールをお送りしました。",
    cancelled: "キャンセルしました。メールをお送りしました。",
  },
};
const say = WORDS[language];

const BOOKING = `state start end pageName pageSlug hostNames name zone version cancellationPolicy
  mayCancelUntil mayRescheduleUntil place { kind details }`;
const ERROR = "... on Error { message }";
const token = location.hash.slice(1);
const guarded = (work) => tried(work, say.failed);
let booking = null;

function fact(list, name, value) {
  if (!value) return;
  list.append(Object.assign(document.createElement("dt"), { textContent: name }));
  list.append(Object.assign(document.createElement("dd"), { textContent: value }));
}

function show(words = "") {
  find("status").textContent = words;
  find("booking").hidden = !booking;
  if (!booking) return;
  const stands = booking.state === "CONFIRMED";
  find("state").textContent = say[booking.state] ?? booking.state;
  find("name").textContent = booking.pageName;
  document.title = booking.pageName;
  find("when").textContent = interval(booking.start, booking.end, booking.zone);
  const facts = find("facts");
  facts.replaceChildren();
  fact(facts, say.with, booking.hostNames.join(", "));
  fact(facts, say.place, booking.place.details);
  fact(facts, say.you, booking.name);
  fact(facts, say.policy, booking.cancellationPolicy);
  const now = Date.now();
  find("move-open").hidden = !stands || !booking.pageSlug || now > Date.parse(booking.mayRescheduleUntil);
  find("cancel-open").hidden = !stands || now > Date.parse(booking.mayCancelUntil);
  find("cancel-form").hidden = true;
  find("move").hidden = true;
}

async function load() {
  if (!token) return show(say.lost);
  const data = await ask(`query Booking($token: String!) { bookingByLink(token: $token) { ${BOOKING} } }`, { token });
  booking = data.bookingByLink;
  show(booking ? "" : say.lost);
}

async function change(name, input, words) {
  const type = name[0].toUpperCase() + name.slice(1);
  const data = await ask(
    `mutation Change($input: ${type}Input!) { ${name}(input: $input) {
       ... on InviteeBookingPayload { booking { ${BOOKING} } } ${ERROR} } }`,
    { input: { token, idempotencyKey: crypto.randomUUID(), ...input } },
  );
  const result = data[name];
  if (result.booking) booking = result.booking;
  show(result.message ?? words);
}

// A wall date in the invitee's zone begins somewhere within a day of UTC's midnight: ask widely, show the day.
async function starts(day) {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const hours = (n) => new Date(noon + n * 3600e3).toISOString();
  const data = await ask(
    `query Starts($slug: String!, $window: WindowInput!) {
       bookingPage(slug: $slug) { openSlots(window: $window) { slots { start } } } }`,
    { slug: booking.pageSlug, window: { from: hours(-27), to: hours(27) } },
  );
  const here = new Intl.DateTimeFormat("sv-SE", { timeZone: booking.zone });
  const slots = (data.bookingPage?.openSlots?.slots ?? []).filter((slot) => here.format(new Date(slot.start)) === day);
  const buttons = slots.map((slot) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.textContent = moment(slot.start, booking.zone, { timeStyle: "short" });
    button.addEventListener("click", () =>
      guarded(() => change("bookingReschedule", { start: slot.start, version: booking.version }, say.moved)));
    return button;
  });
  const none = Object.assign(document.createElement("p"), { textContent: say.none });
  find("starts").replaceChildren(...(buttons.length ? buttons : [none]));
}

find("move-open").textContent = say.move;
find("move-title").textContent = say.moveTitle;
find("move-label").textContent = say.day;
find("cancel-open").textContent = say.cancel;
find("reason-label").textContent = say.reason;
find("cancel-do").textContent = say.sure;
find("cancel-keep").textContent = say.keep;
find("move-open").addEventListener("click", () => {
  find("move").hidden = false;
  const day = find("day");
  day.value = new Intl.DateTimeFormat("sv-SE", { timeZone: booking.zone }).format(new Date(booking.start));
  guarded(() => starts(day.value));
  day.focus();
});
find("day").addEventListener("change", (event) => event.target.value && guarded(() => starts(event.target.value)));
find("cancel-open").addEventListener("click", () => { find("cancel-form").hidden = false; find("reason").focus(); });
find("cancel-keep").addEventListener("click", () => { find("cancel-form").hidden = true; });
find("cancel-form").addEventListener("submit", (event) => {
  event.preventDefault();
  guarded(() => change("bookingCancel", { reason: find("reason").value || null }, say.cancelled));
});
guarded(load);
