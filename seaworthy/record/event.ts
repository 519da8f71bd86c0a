import type { InstanceId, Step, StepResult } from "./step.ts";

/**
 * What happened, as one stream: the CLI prints it, `--json` writes it, the record keeps it.
 * `at` is wall time (RFC 3339) for correlation; durations are measured on the monotonic clock.
 */
export type Event = { readonly at: string; readonly operation: string } & EventBody;

export type EventBody =
  | { readonly kind: "operation-started"; readonly verb: string; readonly plan: readonly string[] }
  | { readonly kind: "step-started"; readonly step: Step; readonly deadlineMs: number }
  | {
      readonly kind: "step-ended";
      readonly step: Step;
      readonly result: StepResult;
      readonly tookMs: number;
    }
  /** At least every 5 s while something is waited for. */
  | {
      readonly kind: "waiting";
      readonly on: string;
      readonly elapsedMs: number;
      readonly deadlineMs: number;
    }
  | ({
      readonly kind: "bake";
      readonly unit: string;
      readonly elapsedMs: number;
      /** Of a canary: the part of the requests that it gets. */
      readonly share?: number;
      /** Of a canary: the release beside it over the same time. */
      readonly control?: BakeFigures;
    } & BakeFigures)
  | {
      readonly kind: "direction";
      readonly unit: string;
      readonly direction: "forward" | "reverse";
      readonly because: string;
    }
  | {
      readonly kind: "instance";
      readonly instance: InstanceId;
      readonly change: string;
      readonly because?: string;
    }
  | {
      readonly kind: "drill";
      readonly drill: string;
      readonly phase: DrillPhase;
      readonly detail: string;
    }
  | {
      readonly kind: "operation-ended";
      readonly outcome: Outcome;
      readonly because: string;
      readonly tookMs: number;
    };

export interface BakeFigures {
  readonly requests: number;
  readonly errorRatio: number;
  readonly p95Ms: number | undefined;
}

export type DrillPhase =
  | "preflight"
  | "warm-up"
  | "baseline"
  | "inject"
  | "observe"
  | "undo"
  | "verdict";

/** One word for how a verb ended; each has its own exit code (cli.md). */
export type Outcome =
  | "done"
  | "nothing-to-do"
  | "failed"
  | "rolled-back"
  | "not-rolled-back"
  | "could-not-verify"
  | "locked"
  | "refused"
  | "interrupted";
