/** One line of a crontab (crontab(5), cronie 1.7). */
export interface CronEntry {
  readonly line: number;
  /** Five fields or an `@name`. */
  readonly cron: string;
  readonly command: string;
  /** Set in files of `/etc/cron.d`. */
  readonly user?: string;
}

const DAY_MS = 86_400_000;
const NAMES: ReadonlyMap<string, number | undefined> = new Map([
  ["@yearly", 366 * DAY_MS],
  ["@annually", 366 * DAY_MS],
  ["@monthly", 31 * DAY_MS],
  ["@weekly", 7 * DAY_MS],
  ["@daily", DAY_MS],
  ["@midnight", DAY_MS],
  ["@hourly", DAY_MS / 24],
  ["@reboot", undefined],
]);
const FIELD = "(?:\\*|[0-9]{1,2}|[A-Za-z]{3})[-,/*0-9A-Za-z]{0,60}";
const LINE = new RegExp(`^[ \\t]*((?:${FIELD}[ \\t]+){5}|@[a-z]{5,8}[ \\t]+)(\\S[^\\n]*)$`);

/** A line of a crontab; undefined when it is none. `withUser`: a user stands before the command. */
export function cronEntry(text: string, line: number, withUser = false): CronEntry | undefined {
  if (text.length > 2_000) return undefined;
  const [, when = "", rest = ""] = LINE.exec(text) ?? [];
  const cron = when.trim().replaceAll(/[ \t]+/g, " ");
  if (cron === "" || (cron.startsWith("@") && !NAMES.has(cron))) return undefined;
  if (!cron.startsWith("@") && !fieldsAreTimes(cron.split(" "))) return undefined;
  const command = rest.trim();
  if (!withUser) return { line, cron, command };
  const [, user = "", after = ""] = /^([a-z_][-a-z0-9_]{0,31})\s+(\S.*)$/.exec(command) ?? [];
  return user === "" ? { line, cron, command } : { line, cron, command: after, user };
}

/** All entries of a text, its other lines passed over. */
export function cronEntries(
  text: string,
  options: { readonly firstLine?: number; readonly withUser?: boolean } = {},
): readonly CronEntry[] {
  const first = options.firstLine ?? 1;
  return text
    .split("\n")
    .flatMap((line, index) => cronEntry(line, first + index, options.withUser === true) ?? []);
}

/** Nothing but entries, assignments and comments, and at least one entry. */
export function isCrontab(text: string): boolean {
  let entries = 0;
  for (const line of text.split("\n", 2_000)) {
    if (/^\s*(?:#|$)/.test(line) || /^\s*[A-Za-z_]\w{0,60}\s?=/.test(line)) continue;
    if (cronEntry(line, 1) === undefined) return false;
    entries += 1;
  }
  return entries > 0;
}

/** The longest time between two runs, as far as the fields tell; undefined when they do not. */
export function longestGapMs(cron: string): number | undefined {
  if (cron.startsWith("@")) return NAMES.get(cron);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = cron.split(" ");
  if (month !== "*") return 366 * DAY_MS;
  if (day !== "*" && weekday !== "*") return undefined;
  if (weekday !== "*") {
    const days = [...valuesOf(weekday, 0, 7)].map((value) => value % 7);
    return largestGap(days, 7, DAY_MS);
  }
  if (day !== "*") return largestGap([...valuesOf(day, 1, 31)], 31, DAY_MS);
  const hours = [...valuesOf(hour, 0, 23)];
  const minutes = [...valuesOf(minute, 0, 59)];
  const moments = hours.flatMap((value) => minutes.map((part) => value * 60 + part));
  return largestGap(moments, 1_440, 60_000);
}

function largestGap(values: readonly number[], cycle: number, unitMs: number): number | undefined {
  const sorted = [...new Set(values)].toSorted((a, b) => a - b);
  const [first] = sorted;
  if (first === undefined) return undefined;
  let largest = 0;
  for (const [index, value] of sorted.entries()) {
    const next = sorted[index + 1] ?? first + cycle;
    largest = Math.max(largest, next - value);
  }
  return largest * unitMs;
}

/** The numbers that a field stands for; empty when it names something else. */
function valuesOf(field: string, low: number, high: number): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const [, from = "", to, step] =
      /^(\*|\d{1,2})(?:-(\d{1,2}))?(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    if (from === "") return new Set();
    const start = from === "*" ? low : Number(from);
    const open = from === "*" || (to === undefined && step !== undefined);
    const end = to === undefined ? (open ? high : start) : Number(to);
    const by = Math.max(1, Number(step ?? 1));
    for (let value = start; value <= Math.min(end, high); value += by) values.add(value);
  }
  return values;
}

const DAYS = "sun mon tue wed thu fri sat";
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec";

function fieldsAreTimes(fields: readonly string[]): boolean {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const isNumeric = (field: string): boolean => /^[-,/*0-9]+$/.test(field);
  const isNamed = (field: string, names: string): boolean =>
    isNumeric(field) || field.split(/[-,/]/).every((part) => names.includes(part.toLowerCase()));
  return [minute, hour, day].every(isNumeric) && isNamed(month, MONTHS) && isNamed(weekday, DAYS);
}
