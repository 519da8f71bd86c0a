import type { FaultHandle } from "./fault.ts";
import type { ReleaseId } from "./release.ts";
import type { Step, StepResult } from "./step.ts";
import type { Outcome } from "./event.ts";

/**
 * The operation journal. An entry is synced before the step it names is applied, so a run that
 * died tells the next one what may be half done.
 */
export type JournalEntry =
  | {
      readonly entry: "begin";
      readonly operation: string;
      readonly verb: string;
      readonly at: string;
      /** What the operation converges to: unit → release, with the one to go back to. */
      readonly changes: readonly JournalledChange[];
    }
  | {
      readonly entry: "intent";
      readonly operation: string;
      readonly stepId: number;
      readonly step: Step;
    }
  | {
      readonly entry: "result";
      readonly operation: string;
      readonly stepId: number;
      readonly result: StepResult;
    }
  | { readonly entry: "fault"; readonly operation: string; readonly fault: FaultHandle }
  | {
      readonly entry: "fault-undone";
      readonly operation: string;
      readonly faultId: string;
      readonly how: string;
    }
  | {
      readonly entry: "end";
      readonly operation: string;
      readonly at: string;
      readonly outcome: Outcome;
      readonly because: string;
    };

export interface JournalledChange {
  readonly unit: string;
  readonly from: ReleaseId | undefined;
  readonly to: ReleaseId;
  readonly replicas: number;
  /** What was wanted before, and is gone back to: the target may know the new number already. */
  readonly replicasBefore?: number;
  /** The shares that its canary tries, rising. */
  readonly canary?: readonly number[];
  /** A restart: instances with a lower number are the ones to be replaced. */
  readonly renewFrom?: number;
}
