import { refuse, ok, type Result } from "./result.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Longer is surely a slip of the pen: ten years. */
const DURATION_MAX_MS = 10 * 365 * 86_400_000;
const SHAPE = /^(\d+(?:\.\d+)?)(ms|s|min|m|h|d)$/;

/** `"250ms"`, `"1.5s"`, `"10m"`, `"1h"`, `"7d"` → milliseconds, to the microsecond. */
export function parseDuration(text: string): Result<number, string> {
  const match = SHAPE.exec(text);
  const amount = match?.[1];
  const unit = match?.[2];
  if (amount === undefined || unit === undefined) {
    return refuse(`${JSON.stringify(text)} is no duration: a number and ms, s, m, h or d ("30s")`);
  }
  const exact = Number(amount) * (MS_PER_UNIT[unit] ?? Number.NaN);
  // Nothing here can wait shorter than a microsecond; rounding also mends 0.1 + 0.2.
  const ms = Math.round(exact * 1_000) / 1_000;
  if (!(ms <= DURATION_MAX_MS)) return refuse(`${JSON.stringify(text)} is longer than ten years`);
  return ok(ms);
}

/** Milliseconds → the shortest exact text that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = MS_PER_UNIT[unit] ?? 1;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** Milliseconds → what a person reads in a report: `12 ms`, `1.2 s`, `3 min 5 s`. */
export function humanDuration(ms: number): string {
  // Rounded before the unit is chosen: 999.7 ms is `1.0 s`, and no minute has 60 s.
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (Math.round(ms / 100) < 600) return `${(Math.round(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
