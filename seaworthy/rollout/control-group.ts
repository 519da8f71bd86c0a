import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { RolloutSettings } from "../system/system.ts";
import { errorsIn, P95_REQUESTS_MIN, slowerThan } from "./regression.ts";
import { errorRatioOf, type Tally } from "./tally.ts";

/**
 * Standard errors between two error ratios before one counts as worse: one comparison in 700 gets
 * there by chance, and a bake looks many times.
 */
const STANDARD_ERRORS_MIN = 3;

export interface Groups {
  /** The new release since its step began. */
  readonly fresh: Tally;
  /** The old one over the very same time. */
  readonly control: Tally;
  readonly settings: Pick<RolloutSettings, "bakeRequestsMin" | "abort">;
}

/**
 * Why the new release is worse than the old one that serves beside it, or undefined. What both
 * suffer from is no fault of the new one; without enough to compare with, its own limit counts.
 */
export function worseThanControl({ fresh, control, settings }: Groups): string | undefined {
  const { errorRatio, p95Factor } = settings.abort;
  const errors = errorsIn(fresh, errorRatio);
  if (control.requests < P95_REQUESTS_MIN) return errors;
  if (errors !== undefined && isMoreThanChance(fresh, control)) {
    const beside = humanPercent(Number(errorRatioOf(control).toPrecision(2)));
    return `${errors}; of the release beside it ${beside}`;
  }
  const slow = slowerThan({ fresh, than: control, factor: p95Factor });
  if (slow === undefined) return undefined;
  const [now, beside] = [humanDuration(slow.nowMs), humanDuration(slow.thanMs)];
  return `p95 ${now} against ${beside} of the release beside it, limit ${p95Factor}x`;
}

/** Why a step that did not fail proves nothing all the same, or undefined. */
export function provesNothing({ fresh, control, settings }: Groups): string | undefined {
  const { bakeRequestsMin, abort } = settings;
  const wanted = Math.min(bakeRequestsMin, P95_REQUESTS_MIN);
  if (control.requests < wanted) {
    const seen = `${control.requests} requests to the release beside it`;
    return `only ${seen}; a comparison needs ${wanted}`;
  }
  const errors = errorsIn(fresh, abort.errorRatio);
  return errors === undefined ? undefined : `${errors}, and the release beside it fails too`;
}

/** Two ratios, pooled (the usual test of two proportions). */
function isMoreThanChance(fresh: Tally, control: Tally): boolean {
  const [p, q] = [errorRatioOf(fresh), errorRatioOf(control)];
  const all = fresh.requests + control.requests;
  const pooled = (p * fresh.requests + q * control.requests) / all;
  const variance = pooled * (1 - pooled) * (1 / fresh.requests + 1 / control.requests);
  return p > q && (variance === 0 || (p - q) / Math.sqrt(variance) >= STANDARD_ERRORS_MIN);
}
