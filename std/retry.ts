import type { Clock } from "./clock.ts";

/** Exponential backoff without jitter, capped: attempt 0 waits `firstMs`. */
export function backoffMs(attempt: number, bounds: { firstMs: number; maxMs: number }): number {
  return Math.min(bounds.maxMs, bounds.firstMs * 2 ** Math.min(attempt, 30));
}

/**
 * Asks `probe` every `everyMs` until it answers something other than `undefined`.
 * Bounded by `signal` alone, which must carry a deadline; rejects with its reason.
 */
export async function poll<Value>(
  probe: () => Promise<Value | undefined>,
  options: { readonly clock: Clock; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<Value> {
  for (;;) {
    options.signal.throwIfAborted();
    const value = await probe();
    if (value !== undefined) return value;
    await options.clock.sleep(options.everyMs, options.signal);
  }
}
