import { humanPercent } from "@seaworthy/std/ratio";
import { errorRatioOf, p95Of, type Tally } from "./tally.ts";

/** Fewer failures than this are chance, not a ratio: one lost request of ten is no 10 %. */
const FAILURES_MIN = 5;
/** Fewer requests on either side have no 95th percentile worth comparing (3 samples above it). */
export const P95_REQUESTS_MIN = 50;
/** A factor over a few milliseconds is noise: the difference must also be felt. */
const P95_MARGIN_MS = 20;

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

/** The two percentiles where the new one is slower than allowed, else undefined. */
export function slowerThan({
  fresh,
  than,
  factor,
}: {
  readonly fresh: Tally;
  readonly than: Tally;
  readonly factor: number;
}): { readonly nowMs: number; readonly thanMs: number } | undefined {
  if (fresh.requests < P95_REQUESTS_MIN || than.requests < P95_REQUESTS_MIN) return undefined;
  const [nowMs, thanMs] = [p95Of(fresh), p95Of(than)];
  if (nowMs === undefined || thanMs === undefined) return undefined;
  return nowMs <= Math.max(thanMs * factor, thanMs + P95_MARGIN_MS) ? undefined : { nowMs, thanMs };
}
