import type { UnitName } from "../plan/graph.ts";
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
  /** Extra instances while rolling. 0 counts as 1: without room, capacity would have to fall. */
  readonly surge: number;
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
  readonly restarts: number;
}

/** Everything a decision is made from. `nowMs` is the runner's monotonic clock. */
export interface Situation {
  readonly goal: Goal;
  readonly world: RollWorld;
  readonly memory: Memory;
  readonly nowMs: number;
}

/** Where the unit is heading now: the goal, or the way back. */
export interface Aim {
  readonly to: ReleaseId | undefined;
  readonly replicas: number;
  /** Old instances kept running, unrouted, until the fleet is proved. */
  readonly warm: number;
  /** Total instances a start may lead to. */
  readonly totalMax: number;
}

export function aimOf(goal: Goal, memory: Memory): Aim {
  const surge = Math.max(1, goal.surge);
  const forward = memory.direction === "forward";
  const to = forward ? goal.to : goal.from;
  const replicas = to === undefined ? 0 : forward ? goal.replicas.to : goal.replicas.from;
  const keepsWarm = forward && memory.phase !== "finishing" && isReversible(goal);
  return { to, replicas, warm: keepsWarm ? surge : 0, totalMax: replicas + surge };
}

/** A repair has no other state to go back to: it is tried again instead. */
export function isReversible(goal: Goal): boolean {
  return goal.to !== goal.from || goal.replicas.to !== goal.replicas.from;
}
