// The first page of a mobile web view: a host's bookings to come, to be read. The session is in a cookie that
// the native side has set; without one the server has sent us to the sign-in already.

import { listen } from "./bridge.js";

const WORDS = {
  en: { title: "Your bookings", none: "Nothing is booked.", failed: "That did not work. Please try again." },
  ja: { title: "ご予約一覧", none: "予約はありません。", failed: "うまくいきませんでした。もう一度お試しください。" },
};
const language = navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
const say = WORDS[language];
const find = (id) => document.getElementById(id);
const BOOKINGS = `query ($from: Instant!) { viewer { user { zone } }
  bookings(first: 50, filter: { startFrom: $from, states: [CONFIRMED] }) {
    nodes { id start end invitees { name } page { name } } } }`;

document.documentElement.lang = language;
document.title = find("title").textContent = say.title;

async function show() {
  try {
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": language },
      body: JSON.stringify({ query: BOOKINGS, variables: { from: new Date().toISOString() } }),
    });
    const { data } = await answer.json();
    const day = new Intl.DateTimeFormat(navigator.language, {
      timeZone: data.viewer.user.zone, dateStyle: "full", timeStyle: "short",
    });
    find("bookings").replaceChildren(...data.bookings.nodes.map((booking) => {
      const names = booking.invitees.map((invitee) => invitee.name).filter(Boolean).join(", ");
      const words = [day.format(new Date(booking.start)), booking.page?.name, names].filter(Boolean);
      return Object.assign(document.createElement("li"), { textContent: words.join(" · ") });
    }));
    find("status").textContent = data.bookings.nodes.length ? "" : say.none;
  } catch {
    find("status").textContent = say.failed;
  }
}

if (location.protocol === "https:") listen(window, location.origin, { refresh: show });
await show();
