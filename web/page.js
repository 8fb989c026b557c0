// What the pages behind links have in common: the reader's language, one way to ask, and one to follow.
// A secret goes out in the body of a message and nowhere else.

export const language = navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
document.documentElement.lang = language;

export const find = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

export async function ask(query, variables) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": language },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = await answer.json();
  if (!data) throw new Error("no data");
  return data;
}

export function moment(instant, timeZone, options) {
  return new Intl.DateTimeFormat(navigator.language, { timeZone, ...options }).format(new Date(instant));
}

export function interval(start, end, timeZone) {
  const day = moment(start, timeZone, { dateStyle: "full" });
  const from = moment(start, timeZone, { timeStyle: "short" });
  const to = moment(end, timeZone, { hour: "numeric", minute: "2-digit", timeZoneName: "short" });
  return `${day}, ${from} – ${to}`;
}

export function made(name, properties, ...inside) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inside);
  return element;
}

export async function guarded(work, failed) {
  const buttons = document.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await work();
  } catch {
    find("status").textContent = failed;
  } finally {
    document.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }
}

// Events arrive over a socket; one that closes is opened again, since the server may have gone round.
export async function follow(query, variables, told) {
  for (let wait = 1; ; wait = Math.min(wait * 2, 30)) {
    const ended = await new Promise((done) => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/graphql`, "graphql-transport-ws");
      const send = (message) => socket.send(JSON.stringify(message));
      socket.onopen = () => send({ type: "connection_init" });
      socket.onclose = () => done(false);
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: { query, variables } });
        if (message.type === "ping") send({ type: "pong" });
        if (message.type === "next" && message.payload.data) {
          told(message.payload.data);
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
