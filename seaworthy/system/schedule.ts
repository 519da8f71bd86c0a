import { ok, refuse, type Result } from "@seaworthy/std/result";

/** When a job is due, in UTC: five fields of crontab(5), each as the set of its values. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 to 6, Sunday is 0. */
  readonly weekdays: ReadonlySet<number>;
  /** Both are restricted: either may match (crontab(5)). */
  readonly eitherDay: boolean;
}

interface Field {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MINUTE: Field = { what: "minute", min: 0, max: 59 };
const HOUR: Field = { what: "hour", min: 0, max: 23 };
const DAY: Field = { what: "day of the month", min: 1, max: 31 };
const MONTH: Field = { what: "month", min: 1, max: 12, names: MONTHS };
/** 7 is Sunday too. */
const WEEKDAY: Field = { what: "day of the week", min: 0, max: 7, names: DAYS };
/** A leap day comes once in at most 8 years (1896 to 1904). */
const YEARS_MAX = 9;
const DAY_MS = 86_400_000;

/** Reads `0 3 * * 1-5`: numbers, names, lists, ranges and steps. Anything else is refused. */
export function parseSchedule(text: string): Result<Schedule, string> {
  const fields = text.trim().split(/\s+/);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  if (fields.length !== 5) {
    return refuse(
      `a schedule has five fields (minute hour day month weekday), not ${fields.length}`,
    );
  }
  const minutes = values(minute, MINUTE);
  const hours = values(hour, HOUR);
  const days = values(day, DAY);
  const months = values(month, MONTH);
  const weekdays = values(weekday, WEEKDAY);
  if (!minutes.ok) return minutes;
  if (!hours.ok) return hours;
  if (!days.ok) return days;
  if (!months.ok) return months;
  if (!weekdays.ok) return weekdays;
  const schedule = {
    minutes: minutes.value,
    hours: hours.value,
    days: days.value,
    months: months.value,
    weekdays: new Set([...weekdays.value].map((value) => value % 7)),
    eitherDay: !day.startsWith("*") && !weekday.startsWith("*"),
  };
  return nextDue(schedule, 0) === undefined ? refuse(`${text} is never due`) : ok(schedule);
}

/** The first due minute after `afterWallMs` (ms since the epoch); undefined: never. */
export function nextDue(schedule: Schedule, afterWallMs: number): number | undefined {
  const first = Math.floor(afterWallMs / 60_000) * 60_000 + 60_000;
  const lastDay = first + YEARS_MAX * 366 * DAY_MS;
  let at = first;
  while (at <= lastDay) {
    const nextDay = Math.floor(at / DAY_MS) * DAY_MS + DAY_MS;
    if (isDueDay(schedule, new Date(at))) {
      for (; at < nextDay; at += 60_000) {
        const moment = new Date(at);
        const inHour = schedule.hours.has(moment.getUTCHours());
        if (inHour && schedule.minutes.has(moment.getUTCMinutes())) return at;
      }
    }
    at = nextDay;
  }
  return undefined;
}

/** Whether it is due at all on this day. */
export function isDueDay(schedule: Schedule, day: Date): boolean {
  if (!schedule.months.has(day.getUTCMonth() + 1)) return false;
  const byDate = schedule.days.has(day.getUTCDate());
  const byWeekday = schedule.weekdays.has(day.getUTCDay());
  return schedule.eitherDay ? byDate || byWeekday : byDate && byWeekday;
}

function values(text: string, field: Field): Result<ReadonlySet<number>, string> {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const range = rangeOf(part, field);
    if (range === undefined) {
      return refuse(`\`${part}\` is no ${field.what} (${field.min} to ${field.max})`);
    }
    for (let value = range.from; value <= range.to; value += range.step) found.add(value);
  }
  return ok(found);
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** `*`, `7`, `1-5`, `mon-fri`, each with `/step`; undefined: none of these. */
function rangeOf(part: string, field: Field): Range | undefined {
  const [span = "", every, ...rest] = part.split("/");
  if (rest.length > 0 || (every !== undefined && !/^\d{1,2}$/.test(every))) return undefined;
  const step = every === undefined ? 1 : Number(every);
  if (step < 1) return undefined;
  if (span === "*") return { from: field.min, to: field.max, step };
  const [low = "", high, ...more] = span.split("-");
  const from = valueOf(low, field);
  // `5/10` counts on from 5, as crontab(5) has it.
  const open = every === undefined ? from : field.max;
  const to = high === undefined ? open : valueOf(high, field);
  if (more.length > 0 || from === undefined || to === undefined || from > to) return undefined;
  return { from, to, step };
}

function valueOf(text: string, { names = [], min, max }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + (names === MONTHS ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
