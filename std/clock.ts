import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

/**
 * The only way our code reads time or waits.
 * `now` is monotonic, in milliseconds with fractions, and means nothing outside this process;
 * `wall` is for correlation only (logs, evidence), never for a duration.
 */
export interface Clock {
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};

/** RFC 3339 in UTC with milliseconds, for people and for records. */
export function timestamp(clock: Clock): string {
  return new Date(clock.wall()).toISOString();
}

/** A signal that aborts after `ms`, or when `parent` does; the reason names `what` was waited for. */
export function deadline(ms: number, what: string, parent?: AbortSignal): AbortSignal {
  const own = AbortSignal.timeout(ms);
  const named = new AbortController();
  own.addEventListener("abort", () => named.abort(new DeadlineExceeded(what, ms)), { once: true });
  return parent === undefined ? named.signal : AbortSignal.any([named.signal, parent]);
}

export class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded";
  readonly what: string;
  readonly afterMs: number;
  constructor(what: string, afterMs: number) {
    super(`${what}: not done after ${afterMs} ms`);
    this.what = what;
    this.afterMs = afterMs;
  }
}
