import { type Clock, DeadlineExceeded } from "@seaworthy/std/clock";
import type { EventBody } from "../record/event.ts";

/** cli.md promises a line at least every 5 s; one second is left for a busy machine. */
export const HEARTBEAT_MS = 4_000;

export interface Waiter {
  readonly clock: Clock;
  readonly emit: (body: EventBody) => void;
}

export interface Limits {
  /** What is waited for, as a person reads it. */
  readonly what: string;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/**
 * Does `work` with a heartbeat every 4 s until it ends, its deadline passes (`DeadlineExceeded`)
 * or the signal aborts (its reason). `work` is told by its signal; it is not waited for then, so
 * a target that ignores its signal cannot hang us.
 */
export async function bounded<Value>(
  waiter: Waiter,
  limits: Limits,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  limits.signal.throwIfAborted();
  const over = new AbortController();
  const ended = new AbortController();
  const abort = (): void => over.abort(limits.signal.reason);
  limits.signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([
      work(over.signal),
      rejection(over.signal),
      overtime(waiter, limits, ended.signal),
    ]);
  } finally {
    limits.signal.removeEventListener("abort", abort);
    ended.abort();
    over.abort(new DeadlineExceeded(limits.what, limits.ms));
  }
}

async function overtime(waiter: Waiter, limits: Limits, ended: AbortSignal): Promise<never> {
  const { clock, emit } = waiter;
  const began = clock.now();
  for (;;) {
    const left = limits.ms - (clock.now() - began);
    if (left <= 0) throw new DeadlineExceeded(limits.what, limits.ms);
    await clock.sleep(Math.min(left, HEARTBEAT_MS), ended);
    const elapsedMs = clock.now() - began;
    if (elapsedMs < limits.ms) {
      emit({ kind: "waiting", on: limits.what, elapsedMs, deadlineMs: limits.ms });
    }
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
