import assert from "node:assert/strict";
import { test } from "node:test";
import { restartPlan } from "../plan/restart.ts";
import { readRecords } from "../record/read.ts";
import type { RolloutOutcome } from "./outcome.ts";
import type { ModelTarget } from "./model-target.fixture.ts";
import { aGraph, aRequest, aService, aWorld, GOOD, modelLoad, runs } from "./requests.fixture.ts";
import type { ConvergeRequest } from "./request.ts";
import { converge } from "./run.ts";

type Strategy = "rolling" | "blue-green" | "canary";

function aPlainWorld(): ModelTarget {
  const model = aWorld();
  model.behaviours.set("r1", GOOD);
  for (const [id, one] of model.machines) model.machines.set(id, { ...one, bornMs: -60_000 });
  return model;
}

/** What the verb does: plans from what is seen and journalled, and converges. */
async function restart(
  model: ModelTarget,
  change: Partial<ConvergeRequest> & { readonly strategy?: Strategy } = {},
): Promise<RolloutOutcome> {
  const { strategy = "rolling", ...given } = change;
  const { rollout } = aService();
  const canary = [{ share: 0.05, bakeMs: 10_000 }];
  const graph = aGraph([aService({ rollout: { ...rollout, strategy, canary } })]);
  const journal = await readRecords(model.target.store, "journal");
  const services = ["api"];
  const plan = restartPlan({ graph, observed: model.observed(), services, journal });
  assert.ok(plan.ok, plan.ok ? "" : plan.error);
  const fixed = { plan: plan.value, graph, verb: "restart", releases: new Map() };
  return await converge(aRequest(model, { ...fixed, ...given }).request);
}

function ids(model: ModelTarget): string {
  return [...model.machines.keys()].toSorted().join();
}

for (const strategy of ["rolling", "blue-green", "canary"] as const) {
  test(`restarts every instance by ${strategy}, judges nothing and loses no request`, async () => {
    const model = aPlainWorld();
    const outcome = await restart(model, { strategy, startLoad: modelLoad(model) });
    assert.equal(outcome.outcome, "done", outcome.because);
    assert.equal(runs(model), "r1 ×3");
    assert.equal(ids(model), "api-4,api-5,api-6");
    assert.equal(model.units.get("api")?.committed, "r1");
    assert.equal(outcome.probe?.failed.safe, 0);
    const starts = model.applied.flatMap(({ action }, at) => (action === "start" ? [at] : []));
    const firstSwitch = model.applied.findIndex(({ action }) => action === "switch");
    const before = starts.filter((at) => at < firstSwitch).length;
    assert.equal(before, strategy === "blue-green" ? 3 : 1);
  });
}

test("a restart whose new instances do not get ready leaves the old ones serving", async () => {
  const model = aPlainWorld();
  model.onStep = (step) =>
    step.action === "await-ready"
      ? { outcome: "failed", because: "the database is away", detail: [] }
      : undefined;
  const outcome = await restart(model);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.match(outcome.because, /the database is away/);
  assert.equal(ids(model), "api-1,api-2,api-3");
});

test("a restart that is cut short is gone on with, not begun anew", async () => {
  const whole = aPlainWorld();
  await restart(whole);
  for (let step = 1; step < whole.applied.length; step += 1) {
    const model = aPlainWorld();
    const kill = new AbortController();
    model.onStep = () => {
      if (model.applied.length === step) kill.abort(new Error("second Ctrl-C"));
      return undefined;
    };
    const cut = await restart(model, { signal: kill.signal });
    model.onStep = () => undefined;
    assert.equal(cut.outcome, "interrupted", `step ${step}: ${cut.because}`);
    const again = await restart(model);
    assert.equal(again.outcome, "done", `step ${step}: ${again.because}`);
    assert.equal(model.machines.size, 3);
    const kept = ["api-1", "api-2", "api-3"].filter((id) => model.machines.has(id));
    assert.deepEqual(kept, [], `step ${step}`);
    const starts = model.applied.filter(({ action }) => action === "start").length;
    assert.ok(starts <= 4, `step ${step}: ${starts} starts`);
  }
});

test("an instance that a person isolated goes with a restart", async () => {
  const model = aPlainWorld();
  const one = model.machines.get("api-2");
  assert.ok(one);
  [one.isolated, one.routed] = ["it is slow", false];
  const outcome = await restart(model);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(ids(model), "api-4,api-5,api-6");
  const routed = model.applied.flatMap((step) => (step.action === "switch" ? step.instances : []));
  assert.ok(!routed.includes("api-2"));
});
