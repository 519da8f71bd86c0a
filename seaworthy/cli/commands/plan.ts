import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { planJson, planText } from "../../plan/render.ts";
import { disposable, planFor } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem, refuseUnrunnable, subject } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import type { RunVerb } from "../verb.ts";

/** Shows what `up` would do. Takes no lease and changes nothing. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  await refuseUnrunnable(system);
  await using target = disposable(await openTarget(system, context));
  const { plan } = await planFor(
    { graph: system.graph, narrowTo: undefined, keepsScale: false },
    target,
    context.interrupts.abort,
  );
  const json = `${JSON.stringify(planJson(plan), null, 2)}\n`;
  const out = options["out"];
  if (typeof out === "string") await writeOut(resolve(context.cwd, out), json);
  if (options.json === true) {
    context.terminal.out(json);
  } else {
    context.terminal.say(`${subject(system)}\n`);
    for (const line of planText(plan)) context.terminal.out(`${line}\n`);
  }
  return options["exitCode"] === true && plan.steps.length > 0 ? EXIT.planHasChanges : EXIT.done;
};

async function writeOut(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    throw new Refusal(EXIT.error, `${path}: the plan cannot be written (${error.code})`, {
      fix: "name a file in a folder that is there and that you may write to",
      cause: error,
    });
  });
}
