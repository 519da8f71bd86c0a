import { nextDue, type Schedule } from "../../../system/schedule.ts";

/**
 * A run that was due while nobody looked (a restart, a busy machine) is made up for this long. A
 * machine that slept through a night does not begin its morning with the night's jobs.
 */
export const CATCH_UP_MS = 300_000;
/** Due minutes in the time that is made up for, and one more. */
const DUE_MAX = CATCH_UP_MS / 60_000 + 1;

export type Due =
  | { readonly kind: "not-yet"; readonly nextMs: number | undefined }
  /** The latest due time; earlier ones that were missed too are one run with it. */
  | { readonly kind: "due"; readonly dueMs: number }
  /** Due too long ago to be made up for. */
  | { readonly kind: "missed"; readonly seenToMs: number };

/** Whether a job is due, from the wall clock now and what was last seen to (ms since the epoch). */
export function dueOf(
  schedule: Schedule,
  { seenToMs, nowMs }: { readonly seenToMs: number; readonly nowMs: number },
): Due {
  const nextMs = nextDue(schedule, seenToMs);
  if (nextMs === undefined || nextMs > nowMs) return { kind: "not-yet", nextMs };
  const late = latest(schedule, { afterMs: Math.max(seenToMs, nowMs - CATCH_UP_MS), nowMs });
  return late === undefined ? { kind: "missed", seenToMs: nowMs } : { kind: "due", dueMs: late };
}

function latest(
  schedule: Schedule,
  { afterMs, nowMs }: { readonly afterMs: number; readonly nowMs: number },
): number | undefined {
  let last: number | undefined;
  let at = afterMs;
  for (let count = 0; count < DUE_MAX; count += 1) {
    const next = nextDue(schedule, at);
    if (next === undefined || next > nowMs) break;
    last = next;
    at = next;
  }
  return last;
}
