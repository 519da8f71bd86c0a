import { type Schedule, isDueDay, nextDue, parseSchedule } from "./schedule.ts";
import type { Blackout } from "./system.ts";

/** A stretch of time, ms since the epoch; `toMs` is no part of it. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** With all that follow it without a gap. */
export interface BlackoutStretch extends Stretch {
  /** There are more than were followed: it ends at `toMs` at the earliest. */
  readonly isLonger: boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;
/** Blackouts that follow each other: of more it is said that they last at least so long. */
const CHAIN_MAX = 10_000;

/**
 * The first blackout that touches the stretch (`toMs` included), with all that follow it without
 * a gap; undefined: none does.
 */
export function blackoutWithin(
  blackouts: readonly Blackout[],
  asked: Stretch,
): BlackoutStretch | undefined {
  const touching = blackouts.flatMap((one) => firstWithin(one, asked) ?? []);
  const [first] = touching.toSorted((a, b) => a.fromMs - b.fromMs);
  if (first === undefined) return undefined;
  let { toMs } = first;
  for (let links = 0; links < CHAIN_MAX; links += 1) {
    const at = { fromMs: toMs, toMs };
    const ends = blackouts.flatMap((one) => firstWithin(one, at)?.toMs ?? []);
    if (ends.length === 0) return { fromMs: first.fromMs, toMs, isLonger: false };
    toMs = Math.max(...ends);
  }
  return { fromMs: first.fromMs, toMs, isLonger: true };
}

function firstWithin(one: Blackout, asked: Stretch): Stretch | undefined {
  const found = one.kind === "once" ? onceOf(one) : dueAfter(one, asked.fromMs - one.forMs);
  if (found === undefined) return undefined;
  return found.toMs > asked.fromMs && found.fromMs <= asked.toMs ? found : undefined;
}

function onceOf({ from, to }: Blackout & { readonly kind: "once" }): Stretch {
  return { fromMs: Date.parse(from), toMs: Date.parse(to) };
}

function dueAfter(
  { cron, forMs }: Blackout & { readonly kind: "recurring" },
  afterMs: number,
): Stretch | undefined {
  const schedule = parseSchedule(cron);
  const fromMs = schedule.ok ? nextDue(schedule.value, afterMs) : undefined;
  return fromMs === undefined ? undefined : { fromMs, toMs: fromMs + forMs };
}

/** A leap year, so that a free 29 February is seen. */
const YEAR_FROM_MS = Date.UTC(2024, 0, 1);
const YEAR_DAYS = 366;

/** Whether those that come again leave no minute of a year free. */
export function coversAll(blackouts: readonly Blackout[]): boolean {
  // Begun less ended, at each minute; what began before the year counts from its first one.
  const change = new Int32Array(YEAR_DAYS * DAY_MINUTES + 1);
  for (const one of blackouts) if (one.kind === "recurring") mark(one, change);
  let open = 0;
  return change.subarray(0, -1).every((each) => {
    open += each;
    return open > 0;
  });
}

function mark(one: Blackout & { readonly kind: "recurring" }, change: Int32Array): void {
  const schedule = parseSchedule(one.cron);
  if (!schedule.ok) return;
  const last = change.length - 1;
  const minutes = minutesOf(schedule.value);
  const length = Math.floor(one.forMs / MINUTE_MS);
  const daysBefore = Math.ceil(one.forMs / DAY_MS);
  for (let day = -daysBefore; day < YEAR_DAYS; day += 1) {
    if (!isDueDay(schedule.value, new Date(YEAR_FROM_MS + day * DAY_MS))) continue;
    for (const minute of minutes) {
      const at = day * DAY_MINUTES + minute;
      const from = Math.max(0, at);
      const to = Math.min(last, at + length);
      if (to <= from) continue;
      change[from] = (change[from] ?? 0) + 1;
      change[to] = (change[to] ?? 0) - 1;
    }
  }
}

function minutesOf({ hours, minutes }: Schedule): readonly number[] {
  return [...hours].flatMap((hour) => [...minutes].map((minute) => hour * 60 + minute));
}
