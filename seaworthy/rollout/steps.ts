import { assertNever } from "@seaworthy/std/assert";
import type { Clock } from "@seaworthy/std/clock";
import type { EventBody } from "../record/event.ts";
import type { JournalEntry } from "../record/journal.ts";
import type { Step, StepResult } from "../record/step.ts";
import { type Lease, type Target, TargetError } from "../targets/target.ts";
import { bounded } from "./wait.ts";

/** What every part of one operation works with. */
export interface Operation {
  readonly target: Target;
  readonly lease: Lease;
  readonly operation: string;
  readonly clock: Clock;
  readonly emit: (body: EventBody) => void;
  /** Second Ctrl-C, or the lease lost: nothing more is begun. */
  readonly signal: AbortSignal;
}

export interface Steps {
  /** Journals, applies, journals the result. A refusal is a result; `Interrupted` is thrown. */
  run(step: Step, unwanted?: AbortSignal): Promise<StepResult>;
  /** Synced when it resolves; entries keep the order of the calls. */
  journal(entry: JournalEntry): Promise<void>;
}

/** The operation ended in the middle; the journal has no end for it, and the next run resumes. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A start is done when the process exists; ten times what a busy machine took (1 to 3 s). */
const START_MS = 30_000;
/** The edge acknowledges a switch in milliseconds. */
const SWITCH_MS = 15_000;
const COMMIT_MS = 15_000;
/** Instances are stopped side by side; the target enforces each one's own grace. */
const REMOVE_MS = 120_000;
/** A step's own deadline is the target's to keep; this much later we stop waiting for it. */
const MARGIN_MS = 10_000;
const JOURNAL_MS = 15_000;

export function openSteps(operation: Operation): Steps {
  let nextId = 1;
  let written: Promise<void> = Promise.resolve();
  const journal = (entry: JournalEntry): Promise<void> => {
    const append = (): Promise<void> =>
      bounded(operation, { what: "the journal", ms: JOURNAL_MS, signal: operation.signal }, () =>
        operation.target.store.append("journal", entry),
      );
    const mine = written.then(append);
    // A failure is this caller's; the next entry is tried on its own.
    written = mine.catch(() => undefined);
    return mine;
  };
  const run = async (step: Step, unwanted?: AbortSignal): Promise<StepResult> => {
    const stepId = nextId++;
    const { clock, emit, operation: name } = operation;
    try {
      await journal({ entry: "intent", operation: name, stepId, step });
      const deadlineMs = deadlineOf(step);
      emit({ kind: "step-started", step, deadlineMs });
      const began = clock.now();
      const result = await applied(operation, step, unwanted);
      emit({ kind: "step-ended", step, result, tookMs: clock.now() - began });
      await journal({ entry: "result", operation: name, stepId, result });
      return result;
    } catch (error) {
      throw operation.signal.aborted ? interruption(operation, error) : error;
    }
  };
  return { run, journal };
}

/** What a step may take before we stop waiting for it, in milliseconds. */
function deadlineOf(step: Step): number {
  switch (step.action) {
    case "await-ready":
    case "drain":
    case "run-job":
      return step.deadlineMs + MARGIN_MS;
    case "stop":
      return step.graceMs + MARGIN_MS;
    case "switch":
    case "isolate":
    case "rejoin":
      return SWITCH_MS;
    case "commit":
    case "settle-job":
    case "scale-override":
      return COMMIT_MS;
    case "start":
    case "inject":
    case "undo":
      return START_MS;
    case "remove":
    case "delete-volumes":
      return REMOVE_MS;
    default:
      return assertNever(step);
  }
}

/** `start api-4`, `switch api to api-1, api-4`: a step as a person reads it. */
function stepText(step: Step): string {
  switch (step.action) {
    case "switch":
      return `switch ${step.unit} to ${step.instances.join(", ") || "nothing"}`;
    case "commit":
      return `commit ${step.release} of ${step.unit}`;
    case "run-job":
      return `run ${step.job}`;
    case "settle-job":
      return `settle ${step.job} as ${step.as}`;
    case "inject":
    case "undo":
      return `${step.action} ${step.fault.fault.kind}`;
    case "delete-volumes":
      return "delete volumes";
    case "scale-override":
    case "remove":
      return `${step.action} ${step.unit}`;
    case "start":
    case "await-ready":
    case "isolate":
    case "rejoin":
    case "drain":
    case "stop":
      return `${step.action} ${step.instance}`;
    default:
      return assertNever(step);
  }
}

export function interruption(operation: Operation, cause: unknown): Interrupted {
  const why = operation.lease.lost.aborted
    ? "the lease was lost: another run may have taken over"
    : "aborted on request";
  return new Interrupted(why, { cause });
}

async function applied(
  operation: Operation,
  step: Step,
  unwanted: AbortSignal | undefined,
): Promise<StepResult> {
  const signal =
    unwanted === undefined ? operation.signal : AbortSignal.any([operation.signal, unwanted]);
  const limits = { what: stepText(step), ms: deadlineOf(step), signal };
  try {
    return await bounded(operation, limits, (inner) =>
      operation.target.apply(step, { signal: inner, epoch: operation.lease.epoch }),
    );
  } catch (error) {
    if (operation.signal.aborted) throw error;
    if (unwanted?.aborted === true) {
      return { outcome: "failed", because: `${stepText(step)}: no longer wanted`, detail: [] };
    }
    return refusal(step, error);
  }
}

function refusal(step: Step, error: unknown): StepResult {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof TargetError && error.code === "fenced") {
    throw new Interrupted(`the lease was lost: ${text}`, { cause: error });
  }
  const fix = error instanceof TargetError && error.fix !== undefined ? [`fix  ${error.fix}`] : [];
  const detail = error instanceof TargetError ? [...error.detail, ...fix] : [];
  const failure = { outcome: "failed", because: `${stepText(step)}: ${text}`, detail } as const;
  // Nobody said what became of it: a job may have run, or run on.
  const isRefusal = error instanceof TargetError && error.code !== "unreachable";
  const isUnknown = step.action === "run-job" && !isRefusal;
  return isUnknown ? { ...failure, personNeeded: true } : failure;
}
