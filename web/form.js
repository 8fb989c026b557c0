// A routing form: what it asks, where its answers lead, and, where that is a page, a time to book there.
// The form's link stands after the # of the address, as handle/form.

const WORDS = {
  en: {
    lost: "There is no such form, or it is closed.", failed: "That did not work. Please try again.",
    submit: "Go on", go: "Go on to", day: "Day", none: "No free times on this day.",
    invitee: "Your name", email: "Your mail address", book: "Book", place: "Where", other: "Other",
    LINK: "Online", IN_PERSON: "In person", HOST_CALLS: "We call you", INVITEE_CALLS: "You call us",
    ZOOM_MEETING: "Zoom", GOOGLE_MEET: "Google Meet", TEAMS: "Microsoft Teams",
  },
  ja: {
    lost: "このフォームは存在しないか、受付を終了しています。", failed: "うまくいきませんでした。もう一度お試しください。",
    submit: "次へ", go: "次のページへ進む:", day: "日付", none: "この日に空いている時間はありません。",
    invitee: "お名前", email: "メールアドレス", book: "予約する", place: "場所", other: "その他",
    LINK: "オンライン", IN_PERSON: "対面", HOST_CALLS: "こちらからお電話", INVITEE_CALLS: "お客様からお電話",
    ZOOM_MEETING: "Zoom", GOOGLE_MEET: "Google Meet", TEAMS: "Microsoft Teams",
  },
};
const language = navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
const say = WORDS[language];
document.documentElement.lang = language;

const QUESTIONS = "questions { key label format choices isRequired takesOther }";
const ERROR = "... on Error { code message path }";
const slug = location.hash.slice(1);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const find = (id) => document.getElementById(id);
const make = (name, more) => Object.assign(document.createElement(name), more);
let form = null;
let routed = null;
let page = null;
let start = null;
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

// A question as fields of its key; a text field beside choices takes an answer in the visitor's own words.
function asked(question, given = []) {
  const many = question.format === "CHOICES_MANY";
  const label = make(many ? "div" : "label", { textContent: `${question.label} ` });
  if (question.format === "TEXT") {
    label.append(make("textarea", { name: question.key, rows: 3, maxLength: 2000, required: question.isRequired, value: given[0] ?? "" }));
  } else if (question.choices.length && !many) {
    const field = make("select", { name: question.key, required: question.isRequired && !question.takesOther });
    field.append(...["", ...question.choices].map((choice) => new Option(choice, choice, false, given.includes(choice))));
    label.append(field);
  } else if (many) {
    for (const choice of question.choices) {
      const box = make("input", { type: "checkbox", name: question.key, value: choice, checked: given.includes(choice) });
      const one = make("label", { className: "choice" });
      one.append(box, ` ${choice}`);
      label.append(one);
    }
  } else {
    const type = question.format === "PHONE_NUMBER" ? "tel" : "text";
    label.append(make("input", { type, name: question.key, maxLength: 500, required: question.isRequired, value: given[0] ?? "" }));
  }
  if (question.takesOther) {
    const own = given.find((value) => !question.choices.includes(value)) ?? "";
    label.append(make("input", { name: question.key, maxLength: 200, placeholder: say.other, value: own }));
  }
  return label;
}

// Of one choice and own words beside it, the own words count.
function answers(element, questions) {
  const fields = new FormData(element);
  return questions.map(({ key, format }) => {
    const values = fields.getAll(key).filter((value) => value.trim());
    return { key, values: format === "CHOICES_MANY" ? values : values.slice(-1) };
  }).filter(({ values }) => values.length);
}

async function load() {
  const query = `query Form($slug: String!) { routingForm(slug: $slug) {
    name description version owner { name } ${QUESTIONS} } }`;
  form = (await ask(query, { slug })).routingForm;
  find("status").textContent = form ? "" : say.lost;
  find("form").hidden = !form;
  if (!form) return;
  document.title = form.name;
  find("owner").textContent = form.owner.name;
  find("name").textContent = form.name;
  find("description").textContent = form.description;
  find("questions").replaceChildren(...form.questions.map((question) => asked(question)));
}

async function submit() {
  const { submissionCreate: result } = await ask(
    `mutation Submit($input: SubmissionCreateInput!) { submissionCreate(input: $input) {
       ... on SubmissionCreatePayload { secret routed { kind slug text url answers { key values } } } ${ERROR} } }`,
    { input: { slug, version: form.version, answers: answers(find("ask-form"), form.questions), idempotencyKey: attempt } },
  );
  attempt = crypto.randomUUID();
  if (result.code === "CONFLICT") await load();
  find("status").textContent = result.message ?? "";
  if (result.message) return;
  routed = { ...result.routed, secret: result.secret };
  find("form").hidden = true;
  find("routed").hidden = false;
  find("text").textContent = routed.text ?? "";
  if (routed.url) Object.assign(find("url"), { href: routed.url, textContent: `${say.go} ${routed.url}` });
  if (routed.slug) await open();
}

async function open() {
  const query = `query Page($slug: String!) { bookingPage(slug: $slug) { name placeChoices ${QUESTIONS} } }`;
  page = (await ask(query, { slug: routed.slug })).bookingPage;
  if (!page) throw new Error("no page");
  document.title = page.name;
  find("page-name").textContent = page.name;
  const given = Object.fromEntries(routed.answers.map(({ key, values }) => [key, values]));
  const fields = page.questions.map((question) => asked(question, given[question.key]));
  if (page.placeChoices.length) {
    const place = make("select", { id: "place", required: true });
    place.append(...page.placeChoices.map((kind) => new Option(say[kind] ?? kind, kind)));
    const label = make("label", { textContent: `${say.place} ` });
    label.append(place);
    fields.unshift(label);
  }
  find("page-questions").replaceChildren(...fields);
  find("page").hidden = false;
  find("day").value = new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date(Date.now() + 864e5));
  await starts(find("day").value);
}

// A wall date in the visitor's zone begins somewhere within a day of UTC's midnight: ask widely, show the day.
async function starts(day) {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const hours = (n) => new Date(noon + n * 3600e3).toISOString();
  const data = await ask(
    `query Starts($slug: String!, $window: WindowInput!) {
       bookingPage(slug: $slug) { openSlots(window: $window) { slots { start } } } }`,
    { slug: routed.slug, window: { from: hours(-27), to: hours(27) } },
  );
  const here = new Intl.DateTimeFormat("sv-SE", { timeZone: zone });
  const slots = (data.bookingPage?.openSlots?.slots ?? []).filter((slot) => here.format(new Date(slot.start)) === day);
  const buttons = slots.map((slot) => {
    const time = new Intl.DateTimeFormat(navigator.language, { timeZone: zone, timeStyle: "short" });
    const button = make("button", { type: "button", textContent: time.format(new Date(slot.start)) });
    button.addEventListener("click", () => choose(slot.start));
    return button;
  });
  find("starts").replaceChildren(...(buttons.length ? buttons : [make("p", { textContent: say.none })]));
}

function choose(instant) {
  start = instant;
  const full = { timeZone: zone, dateStyle: "full", timeStyle: "short" };
  find("when").textContent = new Intl.DateTimeFormat(navigator.language, full).format(new Date(start));
  find("book-form").hidden = false;
  find("invitee").focus();
}

async function book() {
  const input = {
    slug: routed.slug, start, submission: routed.secret, idempotencyKey: attempt,
    invitee: { name: find("invitee").value, email: find("email").value, zone, locale: language },
    answers: answers(find("book-form"), page.questions),
    placeKind: find("place")?.value ?? null,
  };
  const { bookingCreate: result } = await ask(
    `mutation Book($input: BookingCreateInput!) { bookingCreate(input: $input) {
       ... on BookingCreatePayload { manageToken } ${ERROR} } }`,
    { input },
  );
  attempt = crypto.randomUUID();
  if (!result.message) return location.replace(`/booking#${result.manageToken}`);
  find("status").textContent = result.message;
  await starts(find("day").value);
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

for (const id of ["submit", "book"]) find(id).textContent = say[id];
for (const id of ["day", "invitee", "email"]) find(`${id}-label`).textContent = say[id];
find("ask-form").addEventListener("submit", (event) => { event.preventDefault(); guarded(submit); });
find("book-form").addEventListener("submit", (event) => { event.preventDefault(); guarded(book); });
find("day").addEventListener("change", (event) => event.target.value && guarded(() => starts(event.target.value)));
addEventListener("hashchange", () => location.reload());
guarded(load);
