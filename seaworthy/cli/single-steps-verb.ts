import { humanDuration } from "@seaworthy/std/duration";
import { undoLeftovers } from "../drills/leftovers.ts";
import type { Step } from "../record/step.ts";
import { carryOutSteps, type SingleEnd } from "../rollout/single-steps.ts";
import type { Target } from "../targets/target.ts";
import { EXIT, exitForOutcome } from "./exit.ts";
import { beginOperation } from "./operation.ts";
import { painter } from "./paint.ts";
import type { Invocation } from "./verb.ts";

export interface SingleVerb {
  readonly verb: string;
  readonly steps: readonly Step[];
  /** In the outcome document, beside the outcome. */
  readonly about: Readonly<Record<string, string>>;
  /** What to say when it went well; the next command when it did not. */
  readonly done: string;
  readonly next: string;
}

/** A few steps under a lease: prints how it ended; resolves to the end, for what follows. */
export async function singleStepsVerb(
  single: SingleVerb,
  target: Target,
  invocation: Invocation,
): Promise<{ readonly code: number; readonly end: SingleEnd }> {
  const { context, options } = invocation;
  const { verb, steps } = single;
  await using operation = await beginOperation(verb, target, invocation);
  await undoLeftovers(operation);
  const began = context.clock.now();
  const end = await carryOutSteps({
    ...{ target, lease: operation.lease, operation: operation.id, verb, steps },
    ...{ clock: context.clock, emit: operation.emit, signal: operation.signal },
  });
  const code = exitForOutcome(end.outcome);
  const tookMs = context.clock.now() - began;
  if (options.json === true) {
    const { outcome, because, detail } = end;
    const document = { schemaVersion: 1, outcome, because, ...single.about, detail };
    context.terminal.out(`${JSON.stringify({ ...document, seconds: tookMs / 1_000 })}\n`);
    return { code, end };
  }
  const paint = painter(context.terminal);
  for (const line of end.detail) context.terminal.say(`  ${line}\n`);
  const took = humanDuration(tookMs);
  context.terminal.say(
    code === EXIT.done
      ? `${paint("green", "done")} in ${took}: ${single.done}\n`
      : `${paint("red", end.outcome)} in ${took}: ${end.because}\nnext: ${single.next}\n`,
  );
  return { code, end };
}
