import type { ObjectiveName } from "../system/system.ts";
import type { ReleaseId } from "../record/release.ts";
import type { UnitName } from "./graph.ts";

/** What would change, and what that costs. Pure data: shown, written to a file, applied later. */
export interface Plan {
  readonly system: string;
  readonly environment: string | undefined;
  readonly target: string;
  /** What the plan was made from; `up --plan` refuses (exit 9) when either differs by then. */
  readonly basis: { readonly declaration: string; readonly observed: string };
  readonly steps: readonly PlanStep[];
  readonly expect: {
    /** Unsafe and stream requests that may be lost; safe and idempotent ones never are. */
    readonly failedRequests: number;
    readonly extraInstances: number;
    readonly seconds: number;
  };
  readonly losesEvidence: readonly ObjectiveName[];
}

/** One change as a person thinks of it; rollout turns it into a target's steps. */
export interface PlanStep {
  readonly id: string;
  readonly action: PlanAction;
  readonly unit: UnitName;
  readonly from: ReleaseId | undefined;
  readonly to: ReleaseId | undefined;
  /** Instances before and after. */
  readonly replicas: { readonly from: number; readonly to: number };
  /** Of a `restart`: instances with a lower number are the ones to be replaced. */
  readonly renewFrom?: number;
  readonly deadlineMs: number;
  readonly reason: string;
  /** Field-level differences; a secret shows as its version. */
  readonly fields: readonly FieldChange[];
}

/**
 * `create` a unit, `roll` it to another release, `scale` it, `configure` what needs no new release
 * (edge, routes, checks), `run-job`, `remove`, `repair` an interrupted operation's leftovers,
 * `restart`: every instance becomes another one of the same release.
 */
export type PlanAction =
  | "create"
  | "roll"
  | "scale"
  | "configure"
  | "run-job"
  | "remove"
  | "repair"
  | "restart";

export interface FieldChange {
  readonly path: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}
