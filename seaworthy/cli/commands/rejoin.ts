import { instanceNamed, look } from "../chosen-instance.ts";
import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import { singleStepsVerb } from "../single-steps-verb.ts";
import type { RunVerb } from "../verb.ts";

const BOOT_MS = 60_000;

/** Brings an isolated instance back: once it passes its readiness, and a real request, again. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  const [name, ...more] = system.rest;
  if (name === undefined || more.length > 0) {
    throw new Refusal(EXIT.usage, "rejoin takes one instance", {
      fix: "seaworthy status names those that are isolated",
    });
  }
  await using target = disposable(await openTarget(system, context));
  const { unit, instance } = instanceNamed(await look(target, context), name);
  if (instance.isolated === undefined) {
    context.terminal.say(`nothing to do: ${name} is not isolated\n`);
    return EXIT.done;
  }
  if (options.dryRun === true) {
    context.terminal.out(`would route ${name} again, once it is ready\n`);
    return EXIT.done;
  }
  const defined = system.graph.units.find((one) => one.name === unit.name);
  const deadlineMs = defined?.kind === "service" ? defined.bootMs : BOOT_MS;
  const { code } = await singleStepsVerb(
    {
      verb: "rejoin",
      steps: [
        { action: "await-ready", instance: name, deadlineMs },
        { action: "rejoin", instance: name },
      ],
      about: { instance: name },
      done: `${name} takes requests again`,
      next: `it stays isolated; seaworthy logs ${name} may say why, seaworthy up replaces it`,
    },
    target,
    invocation,
  );
  return code;
};
