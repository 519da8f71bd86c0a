import { DeadlineExceeded, type Clock } from "@seaworthy/std/clock";

export interface RaceLimit {
  readonly clock: Clock;
  readonly ms: number;
  /** Named in the error. */
  readonly what: string;
}

/** The outcome of `work`, or a rejection with `DeadlineExceeded`. `work` itself goes on. */
export async function within<Value>(work: Promise<Value>, limit: RaceLimit): Promise<Value> {
  const timer = new AbortController();
  const late = limit.clock.sleep(limit.ms, timer.signal).then(() => {
    throw new DeadlineExceeded(limit.what, limit.ms);
  });
  // Aborted below: that rejection is nobody's.
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
