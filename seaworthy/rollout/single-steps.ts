import { timestamp } from "@seaworthy/std/clock";
import type { Outcome } from "../record/event.ts";
import { readRecords } from "../record/read.ts";
import type { Step } from "../record/step.ts";
import { unendedBegins } from "../record/under-way.ts";
import { interruption, Interrupted, openSteps, type Operation, type Steps } from "./steps.ts";

export interface SingleSteps extends Operation {
  readonly verb: string;
  /** In this order; the first that fails ends it. */
  readonly steps: readonly Step[];
}

export interface SingleEnd {
  readonly outcome: Outcome;
  readonly because: string;
  readonly detail: readonly string[];
  /** What the last step that was done says of itself. */
  readonly said: string | undefined;
}

/**
 * Verbs whose steps stand for themselves: one that died left nothing to finish or to reverse.
 */
const SINGLE_VERBS = ["isolate", "rejoin", "job"];

/**
 * A few steps that need no plan, journalled like those of a roll. Amid what another operation left
 * half done they have no beginning and no end, or that one would look ended. Never throws for the
 * outside.
 */
export async function carryOutSteps(request: SingleSteps): Promise<SingleEnd> {
  const { clock, emit, verb, operation } = request;
  const began = clock.now();
  const steps = openSteps(request);
  emit({ kind: "operation-started", verb, plan: [] });
  let isAlone = false;
  let end: SingleEnd;
  try {
    isAlone = !(await isAmid(request));
    if (isAlone) {
      const at = timestamp(clock);
      await steps.journal({ entry: "begin", operation, verb, at, changes: [] });
    }
    end = await carryOut(request, steps);
  } catch (error) {
    end = brokenOff(request, error);
  }
  const { outcome, because } = end;
  if (isAlone && outcome !== "interrupted") {
    await steps.journal({ entry: "end", operation, at: timestamp(clock), outcome, because });
  }
  emit({ kind: "operation-ended", outcome, because, tookMs: clock.now() - began });
  return end;
}

async function isAmid({ target }: SingleSteps): Promise<boolean> {
  const begun = unendedBegins(await readRecords(target.store, "journal"));
  return begun.some(({ verb }) => !SINGLE_VERBS.includes(verb));
}

async function carryOut(request: SingleSteps, { run }: Steps): Promise<SingleEnd> {
  let said: string | undefined;
  for (const step of request.steps) {
    const result = await run(step);
    if (result.outcome === "done") {
      said = result.detail;
      continue;
    }
    const outcome = result.personNeeded === true ? "not-rolled-back" : "failed";
    return { outcome, because: result.because, detail: result.detail, said };
  }
  return { outcome: "done", because: "", detail: [], said };
}

function brokenOff(request: SingleSteps, error: unknown): SingleEnd {
  const isInterrupted = error instanceof Interrupted || request.signal.aborted;
  const why =
    isInterrupted && !(error instanceof Interrupted) ? interruption(request, error) : error;
  const because = why instanceof Error ? why.message : String(why);
  return {
    outcome: isInterrupted ? "interrupted" : "failed",
    because,
    detail: [],
    said: undefined,
  };
}
