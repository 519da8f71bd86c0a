import { deadline } from "@seaworthy/std/clock";
import { restartPlan } from "../../plan/restart.ts";
import { readRecords } from "../../record/read.ts";
import type { Target } from "../../targets/target.ts";
import { convergeVerb, type World } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem, type OpenSystem } from "../open-system.ts";
import { namedServices } from "../services.ts";
import type { RunVerb } from "../verb.ts";

const OBSERVE_MS = 10_000;

/** Replaces every instance by another one of the same release; files and definitions stay. */
export const run: RunVerb = async (invocation) => {
  const system = await openSystem(invocation);
  return await convergeVerb(
    {
      verb: "restart",
      graph: system.graph,
      narrowTo: undefined,
      keepsScale: true,
      world: async (target, signal) => await worldOf(system, target, signal),
      approve: async () => undefined,
    },
    system,
    invocation,
  );
};

/** As it is defined on the target: what the declaration says by now comes with `up`. */
async function worldOf(system: OpenSystem, target: Target, signal: AbortSignal): Promise<World> {
  const observed = await target.observe(deadline(OBSERVE_MS, "looking at what runs", signal));
  const { graph = system.graph } = observed;
  const services =
    namedServices(system) ??
    observed.units.filter(({ kind }) => kind === "service").map(({ name }) => name);
  const journal = observed.exists ? await readRecords(target.store, "journal") : [];
  const plan = restartPlan({ graph, observed, services, journal });
  if (!plan.ok) throw new Refusal(EXIT.refused, `refused: ${plan.error}`, { fix: "seaworthy up" });
  if (plan.value.steps.length === 0) {
    throw new Refusal(EXIT.refused, "refused: nothing runs here", { fix: "seaworthy up" });
  }
  return { plan: plan.value, graph, observed, releases: new Map() };
}
