import { deadline } from "@seaworthy/std/clock";
import { undoLeftovers } from "../../drills/leftovers.ts";
import { takeDown } from "../../rollout/down.ts";
import { confirmByName, disposable } from "../converge-verb.ts";
import { EXIT, exitForOutcome } from "../exit.ts";
import { openSystem, subject } from "../open-system.ts";
import { beginOperation } from "../operation.ts";
import { outcomeJson, outcomeText } from "../outcome-text.ts";
import { openTarget } from "../open-target.ts";
import type { RunVerb } from "../verb.ts";

const OBSERVE_MS = 10_000;

/** Stops everything, the edge last. Volumes stay, unless `--data` (asked for twice). */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  const name = system.graph.system;
  await using target = disposable(await openTarget(system, context));
  const observed = await target.observe(
    deadline(OBSERVE_MS, "looking at what runs", context.interrupts.abort),
  );
  const data = options["data"] === true;
  if (options.dryRun === true) {
    const units = observed.units.map((unit) => unit.name).join(", ") || "nothing";
    context.terminal.out(`would stop ${units}${data ? " and delete every volume" : ""}\n`);
    return EXIT.done;
  }
  await confirmByName(`This stops all of ${subject(system)}.`, name, invocation);
  if (data) await confirmByName("This deletes its volumes for ever.", name, invocation);
  await using operation = await beginOperation("down", target, invocation);
  await undoLeftovers(operation);
  const outcome = await takeDown({
    target,
    lease: operation.lease,
    graph: system.graph,
    operation: operation.id,
    clock: context.clock,
    emit: operation.emit,
    signal: operation.signal,
    deleteVolumes: data,
  });
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(outcomeJson(outcome))}\n`);
  } else {
    context.terminal.say(outcomeText(outcome, context.terminal));
  }
  return exitForOutcome(outcome.outcome);
};
