import type { UnitName } from "../plan/graph.ts";
import type { Strategy } from "../plan/strategy.ts";
import type { ReleaseId } from "../record/release.ts";
import type { InstanceId } from "../record/step.ts";
import type { InstanceState } from "../targets/target.ts";
import type { Memory } from "./memory.ts";

/** What one unit converges to, and what it goes back to when that fails. */
export interface Goal {
  readonly unit: UnitName;
  /** Undefined: there was nothing; going back means stopping everything new. */
  readonly from: ReleaseId | undefined;
  /** Undefined: the unit is emptied. */
  readonly to: ReleaseId | undefined;
  readonly replicas: { readonly from: number; readonly to: number };
  readonly strategy: Strategy;
  /** A restart: instances with a lower number are old, though they run the same release. */
  readonly renewFrom: number | undefined;
  readonly limits: { readonly bootMs: number; readonly drainMs: number; readonly stopMs: number };
  /** What is asked of the release before it becomes the committed one. */
  readonly proof: "bake" | "readiness" | "none";
}

/** One unit as a target observes it; `ObservedUnit` has this shape. */
export interface RollWorld {
  readonly instances: readonly RollInstance[];
  readonly committed: ReleaseId | undefined;
  readonly nextInstance: number;
}

export interface RollInstance {
  readonly id: InstanceId;
  readonly release: ReleaseId;
  readonly state: InstanceState;
  readonly routed: boolean;
  /** Its part of the requests beside the other routed ones' weights. */
  readonly weight: number;
  /** Why a person took it out of the edge. */
  readonly isolated: string | undefined;
  readonly restarts: number;
  /** How it ended last, or why it is not ready; left out: nobody said. */
  readonly because?: string | undefined;
}

/** Everything a decision is made from. `nowMs` is the runner's monotonic clock. */
export interface Situation {
  readonly goal: Goal;
  readonly world: RollWorld;
  readonly memory: Memory;
  readonly nowMs: number;
}

/** Where the unit is heading now: a part of the goal, all of it, or the way back. */
export interface Aim {
  readonly to: ReleaseId | undefined;
  /** Instances of `to`. */
  readonly fresh: number;
  /** Ready routed instances of any release that capacity needs. */
  readonly replicas: number;
  /** Old ones that stay routed beside the fresh: what a canary is judged against. */
  readonly beside: number;
  /** Of the requests, to all fresh ones together; undefined: every instance alike. */
  readonly share: number | undefined;
  readonly atOnce: boolean;
  /** Old instances kept running, unrouted, until the fleet is proved. */
  readonly warm: number;
  /** Total instances a start may lead to. */
  readonly totalMax: number;
}

/** Shares are sums of a few declared percentages: closer than this they are the same. */
export const SHARE_EPSILON = 1e-6;

export function aimOf(goal: Goal, memory: Memory): Aim {
  const { strategy } = goal;
  const isForward = memory.direction === "forward";
  const to = isForward ? goal.to : goal.from;
  const replicas = to === undefined ? 0 : isForward ? goal.replicas.to : goal.replicas.from;
  const whole: Aim = {
    to,
    fresh: replicas,
    replicas,
    beside: 0,
    share: undefined,
    atOnce: isForward && strategy.atOnce,
    warm: isForward && memory.phase !== "finishing" && isReversible(goal) ? strategy.warm : 0,
    totalMax: replicas + strategy.surge,
  };
  const share = shareToTry(goal, memory);
  return share === undefined ? whole : { ...whole, ...tryOut(share, whole) };
}

/** The canary step that is being tried; undefined: none is left, or this is no canary. */
export function shareToTry(goal: Goal, memory: Memory): number | undefined {
  if (memory.direction !== "forward" || memory.phase !== "rolling") return undefined;
  return goal.strategy.shares[memory.passed];
}

/**
 * As many canaries as carry their share with no instance above its part of the declared capacity,
 * and as many old ones as the surge leaves room for: never fewer than carry the rest.
 */
function tryOut(share: number, whole: Aim): Pick<Aim, "fresh" | "beside" | "share" | "warm"> {
  const fresh = Math.max(1, Math.ceil(share * whole.replicas - SHARE_EPSILON));
  const beside = Math.min(whole.replicas, whole.totalMax - fresh);
  return { fresh, beside, share, warm: 0 };
}

/** A repair has no other state to go back to: it is tried again instead. */
export function isReversible(goal: Goal): boolean {
  const { from, to, replicas, renewFrom } = goal;
  return to !== from || replicas.to !== replicas.from || renewFrom !== undefined;
}
