import { ok, refuse } from "@seaworthy/std/result";
import { coversAll } from "./blackout.ts";
import { anyText, duration } from "./kinds.ts";
import { child, notA, readObject, type Fields, type Leaf, type Site } from "./reader.ts";
import { parseSchedule } from "./schedule.ts";
import type { Blackout, DrillSettings } from "./system.ts";

const DAY_MS = 86_400_000;
const BLACKOUTS_MAX = 50;
/** Drills that rest for more than a year are not postponed but given up. */
const ONCE_MS_MAX = 366 * DAY_MS;
const RECURRING_MS_MAX = 31 * DAY_MS;

export function readDrillsField(parent: Fields): DrillSettings {
  return parent.group({
    name: "drills",
    means: "Windows of a drill; the defaults are those of honest measuring. And when it may run.",
    expected: "{ warmUp, baseline, window, freeze, every, blackouts }",
    read: (fields, site) => {
      const blackouts = readBlackouts(fields, site);
      return {
        ...readWindows(fields),
        everyMs: fields.maybe({
          name: "every",
          as: "everyMs",
          kind: duration({ min: 60_000, max: 366 * DAY_MS }),
          means: "How often drills are due; older evidence is stale. Undefined: 7d, and by hand.",
        }),
        ...(blackouts.length === 0 ? {} : { blackouts }),
      };
    },
  });
}

function readWindows(
  fields: Fields,
): Pick<DrillSettings, "warmUpMs" | "baselineMs" | "windowMs" | "freezeMs"> {
  const window = (name: string, fallback: number, means: string): number =>
    fields.leaf({
      name,
      as: `${name}Ms`,
      kind: duration({ min: 100, max: 3_600_000 }),
      default: fallback,
      means,
    });
  return {
    warmUpMs: window("warmUp", 10_000, "Load before anything counts."),
    baselineMs: window("baseline", 30_000, "Measured before the fault, to compare with."),
    windowMs: window("window", 15_000, "From injection; ratios are taken over exactly this."),
    freezeMs: window("freeze", 10_000, "How long a freeze lasts before it is undone."),
  };
}

const BLACKOUT = '{ from: "2026-12-20", to: "2026-12-27" } or { cron: "0 18 * * fri", for: "62h" }';

function readBlackouts(fields: Fields, site: Site): readonly Blackout[] {
  const blackouts = fields.list({
    name: "blackouts",
    means: "Times in which no drill breaks anything, in UTC; what is due then waits.",
    expected: `a list of ${BLACKOUT}`,
    countMax: BLACKOUTS_MAX,
    default: { items: [], shown: "[]" },
    read: readBlackout,
  });
  if (coversAll(blackouts)) {
    site.log.fault(child(site, "blackouts"), {
      rule: "contradiction",
      message: "together these leave no minute of a year free: no drill could ever run",
      fix: "Shorten one, or exclude what must never run: services.<name>.drills.exclude.",
    });
  }
  return blackouts;
}

function readBlackout(input: unknown, site: Site): Blackout {
  return readObject(input, site, {
    expected: BLACKOUT,
    read: (fields) => {
      const isRecurring = fields.has("cron") || fields.has("for");
      const isOnce = fields.has("from") || fields.has("to");
      if (isRecurring && isOnce) return refuseBoth(fields, site);
      if (site.log.describing) readRecurring(fields);
      return isRecurring ? readRecurring(fields) : readOnce(fields, site);
    },
  });
}

function refuseBoth(fields: Fields, site: Site): Blackout {
  for (const name of ["from", "to", "cron", "for"]) {
    fields.maybe({ name, kind: anyText, means: "One of two times." });
  }
  site.log.fault(child(site, "cron"), {
    rule: "contradiction",
    message: "`from`, `to` and `cron`, `for` say two different times",
    fix: "Keep one pair, or write two entries.",
  });
  return { kind: "once", from: "", to: "" };
}

function readRecurring(fields: Fields): Blackout {
  return {
    kind: "recurring",
    cron: fields.leaf({
      name: "cron",
      kind: CRON,
      means: "When it begins, each time.",
    }),
    forMs: fields.leaf({
      name: "for",
      as: "forMs",
      kind: duration({ min: 60_000, max: RECURRING_MS_MAX }),
      means: "How long it lasts, each time.",
    }),
  };
}

const CRON_TEXT = 'five fields of cron, in UTC ("0 18 * * fri")';

const CRON: Leaf<string> = {
  expected: CRON_TEXT,
  placeholder: "",
  show: (value) => JSON.stringify(value),
  parse: (input) => {
    if (typeof input !== "string") return refuse(notA(input, CRON_TEXT));
    const schedule = parseSchedule(input);
    return schedule.ok
      ? ok(input.trim())
      : refuse({ ...notA(input, CRON_TEXT), message: schedule.error });
  },
};

function readOnce(fields: Fields, site: Site): Blackout {
  const from = fields.leaf({ name: "from", kind: moment("first"), means: "When it begins." });
  const to = fields.leaf({
    name: "to",
    kind: moment("last"),
    means: "When it is over; a date is the whole of that day.",
  });
  // What could not be read is said already.
  if (from !== "" && to !== "") judgeOnce(site, { from, to });
  return { kind: "once", from, to };
}

function judgeOnce(site: Site, { from, to }: { from: string; to: string }): void {
  const lastsMs = Date.parse(to) - Date.parse(from);
  if (lastsMs <= 0) {
    site.log.fault(child(site, "to"), {
      rule: "contradiction",
      message: `it ends at ${to}, and begins no earlier than that`,
      fix: "Write the later one as `to`.",
    });
  } else if (lastsMs > ONCE_MS_MAX) {
    site.log.fault(child(site, "to"), {
      rule: "bad-value",
      message: `it lasts ${Math.round(lastsMs / DAY_MS)} days: drills would be given up`,
      fix: "Write at most 366 days, or exclude what must never run.",
    });
  }
}

const MOMENT = 'a date ("2026-12-24") or an instant with its zone ("2026-12-24T18:00:00Z")';
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** RFC 3339, section 5.6, without leap seconds. */
const HOUR_MINUTE = "(?:[01]\\d|2[0-3]):[0-5]\\d";
const TIME = new RegExp(`^T${HOUR_MINUTE}:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]${HOUR_MINUTE})$`);
const DATE_LENGTH = "2026-12-24".length;

/** As RFC 3339 in UTC. A date is its first moment, or the first after it. */
function moment(of: "first" | "last"): Leaf<string> {
  return {
    expected: MOMENT,
    placeholder: "",
    show: (value) => JSON.stringify(value),
    parse: (input) => {
      if (typeof input !== "string") return refuse(notA(input, MOMENT));
      const day = input.slice(0, DATE_LENGTH);
      const time = input.slice(DATE_LENGTH);
      if (!isDay(day) || (time !== "" && !TIME.test(time))) return refuse(notA(input, MOMENT));
      const wholeDayMs = time === "" && of === "last" ? DAY_MS : 0;
      return ok(new Date(Date.parse(input) + wholeDayMs).toISOString());
    },
  };
}

/** 30 February has the shape of a date. */
function isDay(text: string): boolean {
  const ms = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
