import { timestamp } from "@seaworthy/std/clock";
import type { Outcome } from "../record/event.ts";
import type { Step } from "../record/step.ts";
import { interruption, Interrupted, openSteps, type Operation } from "./steps.ts";

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

/** A few steps that need no plan, journalled like those of a roll. Never throws for the outside. */
export async function carryOutSteps(request: SingleSteps): Promise<SingleEnd> {
  const { clock, emit, verb, operation } = request;
  const began = clock.now();
  const journalled = openSteps(request);
  emit({ kind: "operation-started", verb, plan: [] });
  const end = await carryOut(request, journalled).catch((error: unknown) =>
    brokenOff(request, error),
  );
  const { outcome, because } = end;
  if (outcome !== "interrupted") {
    await journalled.journal({ entry: "end", operation, at: timestamp(clock), outcome, because });
  }
  emit({ kind: "operation-ended", outcome, because, tookMs: clock.now() - began });
  return end;
}

async function carryOut(
  request: SingleSteps,
  { journal, run }: ReturnType<typeof openSteps>,
): Promise<SingleEnd> {
  const { verb, operation, clock } = request;
  await journal({ entry: "begin", operation, verb, at: timestamp(clock), changes: [] });
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
