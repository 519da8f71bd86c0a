import { holdIdle, type HoldPlan } from "./idle-held.ts";
import { makeRuns, type Cell } from "./make-runs.ts";
import type { Bar, Bench, RunResult, World } from "./measured.ts";

const CONNECTIONS = 10_000;
const PROBE_MS = 15_000;

interface NamedPlan extends HoldPlan {
  readonly name: string;
}

const PLANS: readonly NamedPlan[] = [
  { name: "10,000 http", connections: CONNECTIONS, scheme: "http", probeMs: PROBE_MS },
  { name: "10,000 https", connections: CONNECTIONS, scheme: "https", probeMs: PROBE_MS },
];

const BARS = { held: "idle connections not held", probes: "probes failed" } as const;

/** Whether the gateway holds ten thousand quiet clients and serves others meanwhile. */
export const idle: Bench = {
  name: "idle",
  about: "10,000 idle connections held, probes meanwhile, memory of each",
  run: async (world, request) => {
    const cells = PLANS.map(
      (plan): Cell => ({ name: plan.name, event: () => heldRun(world, plan), control: undefined }),
    );
    const runs = await makeRuns(world, request, { cells });
    return { runs, bars: PLANS.flatMap(barsOf), notRun: [] };
  },
};

function barsOf({ name: cell }: NamedPlan): readonly Bar[] {
  return [
    { cell, name: BARS.held, limit: `0 of ${CONNECTIONS}`, runsNeeded: 3 },
    { cell, name: BARS.probes, limit: "0", runsNeeded: 3 },
  ];
}

async function heldRun(world: World, plan: NamedPlan): Promise<RunResult> {
  const { held, stayed, probes, probesFailed, probeP99Ms, bytesPerConnection } = await holdIdle(
    world,
    plan,
  );
  const lost = plan.connections - Math.min(held, stayed);
  return {
    cell: plan.name,
    kind: "event",
    figures: { bytesPerConnection, probeP99Ms, probesFailed },
    facts: { held, stayed, probes },
    readings: {
      [BARS.held]: { value: lost, limit: 0 },
      [BARS.probes]: { value: probesFailed, limit: 0 },
    },
    doubt: undefined,
  };
}
