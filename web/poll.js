// The page behind the link of a poll, or of a voter's own: the options with what is counted, live, and the ballot.
// The secret stands after the # of the address.

import { ask, find, follow, guarded, interval, language, made, moment } from "/web/page.js";

const WORDS = {
  en: {
    lost: "This link does not work. Please ask whoever sent it for another one.",
    failed: "That did not work. Please try again.",
    OPEN: (host) => `${host} asks when you can come`, OVER: (host) => `${host} asked when you can come; nobody votes any more`,
    CLOSED: (host) => `${host} has closed this poll`,
    YES: "Yes", IF_NEED_BE: "If need be", NO: "No", full: "Full", chosen: "Chosen", until: "Vote until",
    counted: (option) => `${option.yes} yes, ${option.ifNeedBe} if need be`,
    name: "Your name", mail: "Your mail address", optional: "if you like", comment: "A word, if you like",
    vote: "Vote", change: "Change your vote", confirm: "Confirm your vote",
    voted: "Thank you. Keep this address: by it you can change your vote.", saved: "Changed. Thank you.",
    proof: "We have sent you a mail. Your vote counts once you open its link and confirm.",
    unproved: "Your vote does not count yet. Please confirm it.", ballots: "Votes",
  },
  ja: {
    lost: "このリンクは使えません。送り主の方にお問い合わせください。",
    failed: "うまくいきませんでした。もう一度お試しください。",
    OPEN: (host) => `${host}さんがご都合をうかがっています`, OVER: (host) => `${host}さんの日程調整は受け付けを終了しました`,
    CLOSED: (host) => `${host}さんの日程調整は締め切られました`,
    YES: "参加可", IF_NEED_BE: "調整可", NO: "不可", full: "定員に達しました", chosen: "決定", until: "回答期限",
    counted: (option) => `参加可 ${option.yes}・調整可 ${option.ifNeedBe}`,
    name: "お名前", mail: "メールアドレス", optional: "任意", comment: "ひとこと（任意）",
    vote: "回答する", change: "回答を変更する", confirm: "回答を確認する",
    voted: "ありがとうございます。このページのアドレスから回答を変更できます。", saved: "変更しました。",
    proof: "メールをお送りしました。メールのリンクを開いて確認すると、回答が有効になります。",
    unproved: "回答はまだ有効ではありません。確認してください。", ballots: "回答",
  },
};
const say = WORDS[language];
const POLL = `title description state chosen zone deadline asksAddress organizer { name }
  options { number start end day isFull yes ifNeedBe }
  ballots { name comment answers { option answer } }
  mine { name zone hasVoted isCounted comment answers { option answer } }`;
const ERROR = "... on Error { message }";
let token = location.hash.slice(1);
let poll = null;
let attempt = crypto.randomUUID();
let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function named(option) {
  if (!option.day) return interval(option.start, option.end, zone);
  return moment(`${option.day}T12:00:00Z`, "UTC", { dateStyle: "full" });
}

// Rows are made once: what somebody is about to choose stays while counts change beside it.
function showOptions() {
  const mine = new Map(poll.mine?.answers.map(({ option, answer }) => [option, answer]));
  find("options").replaceChildren(...poll.options.map((option) => {
    const choices = ["YES", "IF_NEED_BE", "NO"].map((answer) => made("label", { className: "choice" },
      made("input", {
        type: "radio", name: `option-${option.number}`, value: answer,
        checked: (mine.get(option.number) ?? "NO") === answer,
      }), ` ${say[answer]}`));
    const legend = made("legend", { textContent: named(option) });
    return made("fieldset", {}, legend, ...choices, made("p", { className: "soft", id: `count-${option.number}` }));
  }));
  find("voter-name").value = poll.mine?.name ?? "";
  find("comment").value = poll.mine?.comment ?? "";
}

function showCounts() {
  for (const option of poll.options) {
    const parts = [option.yes === null ? "" : say.counted(option), option.isFull ? say.full : "",
      poll.chosen === option.number ? say.chosen : ""];
    find(`count-${option.number}`).textContent = parts.filter(Boolean).join(" · ");
  }
  find("ballots").hidden = !poll.ballots.length;
  find("ballots-list").replaceChildren(...poll.ballots.flatMap(({ name, comment, answers }) => {
    const said = answers.filter(({ answer }) => answer !== "NO").map(({ option, answer }) =>
      `${named(poll.options[option - 1])}: ${say[answer]}`);
    return [made("dt", { textContent: name }), made("dd", { textContent: [...said, comment].filter(Boolean).join("\n") })];
  }));
}

function show(words) {
  const unproved = poll?.mine?.hasVoted && !poll.mine.isCounted ? say.unproved : "";
  find("status").textContent = words ?? unproved;
  find("poll").hidden = !poll;
  if (!poll) return;
  find("state").textContent = say[poll.state](poll.organizer.name);
  find("name").textContent = document.title = poll.title;
  find("about").textContent = poll.description;
  find("deadline").textContent = poll.deadline
    ? `${say.until}: ${moment(poll.deadline, zone, { dateStyle: "full", timeStyle: "short" })}` : "";
  const isOpen = poll.state === "OPEN";
  for (const field of find("vote-form").querySelectorAll("input")) field.disabled = !isOpen;
  find("voter").hidden = find("vote").hidden = !isOpen;
  find("mail").hidden = Boolean(poll.mine);
  find("voter-mail").required = poll.asksAddress && !poll.mine;
  find("mail-label").textContent = poll.asksAddress ? say.mail : `${say.mail} (${say.optional})`;
  find("vote").textContent = !poll.mine?.hasVoted ? say.vote : unproved ? say.confirm : say.change;
  showCounts();
}

async function load(words) {
  if (!token) return show(say.lost);
  poll = (await ask(`query Poll($token: String!) { pollByLink(token: $token) { ${POLL} } }`, { token })).pollByLink;
  if (!poll) return show(say.lost);
  zone = poll.mine?.zone ?? zone;
  showOptions();
  show(words);
  const query = `subscription Poll($token: String!) { pollByLinkChanged(token: $token) { poll { ${POLL} } } }`;
  const followed = token;
  await follow(query, { token }, ({ pollByLinkChanged }) => {
    if (token !== followed) return;
    poll = pollByLinkChanged.poll;
    show(find("status").textContent);
  });
}

async function vote(event) {
  event.preventDefault();
  const fields = new FormData(find("vote-form"));
  const answers = poll.options.map(({ number }) => ({ option: number, answer: fields.get(`option-${number}`) ?? "NO" }));
  const name = find("voter-name").value;
  const comment = find("comment").value;
  if (poll.mine) {
    const { ballotUpdate: result } = await ask(
      `mutation Vote($input: BallotUpdateInput!) { ballotUpdate(input: $input) {
         ... on BallotUpdatePayload { poll { ${POLL} } } ${ERROR} } }`,
      { input: { token, answers, comment, name } },
    );
    poll = result.poll ?? poll;
    return show(result.message ?? say.saved);
  }
  const email = find("voter-mail").value || null;
  const { ballotCast: result } = await ask(
    `mutation Vote($input: BallotCastInput!) { ballotCast(input: $input) {
       ... on BallotCastPayload { token poll { ${POLL} } } ${ERROR} } }`,
    { input: { token, answers, comment, voter: { name, email, zone, locale: language }, idempotencyKey: attempt } },
  );
  attempt = crypto.randomUUID();
  if (result.message) return show(result.message);
  poll = result.poll;
  if (!result.token) return show(say.proof);
  token = result.token;
  history.replaceState(null, "", `#${token}`);
  load(say.voted).catch(() => show(say.failed));
}

find("name-label").textContent = say.name;
find("comment-label").textContent = say.comment;
find("ballots-title").textContent = say.ballots;
find("vote-form").addEventListener("submit", (event) => guarded(() => vote(event), say.failed));
addEventListener("hashchange", () => location.reload());
load().catch(() => show(say.failed));
