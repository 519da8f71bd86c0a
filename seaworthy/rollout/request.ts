import type { StartLoad } from "../load/load.ts";
import type { Graph, Unit, UnitName } from "../plan/graph.ts";
import type { Plan } from "../plan/plan.ts";
import type { Outcome } from "../record/event.ts";
import type { Release } from "../record/release.ts";
import type { Step } from "../record/step.ts";
import type { Operation } from "./steps.ts";

/** What a person is asked where a bake proves nothing, and why it does not. */
export type Inconclusive = (unit: UnitName, because: string) => Promise<"keep" | "go-back">;

export interface ConvergeRequest extends Operation {
  readonly graph: Graph;
  readonly plan: Plan;
  /** What `put` needs for each unit that goes to a release. */
  readonly releases: ReadonlyMap<UnitName, { readonly release: Release; readonly unit: Unit }>;
  readonly verb: string;
  /** False in a drill: its release is no place that `rollback` may ever go to. */
  readonly commits: boolean;
  /** What a convergence that was done leaves on the target, before its end is written. */
  readonly afterwards?: readonly Step[];
  /** Rules whose errors were taken on by name; said where the operation is recorded. */
  readonly accepted?: readonly string[];
  readonly startLoad: StartLoad | undefined;
  /** A folder for the probes' samples; the caller removes it. */
  readonly scratch: string;
  /** First Ctrl-C: stop at the next safe point, which is the old release serving again. */
  readonly stopRequested: () => boolean;
  /** Asks; without a terminal it answers `go-back`. */
  readonly inconclusive: Inconclusive;
}

/** How it ended, before what serves and how long it took are known. */
export interface End {
  readonly outcome: Outcome;
  readonly because: string;
  readonly detail?: readonly string[];
}
