import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedUnit } from "../plan/observed.ts";
import type { PlanStep } from "../plan/plan.ts";
import type { JournalEntry } from "../record/journal.ts";
import { plannedRolls } from "./fleet.ts";
import { goalOf } from "./goals.ts";
import { aGraph, aPlan, aService, aStep, aWorld } from "./requests.fixture.ts";

function goal(
  step: Partial<PlanStep>,
  seen: Partial<ObservedUnit>,
  past: Partial<Parameters<typeof goalOf>[2]> = {},
) {
  const unit: ObservedUnit = {
    name: "api",
    kind: "service",
    desired: 3,
    scaleOverride: undefined,
    committed: "r1",
    previous: "r0",
    instances: [],
    nextInstance: 4,
    url: undefined,
    definition: "d",
    ...seen,
  };
  const observed = { basis: "", exists: true, units: [unit], edge: undefined };
  const known = { observed, unended: [], proved: [], ...past };
  const { from, to, proof, replicas } = goalOf(aStep(step), aService(), known);
  return { from, to, proof, replicas };
}

test("a roll bakes, and goes back to the committed release", () => {
  const { from, to, proof } = goal({}, {});
  assert.deepEqual({ from, to, proof }, { from: "r1", to: "r2", proof: "bake" });
});

test("what a run that died left serving is not what is gone back to", () => {
  assert.equal(goal({ from: "r2", to: "r3" }, {}).from, "r1");
  const resumed = goal({ action: "repair", from: "r2", to: "r2" }, {});
  assert.equal(resumed.from, "r1");
  assert.equal(resumed.proof, "bake");
});

test("a release that was committed before has its proof", () => {
  assert.equal(goal({ from: "r1", to: "r0" }, {}).proof, "readiness");
  assert.equal(goal({ action: "repair", from: "r1", to: "r1" }, {}).proof, "readiness");
});

test("a rollback by name judges nothing that was ever proved here; other verbs do", () => {
  assert.equal(goal({ from: "r1", to: "r9" }, {}, { proved: ["r9"] }).proof, "readiness");
  const at = "2026-11-20T00:00:00.000Z";
  const step = { action: "commit", unit: "api", release: "r9" } as const;
  const journal: JournalEntry[] = [
    { entry: "begin", operation: "up-1", verb: "up", at, changes: [] },
    { entry: "intent", operation: "up-1", stepId: 1, step },
    { entry: "result", operation: "up-1", stepId: 1, result: { outcome: "done" } },
  ];
  const model = aWorld();
  const plan = aPlan([aStep({ to: "r9" })]);
  const proofFor = (verb: string, told: readonly JournalEntry[]) => {
    const request = { plan, graph: aGraph([aService()]), verb };
    return plannedRolls(request, model.observed(), told).map((roll) => roll.goal.proof);
  };
  assert.deepEqual(proofFor("rollback", journal), ["readiness"]);
  assert.deepEqual(proofFor("rollback", []), ["bake"], "it was never proved");
  assert.deepEqual(proofFor("deploy", journal), ["bake"]);
});

test("a first release has nothing to be compared with, and nothing to go back to", () => {
  const first = goal({ action: "create", from: undefined }, { committed: undefined, desired: 0 });
  assert.deepEqual(first, {
    from: undefined,
    to: "r2",
    proof: "readiness",
    replicas: { from: 0, to: 3 },
  });
});

test("goes back to the number that was wanted, not to what a dead run left", () => {
  const step = { replicas: { from: 1, to: 5 } };
  assert.deepEqual(goal(step, {}).replicas, { from: 3, to: 5 });
  assert.deepEqual(goal(step, { scaleOverride: 4 }).replicas, { from: 4, to: 5 });
  const first = { unit: "api", from: "r1", to: "r2", replicas: 5, replicasBefore: 2 };
  const second = { ...first, replicasBefore: 5 };
  assert.deepEqual(goal(step, { desired: 5 }, { unended: [first, second] }).replicas, {
    from: 2,
    to: 5,
  });
});

test("scaling proves and commits nothing", () => {
  assert.equal(goal({ action: "scale", from: "r1", to: "r1" }, {}).proof, "none");
});
