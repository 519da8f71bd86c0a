import type { Clock } from "@seaworthy/std/clock";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/**
 * Time that passes only while everybody waits: when the event loop has nothing else to do, it
 * jumps to the next sleeper. A bake of 30 s takes a millisecond, and always takes the same turns.
 */
export function virtualClock(fromMs = 0): Clock {
  let nowMs = fromMs;
  let sleepers: readonly Sleeper[] = [];
  let isPumping = false;
  const pump = (): void => {
    const [next, ...rest] = sleepers.toSorted((a, b) => a.atMs - b.atMs);
    isPumping = rest.length > 0;
    sleepers = rest;
    if (isPumping) setImmediate(pump);
    if (next === undefined) return;
    nowMs = Math.max(nowMs, next.atMs);
    next.wake();
  };
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const quit = (): void => {
        sleepers = sleepers.filter((one) => one !== sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", quit);
        resolve();
      };
      const sleeper: Sleeper = { atMs: nowMs + ms, wake };
      sleepers = [...sleepers, sleeper];
      signal?.addEventListener("abort", quit, { once: true });
      if (!isPumping) setImmediate(pump);
      isPumping = true;
    });
  return { now: () => nowMs, wall: () => 1_800_000_000_000 + nowMs, sleep };
}
