import { deadline } from "@seaworthy/std/clock";
import type { UnitName } from "../../plan/graph.ts";
import type { Target } from "../../targets/target.ts";
import type { Context } from "../context.ts";
import { convergeVerb } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem } from "../open-system.ts";
import type { RunVerb } from "../verb.ts";

const REPLICAS_MAX = 100;

/** Runs another number of instances; plan and status show it, the next `up` drops it. */
export const run: RunVerb = async (invocation) => {
  const system = await openSystem(invocation);
  const wanted = wantedReplicas(system);
  const units = system.graph.units.map((unit) => {
    const replicas = wanted.get(unit.name);
    return unit.kind === "service" && replicas !== undefined ? { ...unit, replicas } : unit;
  });
  return await convergeVerb(
    {
      verb: "scale",
      graph: { ...system.graph, units },
      narrowTo: [...wanted.keys()],
      keepsScale: false,
      // What serves is what is scaled: also when the files changed since, or after a rollback.
      releases: async () => new Map(),
      afterwards: () =>
        [...wanted].map(([unit, replicas]) => ({ action: "scale-override", unit, replicas })),
      approve: async (plan, target) => {
        const proved = await provedUnits(target, invocation.context);
        // A scale that died left more or fewer than its last one: finishing it is no other change.
        const others = plan.steps.filter(
          ({ action, unit }) => action !== "scale" && !(action === "repair" && proved.has(unit)),
        );
        if (others.length === 0) return;
        throw new Refusal(EXIT.refused, "refused: more than the number of instances would change", {
          detail: others.map((step) => `${step.action} ${step.unit}: ${step.reason}`),
          fix: "run seaworthy up or deploy first, then scale",
        });
      },
    },
    system,
    invocation,
  );
};

const OBSERVE_MS = 10_000;

/** Units of which nothing but the release that was proved is there. */
async function provedUnits(
  target: Target,
  { interrupts }: Context,
): Promise<ReadonlySet<UnitName>> {
  const limit = deadline(OBSERVE_MS, "looking at what runs", interrupts.abort);
  const { units } = await target.observe(limit);
  const proved = units.filter(
    ({ committed, instances }) =>
      committed !== undefined && instances.every(({ release }) => release === committed),
  );
  return new Set(proved.map(({ name }) => name));
}

function wantedReplicas(system: OpenSystem): ReadonlyMap<string, number> {
  const known = Object.keys(system.parsed.system.services);
  const wanted = new Map<string, number>();
  for (const text of system.rest) {
    const match = /^([^=]+)=(\d+)$/.exec(text);
    const [, name, count] = match ?? [];
    if (name === undefined || count === undefined || !known.includes(name)) {
      throw new Refusal(EXIT.usage, `${text}: not SERVICE=REPLICAS`, {
        fix: `services are ${known.join(", ")}; for example: seaworthy scale ${known[0]}=3`,
      });
    }
    const replicas = Number(count);
    if (replicas < 1 || replicas > REPLICAS_MAX) {
      throw new Refusal(EXIT.usage, `${text}: 1 to ${REPLICAS_MAX} instances`, {
        fix: "to stop everything: seaworthy down",
      });
    }
    if (wanted.has(name)) throw new Refusal(EXIT.usage, `${name} is named twice`);
    wanted.set(name, replicas);
  }
  return wanted;
}
