import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { RolloutSettings } from "../system/system.ts";
import { provesNothing, worseThanControl } from "./control-group.ts";
import { errorsIn, slowerThan } from "./regression.ts";
import { errorRatioOf, type Tally } from "./tally.ts";

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
  /** The old release since the bake began, where it serves beside the new one. */
  readonly control: Tally | undefined;
  /** Among `fresh`, what the roll itself sent: it must not hide the few that users send. */
  readonly ownProbe?: Pick<Tally, "requests" | "failed">;
  /** New instances that died, restarted or were left out by the edge since the bake began. */
  readonly casualties: readonly string[];
  /** New instances that are not ready just now, and why. */
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
  const groups =
    view.control === undefined ? undefined : { settings, fresh, control: view.control };
  const fault = groups === undefined ? ownFault(view) : worseThanControl(groups);
  if (fault !== undefined) return { verdict: "fail", because: fault };
  const isOver = elapsedMs >= bakeEndsMs(settings.bakeMs);
  const [unready] = view.unready;
  if (unready !== undefined) {
    return isOver
      ? { verdict: "fail", because: `${unready} did not stay ready` }
      : { verdict: "wait" };
  }
  if (elapsedMs < settings.bakeMs) return { verdict: "wait" };
  const doubt = tooFew(view) ?? (groups === undefined ? undefined : provesNothing(groups));
  if (doubt === undefined) {
    const failed = humanPercent(errorRatioOf(fresh));
    return { verdict: "pass", because: `${seenText(view)}, ${failed} failed` };
  }
  return isOver ? { verdict: "inconclusive", because: doubt } : { verdict: "wait" };
}

function seenText({ fresh, elapsedMs }: BakeView): string {
  return `${fresh.requests} requests in ${humanDuration(elapsedMs)}`;
}

function tooFew(view: BakeView): string | undefined {
  const { bakeRequestsMin } = view.settings;
  if (view.fresh.requests >= bakeRequestsMin) return undefined;
  return `only ${seenText(view)}; a verdict needs ${bakeRequestsMin}`;
}

/** With nothing beside it, the new release is held against what the old one was like before. */
function ownFault(view: BakeView): string | undefined {
  const { settings, fresh, steady } = view;
  const { errorRatio, p95Factor } = settings.abort;
  const errors = errorsIn(fresh, errorRatio) ?? errorsIn(ofUsers(view), errorRatio);
  if (errors !== undefined) return errors;
  const slow = slowerThan({ fresh, than: steady, factor: p95Factor });
  if (slow === undefined) return undefined;
  const [now, before] = [humanDuration(slow.nowMs), humanDuration(slow.thanMs)];
  return `p95 ${now} against ${before} steady, limit ${p95Factor}x`;
}

function ofUsers({ fresh, ownProbe }: BakeView): Pick<Tally, "requests" | "failed"> {
  return {
    requests: Math.max(0, fresh.requests - (ownProbe?.requests ?? 0)),
    failed: Math.max(0, fresh.failed - (ownProbe?.failed ?? 0)),
  };
}
