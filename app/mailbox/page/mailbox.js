// The mailbox page: follows /changes, lists the mails, shows one of them in four views.

const VIEWS = ["html", "text", "calendar", "headers"];
const at = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

let mails = [];
let open = null;
let view = "html";

function visible() {
  const wanted = at("filter").value.trim().toLowerCase();
  return mails.filter((mail) => `${mail.to} ${mail.subject}`.toLowerCase().includes(wanted));
}

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function drawList() {
  const items = visible().map((mail) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = mail.id;
    button.setAttribute("aria-current", String(open?.id === mail.id));
    button.append(line("strong", mail.subject || "(no subject)"), line("span", mail.to));
    button.append(line("span", time.format(new Date(mail.received_at))));
    button.addEventListener("click", () => show(mail.id));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  const focused = document.activeElement?.dataset?.id;
  at("list").replaceChildren(...items);
  if (focused) at("list").querySelector(`[data-id="${focused}"]`)?.focus();
  at("empty").hidden = mails.length > 0;
}

async function show(id) {
  const answer = await fetch(`/messages/${id}.json`);
  if (!answer.ok) return;
  open = await answer.json();
  at("none").hidden = true;
  at("shown").hidden = false;
  at("subject").textContent = open.subject || "(no subject)";
  at("from").textContent = open.from;
  at("to").textContent = open.to;
  at("came").textContent = time.format(new Date(open.received_at));
  at("source").href = `/messages/${id}.eml`;
  at("view-html").src = `/messages/${id}.html`;
  at("view-text").textContent = open.text;
  at("view-calendar").textContent = open.calendar;
  at("view-headers").textContent = open.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  history.replaceState(null, "", `#${id}`);
  drawView();
  drawList();
}

function has(name) {
  return name === "headers" || Boolean(open?.[name]);
}

function drawView() {
  const chosen = has(view) ? view : VIEWS.find(has);
  for (const name of VIEWS) {
    const tab = at(`tab-${name}`);
    tab.disabled = !has(name);
    tab.setAttribute("aria-selected", String(name === chosen));
    tab.tabIndex = name === chosen ? 0 : -1;
    at(`view-${name}`).hidden = name !== chosen;
  }
}

function choose(name) {
  if (!open || !has(name)) return;
  view = name;
  drawView();
}

function step(by) {
  const shown = visible();
  const place = shown.findIndex((mail) => mail.id === open?.id);
  const next = shown[Math.min(Math.max(place + by, 0), shown.length - 1)];
  if (next) show(next.id);
}

async function refresh() {
  mails = await (await fetch("/messages.json")).json();
  if (open && !mails.some((mail) => mail.id === open.id)) {
    open = null;
    at("shown").hidden = true;
    at("none").hidden = false;
  }
  drawList();
  const wanted = Number(location.hash.slice(1));
  if (!open && mails.some((mail) => mail.id === wanted)) await show(wanted);
}

for (const name of VIEWS) at(`tab-${name}`).addEventListener("click", () => choose(name));
at("tabs").addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const usable = VIEWS.filter(has);
  const place = usable.findIndex((name) => at(`tab-${name}`) === document.activeElement);
  const next = usable[(place + by + usable.length) % usable.length];
  choose(next);
  at(`tab-${next}`).focus();
});
at("filter").addEventListener("input", drawList);
at("clear").addEventListener("click", () => {
  if (confirm("Delete every mail in this mailbox?")) fetch("/messages", { method: "DELETE" });
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/") {
    event.preventDefault();
    at("filter").focus();
  } else if (VIEWS[event.key - 1]) choose(VIEWS[event.key - 1]);
});

const changes = new EventSource("/changes");
changes.addEventListener("message", refresh);
changes.addEventListener("open", () => { at("state").textContent = "Listening"; });
changes.addEventListener("error", () => { at("state").textContent = "Reconnecting…"; });
refresh();
