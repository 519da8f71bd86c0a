import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Plan } from "../../plan/plan.ts";
import { readPlan } from "../../plan/render.ts";
import { acceptedRules, confirmByName, convergeVerb } from "../converge-verb.ts";
import { refuseMissingProvider } from "../edge-provider.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openChecked, refuseErrors, refuseUnrunnable } from "../open-system.ts";
import type { Invocation, RunVerb } from "../verb.ts";

/** Converges everything to the declaration; `--plan`: only while the world is still the plan's. */
export const run: RunVerb = async (invocation) => {
  const system = await openChecked(invocation);
  await refuseUnrunnable(system);
  refuseErrors(system, acceptedRules(invocation.options));
  await refuseMissingProvider(system, invocation.context);
  const agreed = await agreedPlan(invocation);
  return await convergeVerb(
    {
      verb: "up",
      graph: system.graph,
      narrowTo: undefined,
      keepsScale: false,
      afterwards: (observed) =>
        observed.units
          .filter((unit) => unit.scaleOverride !== undefined)
          .map((unit) => ({ action: "scale-override", unit: unit.name, replicas: undefined })),
      approve: async (plan) => {
        if (agreed !== undefined) refuseChangedWorld(agreed, plan);
        const removed = plan.steps.filter((step) => step.action === "remove");
        if (removed.length === 0 || invocation.options.dryRun === true) return;
        const names = removed.map((step) => step.unit).join(", ");
        await confirmByName(`This stops and removes ${names}.`, plan.system, invocation);
      },
    },
    system,
    invocation,
  );
};

async function agreedPlan(invocation: Invocation): Promise<Plan | undefined> {
  const path = invocation.options["plan"];
  if (typeof path !== "string") return undefined;
  const text = await readFile(resolve(invocation.context.cwd, path), "utf8").catch(
    (error: unknown) => {
      throw new Refusal(EXIT.usage, `${path}: cannot be read`, { cause: error });
    },
  );
  const plan = readPlan(text);
  if (!plan.ok) throw new Refusal(EXIT.usage, `${path} is no plan: ${plan.error}`);
  return plan.value;
}

function refuseChangedWorld(agreed: Plan, now: Plan): void {
  const changed: string[] = [];
  if (agreed.system !== now.system || agreed.environment !== now.environment) {
    changed.push(`the plan is for ${agreed.system} (${agreed.environment ?? "no environment"})`);
  }
  if (agreed.basis.declaration !== now.basis.declaration) changed.push("the declaration changed");
  if (agreed.basis.observed !== now.basis.observed) changed.push("what runs changed");
  const targets = (plan: Plan) => plan.steps.map((step) => `${step.unit} ${step.to ?? ""}`).join();
  if (changed.length === 0 && targets(agreed) !== targets(now)) changed.push("the files changed");
  if (changed.length === 0) return;
  throw new Refusal(EXIT.refused, `refused: since the plan was made, ${changed.join("; ")}`, {
    fix: "make a new plan: seaworthy plan --out FILE",
  });
}
