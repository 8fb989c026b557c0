// The page behind the link by which a poll is organized: what is counted, live, who votes, and how it is closed.
// The secret stands after the # of the address; whoever has it acts in the organizer's name.

import { ask, find, follow, guarded, interval, language, made, moment } from "/web/page.js";

const WORDS = {
  en: {
    lost: "This link does not work any more. Please sign in, or make a new one.",
    failed: "That did not work. Please try again.",
    OPEN: (host) => `${host}'s poll is open`, OVER: (host) => `Nobody votes any more in ${host}'s poll`,
    CLOSED: (host) => `${host}'s poll is closed`, until: "Vote until", undo: "Can be undone until",
    YES: "Yes", IF_NEED_BE: "If need be", counted: (option) => `${option.yes} yes, ${option.ifNeedBe} if need be`,
    full: "Full", chosen: "Chosen", choose: "Close with this", close: "Close without a time", reopen: "Undo closing",
    remind: "Remind who has not voted", reminded: (count) => `Reminded: ${count}`, done: "Done.",
    name: "Name", mail: "Mail address", invite: "Ask to vote", voters: "Voters", waits: "has not voted", voted: "has voted",
    sure: "Close this poll? All who come are told.",
  },
  ja: {
    lost: "このリンクは無効です。サインインするか、リンクを作り直してください。",
    failed: "うまくいきませんでした。もう一度お試しください。",
    OPEN: (host) => `${host}さんの日程調整は受け付け中です`, OVER: (host) => `${host}さんの日程調整は受け付けを終了しました`,
    CLOSED: (host) => `${host}さんの日程調整は締め切られました`, until: "回答期限", undo: "取り消しの期限",
    YES: "参加可", IF_NEED_BE: "調整可", counted: (option) => `参加可 ${option.yes}・調整可 ${option.ifNeedBe}`,
    full: "定員に達しました", chosen: "決定", choose: "この日時に決める", close: "決めずに締め切る", reopen: "締め切りを取り消す",
    remind: "未回答の方に催促する", reminded: (count) => `催促しました（${count}件）`, done: "完了しました。",
    name: "お名前", mail: "メールアドレス", invite: "回答を依頼する", voters: "回答者", waits: "未回答", voted: "回答済み",
    sure: "この日程調整を締め切りますか。参加者に通知されます。",
  },
};
const say = WORDS[language];
const POLL = `title description state chosen announcedAt zone deadline organizer { name }
  options { number start end day isFull yes ifNeedBe }
  voters { name hasVoted comment answers { option answer } }`;
const token = location.hash.slice(1);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let poll = null;

const until = (instant) => moment(instant, zone, { dateStyle: "full", timeStyle: "short" });

function named(option) {
  if (!option.day) return interval(option.start, option.end, zone);
  return moment(`${option.day}T12:00:00Z`, "UTC", { dateStyle: "full" });
}

function optionRow(option) {
  const parts = [option.yes === null ? "" : say.counted(option), option.isFull ? say.full : "",
    poll.chosen === option.number ? say.chosen : ""];
  const choose = made("button", { type: "button", textContent: say.choose, hidden: poll.state === "CLOSED" });
  choose.addEventListener("click", () => close(option.number));
  return made("section", {}, made("h2", { textContent: named(option) }),
    made("p", { className: "soft", textContent: parts.filter(Boolean).join(" · ") }), choose);
}

function voterRow({ name, hasVoted, comment, answers }) {
  const said = answers.filter(({ answer }) => answer !== "NO").map(({ option, answer }) =>
    `${named(poll.options[option - 1])}: ${say[answer]}`);
  const words = [hasVoted ? say.voted : say.waits, ...said, comment].filter(Boolean).join("\n");
  return [made("dt", { textContent: name }), made("dd", { textContent: words })];
}

function show(words = "") {
  find("status").textContent = words;
  find("poll").hidden = !poll;
  if (!poll) return;
  find("state").textContent = say[poll.state](poll.organizer.name);
  find("name").textContent = document.title = poll.title;
  find("about").textContent = poll.description;
  const canUndo = poll.state === "CLOSED" && new Date(poll.announcedAt) > new Date();
  const deadline = poll.deadline ? `${say.until}: ${until(poll.deadline)}` : "";
  find("deadline").textContent = canUndo ? `${say.undo}: ${until(poll.announcedAt)}` : deadline;
  find("remind").hidden = find("invite-form").hidden = poll.state !== "OPEN";
  find("close").hidden = poll.state === "CLOSED";
  find("reopen").hidden = !canUndo;
  find("options").replaceChildren(...poll.options.map(optionRow));
  find("voters").replaceChildren(...poll.voters.flatMap(voterRow));
}

async function act(verb, input, more = "") {
  const { result } = await ask(
    `mutation Act($input: Poll${verb}ByLinkInput!) { result: poll${verb}ByLink(input: $input) {
       ... on Poll${verb}ByLinkPayload { poll { ${POLL} } ${more} } ... on Error { message } } }`,
    { input: { token, ...input } },
  );
  poll = result.poll ?? poll;
  show(result.message ?? (more ? say.reminded(result.reminded) : say.done));
  return Boolean(result.poll);
}

function close(option) {
  if (confirm(say.sure)) guarded(() => act("Close", { option }), say.failed);
}

async function invite(event) {
  event.preventDefault();
  const voter = { name: find("voter-name").value, email: find("voter-mail").value, locale: language };
  if (await act("Invite", { voters: [voter] })) find("invite-form").reset();
}

async function load() {
  const query = `query Poll($token: String!) { pollByOrganizerLink(token: $token) { ${POLL} } }`;
  poll = token ? (await ask(query, { token })).pollByOrganizerLink : null;
  show(poll ? "" : say.lost);
  if (!poll) return;
  const changes = `subscription Poll($token: String!) { pollByOrganizerLinkChanged(token: $token) { poll { ${POLL} } } }`;
  await follow(changes, { token }, ({ pollByOrganizerLinkChanged }) => {
    poll = pollByOrganizerLinkChanged.poll;
    show(find("status").textContent);
  });
  poll = null;
  show(say.lost);
}

for (const id of ["remind", "close", "reopen", "invite"]) find(id).textContent = say[id];
find("name-label").textContent = say.name;
find("mail-label").textContent = say.mail;
find("voters-title").textContent = say.voters;
find("remind").addEventListener("click", () => guarded(() => act("Remind", {}, "reminded"), say.failed));
find("close").addEventListener("click", () => close(null));
find("reopen").addEventListener("click", () => guarded(() => act("Reopen", {}), say.failed));
find("invite-form").addEventListener("submit", (event) => guarded(() => invite(event), say.failed));
addEventListener("hashchange", () => location.reload());
load().catch(() => show(say.failed));
