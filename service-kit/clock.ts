import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

/**
 * The only way a service reads time or waits: the same shape as the tool's own clock, kept here so
 * that a service depends on nothing but Node. `now` is monotonic milliseconds.
 */
export interface Clock {
  now(): number;
  /** For logs and for fields that show a date; never for a duration. */
  date(): Date;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
