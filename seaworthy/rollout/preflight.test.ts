import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceUnit } from "../plan/graph.ts";
import type { PlanStep } from "../plan/plan.ts";
import { aGraph, aPlan, aRequest, aService, aStep, aWorld, runs } from "./requests.fixture.ts";
import { converge } from "./run.ts";

const MEBIBYTE = 1_048_576;

/** Why a plan is refused on a machine with so much memory and so many ports. */
async function refusal(
  free: { readonly mebibytes?: number; readonly addresses?: number },
  change: { readonly unit?: Partial<ServiceUnit>; readonly steps?: readonly PlanStep[] } = {},
): Promise<string | undefined> {
  const model = aWorld();
  const { mebibytes = 1e6, addresses = 1_000 } = free;
  model.headroom = { memoryBytes: mebibytes * MEBIBYTE, addresses };
  const graph = aGraph([aService(change.unit)]);
  const plan = aPlan(change.steps ?? [aStep()]);
  const outcome = await converge(aRequest(model, { graph, plan }).request);
  if (outcome.outcome === "done") return undefined;
  assert.equal(outcome.outcome, "refused");
  assert.equal(runs(model), "r1 ×3");
  assert.deepEqual(model.journal, [], "nothing is begun");
  return outcome.because;
}

test("another instance needs what those that run hold", async () => {
  assert.match((await refusal({ mebibytes: 49 })) ?? "", /1 more .* at least 50MiB of memory; 49/);
  assert.equal(await refusal({ mebibytes: 51 }), undefined);
});

test("another instance needs what is declared, where that is more", async () => {
  const unit = { memoryBytes: 300 * MEBIBYTE };
  assert.match((await refusal({ mebibytes: 299 }, { unit })) ?? "", /at least 300MiB/);
  assert.equal(await refusal({ mebibytes: 300 }, { unit }), undefined);
});

test("blue-green needs room for all of them once more", async () => {
  const { rollout } = aService();
  const unit = { rollout: { ...rollout, strategy: "blue-green" as const } };
  assert.match((await refusal({ mebibytes: 149 }, { unit })) ?? "", /3 more .* at least 150MiB/);
  assert.match((await refusal({ addresses: 2 }, { unit })) ?? "", /3 more .* a port each; 2 are/);
  assert.equal(await refusal({ mebibytes: 150, addresses: 3 }, { unit }), undefined);
});

test("what grows is needed beside what a roll needs", async () => {
  const steps = [aStep({ replicas: { from: 3, to: 5 } })];
  const unit = { replicas: 5 };
  assert.match((await refusal({ addresses: 2 }, { unit, steps })) ?? "", /3 more instances/);
});
