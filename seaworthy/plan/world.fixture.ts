import assert from "node:assert/strict";
import type { Release } from "../record/release.ts";
import { parse } from "../system/parse.ts";
import { definitionOf } from "./definition.ts";
import { expand } from "./expand.ts";
import type { Graph, Unit, UnitName } from "./graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "./observed.ts";
import type { Plan, PlanStep } from "./plan.ts";

/** A model of a target: what applying a plan leaves behind, without any process. */
export interface World {
  readonly graph: Graph | undefined;
  readonly units: ReadonlyMap<UnitName, ObservedUnit>;
}

export const EMPTY_WORLD: World = { graph: undefined, units: new Map() };

const run = { build: "./api", command: ["node", "main.ts"] };

export function graphOf(declaration: object): Graph {
  const data = { name: "shop", services: { api: { run } }, ...declaration };
  const parsed = parse(data, { environment: undefined, platform: undefined });
  assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.error, null, 2));
  const graph = expand(parsed.value);
  assert.ok(graph.ok, graph.ok ? "" : JSON.stringify(graph.error, null, 2));
  return graph.value;
}

export function aService(change: object = {}): object {
  return { run, replicas: 2, ...change };
}

function releaseOf(unit: UnitName, version: string): Release {
  return {
    id: `r-${unit}-${version}`,
    unit,
    createdAt: "2026-01-01T00:00:00.000Z",
    program: { path: "node", identity: "24" },
    argv: ["node"],
    filesHash: version,
    fileCount: 1,
    environmentHash: "",
    secretVersions: {},
    from: ".",
  };
}

/** A release of one version for each service and job of a graph. */
export function releasesFor(graph: Graph, version = "1"): ReadonlyMap<UnitName, Release> {
  const units = graph.units.filter(({ kind }) => kind !== "edge");
  return new Map(units.map(({ name }) => [name, releaseOf(name, version)]));
}

export function observe(world: World, withGraph = true): Observed {
  const edge = world.units.has("edge")
    ? { addresses: ["http://127.0.0.1:1"], ready: true }
    : undefined;
  const base = { basis: "b", exists: world.units.size > 0, units: [...world.units.values()], edge };
  return withGraph ? { ...base, graph: world.graph } : base;
}

/** What a target looks like after every step of a plan was done. */
export function applied(plan: Plan, graph: Graph, world: World): World {
  const units = new Map(world.units);
  for (const step of plan.steps) {
    const unit = graph.units.find(({ name }) => name === step.unit);
    if (unit === undefined) units.delete(step.unit);
    else units.set(unit.name, after(step, unit, units.get(unit.name)));
  }
  for (const unit of graph.units) {
    const now = units.get(unit.name);
    if (now !== undefined) units.set(unit.name, { ...now, definition: definitionOf(unit, graph) });
  }
  return { graph, units };
}

function after(step: PlanStep, unit: Unit, before: ObservedUnit | undefined): ObservedUnit {
  const now = before ?? anObservedUnit(unit);
  if (unit.kind === "edge" || step.action === "configure") return now;
  if (unit.kind === "job") return { ...now, committed: step.to, previous: now.committed };
  const release = step.to ?? "none";
  const previous = now.committed === release ? now.previous : now.committed;
  const first = now.nextInstance;
  const instances = Array.from({ length: step.replicas.to }, (_, index) =>
    anInstance({ id: `${unit.name}-${first + index}`, unit: unit.name, release }),
  );
  const nextInstance = first + instances.length;
  const desired = unit.replicas;
  const scaleOverride = undefined;
  return { ...now, instances, nextInstance, desired, scaleOverride, committed: release, previous };
}

function anObservedUnit(unit: Unit): ObservedUnit {
  return {
    name: unit.name,
    kind: unit.kind,
    desired: unit.kind === "service" ? unit.replicas : 0,
    scaleOverride: undefined,
    committed: undefined,
    previous: undefined,
    instances: [],
    nextInstance: 1,
    url: undefined,
    definition: "",
  };
}

export function anInstance(
  change: Partial<ObservedInstance> & Pick<ObservedInstance, "id" | "unit" | "release">,
): ObservedInstance {
  return {
    state: "ready",
    routed: true,
    weight: 1,
    isolated: undefined,
    address: undefined,
    pid: undefined,
    since: "2026-01-01T00:00:00.000Z",
    restarts: 0,
    because: undefined,
    ...change,
  };
}
