// Asks as an event stream, so that queries, mutations and subscriptions go one way.
"use strict";

const endpoint = document.currentScript.dataset.endpoint;
const [run, stop, status, answer] = ["run", "stop", "status", "answer"].map((id) => document.getElementById(id));
const form = document.getElementById("ask");
let running = null;

function show(text) {
  answer.textContent = `${text}\n\n${answer.textContent}`.trimEnd();
}

function showResult(text) {
  show(JSON.stringify(JSON.parse(text), null, 2));
}

async function readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks.filter((text) => text.startsWith("event: next\n"))) {
      showResult(block.slice(block.indexOf("data: ") + 6));
    }
  }
}

async function ask() {
  running?.abort();
  running = new AbortController();
  answer.textContent = "";
  stop.disabled = false;
  const headers = { Accept: "text/event-stream", "Content-Type": "application/json" };
  if (form.authorization.value) headers.Authorization = form.authorization.value;
  try {
    const body = { query: form.query.value, variables: JSON.parse(form.variables.value || "{}") };
    status.value = "Running";
    const response = await fetch(endpoint, {
      method: "POST", headers, body: JSON.stringify(body), signal: running.signal,
    });
    if (response.ok) await readEvents(response.body);
    else showResult(await response.text());
    status.value = `Done, ${response.status}`;
  } catch (error) {
    status.value = error.name === "AbortError" ? "Stopped" : error.message;
  }
  stop.disabled = true;
}

run.addEventListener("click", ask);
stop.addEventListener("click", () => running?.abort());
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
});
