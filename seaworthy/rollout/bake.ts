import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { RolloutSettings } from "../system/system.ts";
import { errorRatioOf, p95Of, type Tally } from "./tally.ts";

/** Fewer failures than this are chance, not a ratio: one lost request of ten is no 10 %. */
const FAILURES_MIN = 5;
/** Fewer requests on either side have no 95th percentile worth comparing (3 samples above it). */
const P95_REQUESTS_MIN = 50;
/** A factor over a few milliseconds is noise: the difference must also be felt. */
const P95_MARGIN_MS = 20;
/** A bake that lacks requests waits for them this many times its length … */
const WAIT_FACTOR = 3;
/** … and at least this much longer than its length. */
const WAIT_EXTRA_MS = 30_000;

export interface BakeView {
  readonly settings: Pick<RolloutSettings, "bakeMs" | "bakeRequestsMin" | "abort">;
  readonly elapsedMs: number;
  /** The new release since the bake began. */
  readonly fresh: Tally;
  /** The old release, before the roll and while it still served. */
  readonly steady: Tally;
  /** New instances that died or restarted since the bake began. */
  readonly casualties: readonly string[];
  /** New instances that are not ready just now. */
  readonly unready: readonly string[];
}

/** `wait`: too early to say. */
export type BakeVerdict =
  | { readonly verdict: "wait" }
  | { readonly verdict: "pass" | "fail" | "inconclusive"; readonly because: string };

/** When a bake that still lacks requests stops waiting for them. */
export function bakeEndsMs(bakeMs: number): number {
  return Math.max(WAIT_FACTOR * bakeMs, bakeMs + WAIT_EXTRA_MS);
}

/** Judges a bake as seen now; a failure is said at once, a pass only at the end. */
export function judgeBake(view: BakeView): BakeVerdict {
  const { settings, elapsedMs, fresh } = view;
  const [casualty] = view.casualties;
  if (casualty !== undefined) return { verdict: "fail", because: casualty };
  const fault = errorsIn(fresh, settings.abort.errorRatio) ?? slowness(view);
  if (fault !== undefined) return { verdict: "fail", because: fault };
  const isOver = elapsedMs >= bakeEndsMs(settings.bakeMs);
  const [unready] = view.unready;
  if (unready !== undefined) {
    return isOver
      ? { verdict: "fail", because: `${unready} did not stay ready` }
      : { verdict: "wait" };
  }
  if (elapsedMs < settings.bakeMs) return { verdict: "wait" };
  const seen = `${fresh.requests} requests in ${humanDuration(elapsedMs)}`;
  if (fresh.requests >= settings.bakeRequestsMin) {
    return { verdict: "pass", because: `${seen}, ${humanPercent(errorRatioOf(fresh))} failed` };
  }
  if (!isOver) return { verdict: "wait" };
  const wanted = `a verdict needs ${settings.bakeRequestsMin}`;
  return { verdict: "inconclusive", because: `only ${seen}; ${wanted}` };
}

/** Why this many failures are a reason to go back, or undefined. */
export function errorsIn(
  seen: Pick<Tally, "requests" | "failed">,
  ratioMax: number,
): string | undefined {
  const ratio = errorRatioOf(seen);
  if (seen.failed < FAILURES_MIN || ratio <= ratioMax) return undefined;
  const share = `${humanPercent(Number(ratio.toPrecision(2)))}, limit ${humanPercent(ratioMax)}`;
  return `${seen.failed} of ${seen.requests} requests to the new release failed (${share})`;
}

function slowness({ settings, fresh, steady }: BakeView): string | undefined {
  if (fresh.requests < P95_REQUESTS_MIN || steady.requests < P95_REQUESTS_MIN) return undefined;
  const [now, before] = [p95Of(fresh), p95Of(steady)];
  if (now === undefined || before === undefined) return undefined;
  const { p95Factor } = settings.abort;
  if (now <= Math.max(before * p95Factor, before + P95_MARGIN_MS)) return undefined;
  return `p95 ${humanDuration(now)} against ${humanDuration(before)} steady, limit ${p95Factor}x`;
}
