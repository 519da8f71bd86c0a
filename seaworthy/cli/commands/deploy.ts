import { relative, resolve } from "node:path";
import { existsSync, statSync } from "node:fs";
import type { Graph } from "../../plan/graph.ts";
import type { PlanAction } from "../../plan/plan.ts";
import { acceptedRules, convergeVerb } from "../converge-verb.ts";
import { refuseMissingProvider } from "../edge-provider.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openChecked, type OpenSystem, refuseErrors, refuseUnrunnable } from "../open-system.ts";
import { namedServices } from "../services.ts";
import type { RunVerb } from "../verb.ts";

const RELEASES_ONLY: readonly PlanAction[] = ["roll", "run-job", "repair"];

/** `up` narrowed to releases: refuses when the plan holds anything else (architecture §4). */
export const run: RunVerb = async (invocation) => {
  const system = await openChecked(invocation);
  await refuseUnrunnable(system);
  refuseErrors(system, acceptedRules(invocation.options));
  await refuseMissingProvider(system, invocation.context);
  const services = namedServices(system);
  const from = invocation.options["from"];
  const graph =
    typeof from === "string"
      ? takenFrom(resolve(invocation.context.cwd, from), services, system)
      : system.graph;
  const jobs = graph.units.filter((unit) => unit.kind === "job").map((unit) => unit.name);
  return await convergeVerb(
    {
      verb: "deploy",
      graph,
      keepsScale: true,
      narrowTo: services === undefined ? undefined : [...services, ...jobs],
      approve: async (plan) => {
        const others = plan.steps.filter((step) => !RELEASES_ONLY.includes(step.action));
        if (others.length === 0) return;
        throw new Refusal(EXIT.refused, "refused: more than releases would change", {
          detail: others.map((step) => `${step.action} ${step.unit}: ${step.reason}`),
          fix: "seaworthy plan shows all of it, seaworthy up does it",
        });
      },
    },
    system,
    invocation,
  );
};

function takenFrom(
  folder: string,
  services: readonly string[] | undefined,
  system: OpenSystem,
): Graph {
  if (services === undefined || services.length !== 1) {
    throw new Refusal(EXIT.usage, "--from takes exactly one service", {
      fix: "seaworthy deploy SERVICE --from FOLDER",
    });
  }
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new Refusal(EXIT.usage, `${folder}: no such folder`);
  }
  const build = relative(system.folder, folder);
  const units = system.graph.units.map((unit) => {
    if (unit.kind !== "service" || unit.name !== services[0]) return unit;
    if (unit.run.kind !== "folder") {
      throw new Refusal(EXIT.refused, `${unit.name} runs an image; --from is for folders`);
    }
    return { ...unit, run: { ...unit.run, build: build === "" ? "." : build } };
  });
  return { ...system.graph, units };
}
