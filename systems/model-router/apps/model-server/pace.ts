import type { ServerResponse } from "node:http";
import type { Clock } from "@seaworthy/service-kit/clock";

/** When each token of a completion is due. */
export interface Pace {
  /** Waits until token `index` (from 0) is due; false when the client left meanwhile. */
  token(index: number): Promise<boolean>;
  /** How many of `count` tokens are due by now. */
  due(count: number): number;
}

export interface PaceOptions {
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly clock: Clock;
}

/**
 * Counts from now on the absolute timeline, so that a late timer does not slow what follows, and
 * gives up as soon as the client is gone: nobody pays for tokens that nobody reads.
 */
export function startPace(response: ServerResponse, options: PaceOptions): Pace {
  const { clock, firstTokenMs, tokensPerSecond } = options;
  const startedMs = clock.now();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const dueMs = (index: number): number =>
    startedMs + firstTokenMs + (index * 1_000) / tokensPerSecond;
  return {
    token: async (index) => {
      const waitMs = dueMs(index) - clock.now();
      if (waitMs > 0) await clock.sleep(waitMs, gone.signal).catch(() => undefined);
      return !response.destroyed;
    },
    due: (count) => {
      const sinceFirstMs = clock.now() - startedMs - firstTokenMs;
      return Math.min(count, Math.floor((sinceFirstMs * tokensPerSecond) / 1_000) + 1);
    },
  };
}
