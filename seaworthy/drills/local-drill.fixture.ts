import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { present } from "@seaworthy/std/assert";
import { systemClock } from "@seaworthy/std/clock";
import { startLoad } from "../load/client.ts";
import { loadCommand } from "../load/own-command.fixture.ts";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Evidence } from "../record/evidence.ts";
import type { Edge, Load, LoadRequest, Objectives } from "../system/system.ts";
import { aGraph, anEdge } from "../targets/declared.ts";
import { Hand, Rehearsal, take } from "../targets/local/fixtures/rehearsal.ts";
import type { DrillName } from "./catalogue.ts";
import { runDrill } from "./drill.ts";
import { impairCommand } from "./impair-command.fixture.ts";
import { undoLeftovers } from "./leftovers.ts";
import { aParsed, believed, OBJECTIVES } from "./planted.fixture.ts";

const OPERATION = "drill-local";

export const GET: LoadRequest = {
  ...{ method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" },
};

export interface LocalDrill {
  readonly load?: Partial<Load>;
  readonly objectives?: Partial<Objectives>;
  readonly edge?: Partial<Edge>;
  /** Beside the one that is drilled. */
  readonly others?: readonly ServiceUnit[];
}

/** A system of real processes behind the real edge, under a real lease; short windows. */
export async function drillOn(
  unit: ServiceUnit,
  name: DrillName,
  given: LocalDrill = {},
): Promise<readonly Evidence[]> {
  await using rehearsal = await Rehearsal.begin();
  const target = await rehearsal.open();
  await using lease = await take(target);
  const edge = anEdge(given.edge);
  const graph = aGraph([...(given.others ?? []), unit], { edge });
  await new Hand(target, lease).up(graph);
  const scratch = join(rehearsal.home, "raw");
  await mkdir(scratch);
  const load = {
    ...{ ratePerSecond: 100, mix: [GET], timeoutMs: 5_000, history: undefined },
    ...given.load,
  };
  const drills = {
    warmUpMs: 1_000,
    baselineMs: 2_000,
    windowMs: 6_000,
    freezeMs: 3_000,
    everyMs: undefined,
  };
  const objectives = { ...OBJECTIVES, ...given.objectives };
  const evidence = await runDrill({
    name,
    unit: undefined,
    target,
    lease,
    parsed: aParsed(unit, { load, drills, objectives, edge }),
    graph,
    startLoad: believed(startLoad(loadCommand, systemClock)),
    roll: () => Promise.reject(new Error("no roll in this drill")),
    ownCommand: impairCommand,
    clock: systemClock,
    seed: 4711,
    runs: 1,
    tierMax: "T3",
    allowOutage: true,
    operation: OPERATION,
    scratch,
    raw: "raw",
    emit: () => {},
    signal: new AbortController().signal,
  });
  const emit = (): void => {};
  const { signal } = new AbortController();
  const left = await undoLeftovers({ id: OPERATION, target, lease, emit, signal });
  assert.deepEqual(left, [], "nothing is left broken");
  return evidence;
}

export function on(evidence: readonly Evidence[], objective: Evidence["objective"]): Evidence {
  return present(
    evidence.find((one) => one.objective === objective),
    objective,
  );
}
