import { rollbackGoal } from "../../rollout/rollback.ts";
import { convergeVerb } from "../converge-verb.ts";
import { describeReleases } from "../describe-releases.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem } from "../open-system.ts";
import { namedServices } from "../services.ts";
import type { RunVerb } from "../verb.ts";

/**
 * Goes to the last committed release other than the one that serves, or with `--to` to one by name;
 * never runs jobs. Without names, what has no way back stays.
 */
export const run: RunVerb = async (invocation) => {
  const system = await openSystem(invocation);
  const named = namedServices(system);
  const services =
    named ?? system.graph.units.filter((unit) => unit.kind === "service").map((unit) => unit.name);
  const to = releaseNamed(invocation, services);
  const units = system.graph.units.filter((unit) => unit.kind !== "job");
  const graph = { ...system.graph, units };
  return await convergeVerb(
    {
      verb: "rollback",
      graph,
      narrowTo: services,
      keepsScale: true,
      releases: async (observed, target) => {
        const described = await describeReleases(
          graph,
          target,
          invocation.context.interrupts.abort,
        );
        const leave = (because: string): void =>
          invocation.context.terminal.say(`stays as it is: ${because}\n`);
        const goal = await rollbackGoal({
          ...{ observed, services, to, described, store: target.store },
          ...(named === undefined ? { leave } : {}),
        });
        if (!goal.ok) {
          throw new Refusal(EXIT.refused, `refused: ${goal.error}`, {
            fix: "to run something else: declare it, then seaworthy deploy",
          });
        }
        return goal.value;
      },
      approve: async () => undefined,
    },
    system,
    invocation,
  );
};

/** A release is one service's own. */
function releaseNamed(
  { options }: Parameters<RunVerb>[0],
  services: readonly string[],
): string | undefined {
  const to = options["to"];
  if (typeof to !== "string") return undefined;
  if (services.length === 1) return to;
  throw new Refusal(EXIT.usage, `--to ${to}: a release of which service?`, {
    fix: `name one of ${services.join(", ")}: seaworthy rollback ${services[0]} --to ${to}`,
  });
}
