import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { deadline } from "@seaworthy/std/clock";
import type { DrillName } from "../drills/catalogue.ts";
import { runDrill } from "../drills/drill.ts";
import { undoLeftovers } from "../drills/leftovers.ts";
import { startLoad } from "../load/client.ts";
import { diff } from "../plan/diff.ts";
import type { JobUnit, ServiceUnit } from "../plan/graph.ts";
import type { Evidence } from "../record/evidence.ts";
import type { Release } from "../record/release.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import { converge } from "../rollout/run.ts";
import type { Context } from "./context.ts";
import { describeReleases, releasesOf } from "./describe-releases.ts";
import type { OpenSystem } from "./open-system.ts";
import type { Operation } from "./operation.ts";
import { rawFolder } from "./local-options.ts";

const OBSERVE_MS = 10_000;

export interface DrillsRequest {
  readonly drills: readonly DrillName[];
  readonly system: OpenSystem;
  readonly operation: Operation;
  readonly context: Context;
  readonly seed: number;
  readonly runs: number;
  readonly unit: string | undefined;
  readonly allowOutage: boolean;
}

/** One drill after the other; each leaves its evidence in the record before the next begins. */
export async function runDrills(request: DrillsRequest): Promise<readonly Evidence[]> {
  const { operation, system, context } = request;
  await undoLeftovers(operation);
  const all: Evidence[] = [];
  for (const name of request.drills) {
    if (context.interrupts.stopRequested()) break;
    const scratch = join(rawFolder(system, context), `${operation.id}-${name}`);
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const evidence = await runDrill({
      name,
      unit: request.unit,
      target: operation.target,
      lease: operation.lease,
      parsed: system.parsed,
      graph: system.graph,
      startLoad: startLoad(context.ownCommand, context.clock),
      clock: context.clock,
      seed: request.seed,
      runs: request.runs,
      allowOutage: request.allowOutage,
      operation: operation.id,
      scratch,
      emit: operation.emit,
      signal: operation.signal,
      roll: (unit, release) => rollTo({ unit, release, scratch, request }),
    });
    for (const one of evidence) await operation.target.store.append("evidence", one);
    all.push(...evidence);
  }
  return all;
}

interface RollTo {
  readonly unit: ServiceUnit | JobUnit;
  readonly release: Release;
  readonly scratch: string;
  readonly request: DrillsRequest;
}

/** A real roll of one unit to another release, as `deploy` would do it. */
async function rollTo({ unit, release, scratch, request }: RollTo): Promise<RolloutOutcome> {
  const { operation, system, context } = request;
  const { target, lease } = operation;
  const units = system.graph.units.filter((other) => other.kind !== "job");
  const graph = {
    ...system.graph,
    units: units.map((other) => (other.name === unit.name ? unit : other)),
  };
  const releases = new Map(await describeReleases(graph, target, operation.signal));
  releases.set(unit.name, { release, unit });
  const observed = await target.observe(
    deadline(OBSERVE_MS, "looking at what runs", operation.signal),
  );
  const plan = diff({
    graph,
    observed,
    releases: releasesOf(releases),
    provenObjectives: [],
    narrowTo: [unit.name],
  });
  return await converge({
    target,
    lease,
    graph,
    plan,
    releases,
    operation: `${operation.id}-${release.id}`,
    verb: "drill",
    clock: context.clock,
    emit: operation.emit,
    startLoad: undefined,
    scratch,
    signal: operation.signal,
    stopRequested: () => false,
    inconclusive: async () => "go-back",
  });
}
