// Cal.com's slot engine as it is published, asked without a database: JSON times in, slots out.
//
// dist/slots.cjs holds the functions that a page's slots come from, but shows only the service around them,
// which wants a database, Redis and a dozen other parts. It is read here as it is, these parts stand in as
// empty ones, and its two functions are handed out. Each line that is read names a file with a question; it
// is answered by a line with the milliseconds and the starts.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const readline = require("node:readline");

const DIST = path.join(process.cwd(), "node_modules/@calcom/platform-libraries/dist");
const MINUTE = 60_000;

// Cal.com runs dayjs with a patch that keeps the formatter of each zone; without it, most of the time goes
// into making them. This has the same effect.
const formatters = new Map();
Date.prototype.toLocaleString = function (locale, { timeZone }) {
  if (!formatters.has(timeZone)) {
    const two = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    formatters.set(timeZone, new Intl.DateTimeFormat(locale, { year: "numeric", ...two, timeZone }));
  }
  return formatters.get(timeZone).format(this);
};

const nothing = new Proxy(function () {}, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => "" : nothing),
  apply: () => nothing,
  construct: () => nothing,
});
const constants = new Proxy(
  {
    SchedulingType: { COLLECTIVE: "COLLECTIVE", ROUND_ROBIN: "ROUND_ROBIN", MANAGED: "MANAGED" },
    DEFAULT_GROUP_ID: "default",
    withReporting: (work) => work,
  },
  { get: (known, name) => (name in known ? known[name] : nothing) },
);

// What the engine uses is real: dayjs with its plugins, and the room of date ranges.
const isReal = (name) => /^dayjs|^\.\/index-Br7AzmuA|^\.\/date-ranges-|^\.\/index-UtrZFBcS/.test(name);

function load(name, more) {
  const file = path.join(DIST, name);
  const made = new Module(file, null);
  made.filename = file;
  made.paths = Module._nodeModulePaths(DIST);
  const real = made.require.bind(made);
  made.require = (other) => {
    if (other.startsWith("./i18n-")) return constants;
    if (other.startsWith("./index-UtrZFBcS")) return load(other, "");
    return isReal(other) ? real(other) : nothing;
  };
  made._compile(fs.readFileSync(file, "utf8") + more, file);
  return made.exports;
}

const { getSlots, getAggregatedAvailability } = load(
  "slots.cjs",
  "\nmodule.exports = { getSlots, getAggregatedAvailability };",
);
const { buildDateRanges, subtract } = require(path.join(DIST, "date-ranges-Uz4z3i_9.cjs"));
const dayjs = require(require.resolve("dayjs", { paths: [DIST] }));

const TYPES = { one: null, all: "COLLECTIVE", any: "ROUND_ROBIN" };

function answer(text) {
  const asked = JSON.parse(text);
  const { page } = asked;
  const dateFrom = dayjs.utc(asked.query.start);
  const dateTo = dayjs.utc(asked.query.end);
  const hosts = asked.hosts.map((host) => {
    const { dateRanges, oooExcludedDateRanges } = buildDateRanges({
      dateFrom,
      dateTo,
      availability: host.weekly.map((window) => ({
        days: window.days.map((day) => (day + 1) % 7),
        startTime: new Date(`1970-01-01T${window.start}:00Z`),
        endTime: new Date(`1970-01-01T${window.end}:00Z`),
      })),
      timeZone: host.tz,
      travelSchedules: [],
    });
    const busy = host.busy.map(([start, end]) => ({
      start: dayjs(Date.parse(start) - page.buffer_after_min * MINUTE),
      end: dayjs(Date.parse(end) + page.buffer_before_min * MINUTE),
    }));
    // Of the two lists that the service makes, only the one that is read afterwards.
    return asked.mode === "one"
      ? { user: {}, dateRanges: subtract(dateRanges, busy) }
      : { user: {}, oooExcludedDateRanges: subtract(oooExcludedDateRanges, busy) };
  });
  const slots = getSlots({
    inviteeDate: dateFrom.tz(page.tz),
    frequency: page.slot_interval_min,
    eventLength: page.duration_min,
    minimumBookingNotice: -5_256_000, // ten years: its clock cannot be set, and shall not matter
    dateRanges: getAggregatedAvailability(hosts, TYPES[asked.mode]),
  });
  return slots;
}

const lines = readline.createInterface({ input: process.stdin });
const texts = new Map();
lines.on("line", (file) => {
  if (!texts.has(file)) texts.set(file, fs.readFileSync(file, "utf8"));
  const text = texts.get(file);
  const begun = performance.now();
  const slots = answer(text);
  const ms = performance.now() - begun;
  process.stdout.write(JSON.stringify({ ms, starts: slots.map((slot) => slot.time.valueOf() / MINUTE) }) + "\n");
});
