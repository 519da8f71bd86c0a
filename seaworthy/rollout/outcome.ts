import type { ClassCounts } from "../record/evidence.ts";
import type { Outcome } from "../record/event.ts";
import type { ReleaseId } from "../record/release.ts";

/** How a convergence ended, as `deploy --json` prints it. */
export interface RolloutOutcome {
  readonly outcome: Outcome;
  readonly because: string;
  readonly units: readonly RolledUnit[];
  readonly seconds: number;
  readonly probe: ProbeSummary | undefined;
  /** One line a person reads last: what serves now. */
  readonly serving: string;
  /** Last probe, last log lines, where something failed. */
  readonly detail: readonly string[];
}

export interface RolledUnit {
  readonly unit: string;
  readonly from: ReleaseId | undefined;
  readonly to: ReleaseId | undefined;
}

/** What the roll's own probe saw, on the inner address of each unit that rolled. */
export interface ProbeSummary {
  readonly sent: number;
  readonly failed: ClassCounts;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Release → answers that came from it. */
  readonly versions: Readonly<Record<string, number>>;
}
