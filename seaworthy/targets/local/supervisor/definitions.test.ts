import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceUnit } from "../../../plan/graph.ts";
import { aCheck, aGraph, aService } from "../../declared.ts";
import { definitionFor, definitionsAfter, type Spoken } from "./definitions.ts";
import { emptyState, type InstanceRecord, type SupervisorState } from "./state.ts";

const OLD = aService({ ready: aCheck({ path: "/old" }) });
const NEW = aService({ ready: aCheck({ path: "/new" }) });

function anInstance(id: string, release: string): InstanceRecord {
  return {
    ...{ id, release, unit: "api", port: 1, routed: true, weight: 1, isolated: undefined },
    ...{ phase: "up", identity: undefined, restarts: 0, since: "", spawnedWallMs: 0 },
    because: undefined,
  };
}

function running(...releases: readonly string[]): SupervisorState {
  const records = releases.map((release, index) => anInstance(`api-${index + 1}`, release));
  const instances = Object.fromEntries(records.map((record) => [record.id, record]));
  return { ...emptyState("me"), units: { api: OLD }, instances };
}

function defined(state: SupervisorState, unit: ServiceUnit, spoken: Spoken = {}): SupervisorState {
  const definitions = definitionsAfter(state, aGraph([unit]), spoken);
  return { ...state, units: { ...state.units, api: unit }, definitions };
}

function paths(state: SupervisorState, ...releases: readonly string[]) {
  return releases.map((release) => definitionFor(state, { unit: "api", release })?.ready.path);
}

test("a roll's definition speaks of its release alone, there and back", () => {
  const rolling = defined(running("r1", "r1"), NEW, { api: "r2" });
  assert.deepEqual(paths(rolling, "r1", "r2"), ["/old", "/new"]);
  const both = { ...rolling, instances: running("r1", "r2").instances };
  const again = defined(both, NEW, { api: "r2" });
  assert.deepEqual(paths(again, "r1", "r2"), ["/old", "/new"], "the run after one that died");
  const back = defined(again, OLD, { api: "r1" });
  assert.deepEqual(paths(back, "r1", "r2"), ["/old", "/new"]);
});

test("a definition that comes without a release is everybody's at once", () => {
  const configured = defined(running("r1"), NEW);
  assert.deepEqual(paths(configured, "r1"), ["/new"]);
  const half = defined(running("r1", "r2"), NEW, { api: "r2" });
  const third = aService({ ready: aCheck({ path: "/third" }) });
  assert.deepEqual(paths(defined(half, third), "r1", "r2"), ["/third", "/third"]);
});

test("what another operation leaves alone goes on as it was", () => {
  const half = defined(running("r1", "r2"), NEW, { api: "r2" });
  assert.deepEqual(paths(defined(half, NEW), "r1", "r2"), ["/old", "/new"]);
});

test("nothing is kept of releases that are gone, or of what is the same", () => {
  const half = defined(running("r1", "r2"), NEW, { api: "r2" });
  const done = { ...half, instances: running("r2").instances };
  assert.deepEqual(defined(done, NEW, { api: "r3" }).definitions, {});
  assert.deepEqual(defined(running("r1"), OLD, { api: "r2" }).definitions, {});
});
