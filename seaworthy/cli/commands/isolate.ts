import type { ServiceUnit } from "../../plan/graph.ts";
import type { Step } from "../../record/step.ts";
import { instanceNamed, look, type Chosen } from "../chosen-instance.ts";
import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import { singleStepsVerb } from "../single-steps-verb.ts";
import type { RunVerb } from "../verb.ts";

const REASON_LENGTH_MAX = 200;
/** Where the declaration knows the unit no more. */
const DRAIN_MS = 10_000;

/** Takes one instance out of the edge and lets it finish what it has; it runs on for diagnosis. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  const [name, ...more] = system.rest;
  if (name === undefined || more.length > 0) {
    throw new Refusal(EXIT.usage, "isolate takes one instance", {
      fix: "seaworthy status names them; for example: seaworthy isolate api-2",
    });
  }
  await using target = disposable(await openTarget(system, context));
  const chosen = instanceNamed(await look(target, context), name);
  if (chosen.instance.isolated !== undefined) {
    context.terminal.say(`nothing to do: ${name} is isolated: ${chosen.instance.isolated}\n`);
    return EXIT.done;
  }
  refuseLast(chosen, options["allowOutage"] === true);
  const because = reasonOf(options["because"], context.owner.user);
  const { drainMs } = definitionOf(system, chosen) ?? { drainMs: DRAIN_MS };
  const steps: readonly Step[] = [
    { action: "isolate", instance: name, because },
    { action: "drain", instance: name, deadlineMs: drainMs },
  ];
  if (options.dryRun === true) {
    context.terminal.out(`would take ${name} out of the edge and drain it\n`);
    return EXIT.done;
  }
  const at = chosen.instance.address;
  const where = at === undefined ? "" : `; ask it at http://${at.host}:${at.port}`;
  const { code } = await singleStepsVerb(
    {
      ...{ verb: "isolate", steps, about: { instance: name } },
      done: `${name} runs and is sent nothing${where}; back: seaworthy rejoin ${name}`,
      next: `seaworthy status shows what it is; back: seaworthy rejoin ${name}`,
    },
    target,
    invocation,
  );
  return code;
};

function refuseLast({ unit, instance }: Chosen, allowOutage: boolean): void {
  const others = unit.instances.filter(
    (one) => one.id !== instance.id && one.routed && one.state === "ready",
  );
  if (others.length > 0 || allowOutage || !instance.routed) return;
  throw new Refusal(EXIT.refused, `${instance.id} is the last of ${unit.name} that answers`, {
    fix: `scale it first (seaworthy scale ${unit.name}=2), or allow it: --allow-outage`,
  });
}

function reasonOf(value: unknown, user: string): string {
  if (value === undefined) return `by ${user}`;
  const text = typeof value === "string" ? value.trim() : "";
  const isPlain = /^[^\p{Cc}]+$/u.test(text) && text.length <= REASON_LENGTH_MAX;
  if (isPlain) return `${text} (${user})`;
  throw new Refusal(EXIT.usage, `--because: one line of at most ${REASON_LENGTH_MAX} characters`);
}

function definitionOf(system: OpenSystem, { unit }: Chosen): ServiceUnit | undefined {
  const defined = system.graph.units.find((one) => one.name === unit.name);
  return defined?.kind === "service" ? defined : undefined;
}
