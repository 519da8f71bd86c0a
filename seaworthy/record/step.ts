import type { FaultHandle } from "./fault.ts";
import type { ReleaseId } from "./release.ts";

/** `<unit>-<number>`: never used again in the life of a system. */
export type InstanceId = string;

/**
 * One thing a target does. Serialisable: a step is journalled before it is applied, and applying
 * it twice has the effect of once.
 */
export type Step =
  /** Starts one instance, unrouted. Its id is chosen by the caller (next free number). */
  | {
      readonly action: "start";
      readonly unit: string;
      readonly instance: InstanceId;
      readonly release: ReleaseId;
    }
  /** Waits for `rise` consecutive passes and one real request through the edge. */
  | { readonly action: "await-ready"; readonly instance: InstanceId; readonly deadlineMs: number }
  /** The exact set that takes new requests from now on; acknowledged by the edge. */
  | {
      readonly action: "switch";
      readonly unit: string;
      readonly instances: readonly InstanceId[];
      /**
       * Release → its share of the requests, 0 to 1, spread evenly over its instances in the set;
       * the rest of 1 goes evenly to the others. Left out: all instances alike.
       */
      readonly shares?: Readonly<Record<ReleaseId, number>>;
    }
  /** Takes one instance out of the edge for diagnosis: it runs on and no switch routes it. */
  | { readonly action: "isolate"; readonly instance: InstanceId; readonly because: string }
  | { readonly action: "rejoin"; readonly instance: InstanceId }
  /** Waits until nothing is in flight on it, or the deadline: then its streams are closed. */
  | { readonly action: "drain"; readonly instance: InstanceId; readonly deadlineMs: number }
  /** SIGTERM, grace, SIGKILL; the whole process group is gone when it resolves. */
  | { readonly action: "stop"; readonly instance: InstanceId; readonly graceMs: number }
  | {
      readonly action: "run-job";
      readonly job: string;
      readonly release: ReleaseId;
      readonly deadlineMs: number;
      /**
       * Names a run that is not the release's own one: by schedule (its due time) or by hand. Each
       * name runs once; left out, the job runs once per release.
       */
      readonly run?: string;
    }
  /**
   * A person looked at what a job's own run of this release left half done, and decided: it counts
   * as done, or it runs again.
   */
  | {
      readonly action: "settle-job";
      readonly job: string;
      readonly release: ReleaseId;
      readonly as: "done" | "again";
    }
  /** The bake passed: this is what `rollback` returns to. */
  | { readonly action: "commit"; readonly unit: string; readonly release: ReleaseId }
  | {
      readonly action: "scale-override";
      readonly unit: string;
      readonly replicas: number | undefined;
    }
  | { readonly action: "inject"; readonly fault: FaultHandle }
  | { readonly action: "undo"; readonly fault: FaultHandle }
  /** Removes the unit: every instance stopped, its definition forgotten; volumes stay. */
  | { readonly action: "remove"; readonly unit: string }
  /** Deletes every volume of the system; only after all units were removed. */
  | { readonly action: "delete-volumes" };

export type StepResult =
  | { readonly outcome: "done"; readonly detail?: string }
  | {
      readonly outcome: "failed";
      readonly because: string;
      /** Last probe (URL, status, body), last log lines. */
      readonly detail: readonly string[];
      /** Something is half done that may not simply be done again: nobody but a person decides. */
      readonly personNeeded?: true;
    };
