import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelTarget } from "./model-target.fixture.ts";
import {
  aGraph,
  aJob,
  aPlan,
  aRequest,
  aService,
  aStep,
  aWorld,
  GOOD,
  runs,
  type Watched,
} from "./requests.fixture.ts";
import { converge } from "./run.ts";

function twoUnits(model: ModelTarget): Watched {
  model.serving("web", "w1", 2);
  const graph = aGraph([aService(), aService({ name: "web", replicas: 2 })]);
  const web = aStep({ unit: "web", from: "w1", to: "w2", replicas: { from: 2, to: 2 } });
  return aRequest(model, { graph, plan: aPlan([aStep(), web]) });
}

test("when a later unit fails, the earlier ones go back too", async () => {
  const model = aWorld();
  model.behaviours.set("w2", { bootMs: 0, neverReady: true });
  const outcome = await converge(twoUnits(model).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.equal(runs(model), "r1 ×3");
  assert.equal(runs(model, "web"), "w1 ×2");
  assert.equal(model.units.get("api")?.committed, "r1", "nothing was committed on the way");
  assert.ok(!model.applied.some((step) => step.action === "commit"));
});

test("commits only when the whole fleet is proved", async () => {
  const model = aWorld();
  model.behaviours.set("w2", GOOD);
  const outcome = await converge(twoUnits(model).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  const firstCommit = model.applied.findIndex((step) => step.action === "commit");
  const lastStart = model.applied.findLastIndex((step) => step.action === "start");
  assert.ok(firstCommit > lastStart);
});

test("a failing job ends it before anything is rolled", async () => {
  const model = aWorld();
  model.onStep = (step) =>
    step.action === "run-job"
      ? { outcome: "failed", because: "it exited with 3", detail: ["no such table"] }
      : undefined;
  const job = aStep({ action: "run-job", unit: "migrate", from: undefined, to: "rj" });
  const plan = aPlan([job, aStep()]);
  const { request } = aRequest(model, { plan, graph: aGraph([aJob(), aService()]) });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "failed");
  assert.match(outcome.because, /migrate failed: it exited with 3; nothing was rolled/);
  assert.deepEqual(outcome.detail, ["no such table"]);
  assert.deepEqual(
    model.applied.map((step) => step.action),
    ["run-job"],
  );
});

test("a job cut short in an earlier run needs a person", async () => {
  const model = aWorld();
  const step = { action: "run-job" as const, job: "migrate", release: "rj", deadlineMs: 60_000 };
  model.journal.push({ entry: "intent", operation: "up-0", stepId: 1, step });
  model.onStep = (one) =>
    one.action === "run-job" ? { outcome: "failed", because: "cut short", detail: [] } : undefined;
  const job = aStep({ action: "run-job", unit: "migrate", from: undefined, to: "rj" });
  const { request } = aRequest(model, {
    plan: aPlan([job]),
    graph: aGraph([aJob(), aService()]),
  });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "not-rolled-back");
  assert.match(outcome.because, /half done/);
});

test("removes a unit that is no longer declared: routes, drain, stop, forget", async () => {
  const model = aWorld();
  const remove = aStep({ action: "remove", to: undefined, replicas: { from: 3, to: 0 } });
  const outcome = await converge(
    aRequest(model, { plan: aPlan([remove]), graph: aGraph([]) }).request,
  );
  assert.equal(outcome.outcome, "done", outcome.because);
  const actions = model.applied.map((step) => step.action);
  assert.deepEqual(actions, [
    "switch",
    "drain",
    "drain",
    "drain",
    "stop",
    "stop",
    "stop",
    "remove",
  ]);
  assert.equal(model.machines.size, 0);
});

test("a repair is tried again, and then a person is called with the exact state", async () => {
  const model = aWorld();
  model.machines.delete("api-3");
  model.behaviours.set("r1", { bootMs: 0 });
  let tries = 0;
  model.onStep = (step) => {
    if (step.action !== "start") return undefined;
    tries += 1;
    return { outcome: "failed", because: "no memory", detail: [] };
  };
  const repair = aStep({ action: "repair", from: "r1", to: "r1", replicas: { from: 2, to: 3 } });
  const outcome = await converge(aRequest(model, { plan: aPlan([repair]) }).request);
  assert.equal(outcome.outcome, "not-rolled-back", outcome.because);
  assert.match(outcome.because, /no memory; not brought back: api \(now api-1 r1 ready routed/);
  assert.equal(tries, 3);
  assert.equal(runs(model), "r1 ×2", "what served serves on");
});
