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
    // Node's timers overflow at 2^31 ms and then fire at once: long waits are taken in pieces.
    for (let left = ms; left > 0 || left === ms; left -= TIMER_MAX_MS) {
      await sleepOnce(Math.min(Math.max(0, left), TIMER_MAX_MS), signal);
    }
  },
};

/** The longest wait that one timer of Node can be trusted with, 24.8 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

async function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // Node rejects with an AbortError of its own; whoever waits wants to know why.
    signal?.throwIfAborted();
    throw error;
  }
}

/** RFC 3339 in UTC with milliseconds, for people and for records. */
export function timestamp(clock: Clock): string {
  return new Date(clock.wall()).toISOString();
}

/**
 * A signal that aborts after `ms`, or when `parent` does; the reason names `what` was waited for.
 * No time left (zero or less) aborts at the next turn; more than 24.8 days is taken as 24.8 days.
 */
export function deadline(ms: number, what: string, parent?: AbortSignal): AbortSignal {
  // Node refuses fractions and negative numbers here, and takes too great a number for 1 ms.
  const own = AbortSignal.timeout(Math.min(Math.max(0, Math.ceil(ms)), TIMER_MAX_MS));
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
