import assert from "node:assert/strict";
import { test } from "node:test";
import { anEdge } from "../targets/declared.ts";
import {
  aGraph,
  aPlan,
  aRequest,
  aService,
  aStep,
  aWorld,
  GOOD,
  runs,
} from "./requests.fixture.ts";
import { converge } from "./run.ts";

const OLD = { ...aGraph([aService()]), edge: anEdge({ routes: [] }) };
const NEW = { ...OLD, edge: anEdge() };

test("what goes back has the edge of before", async () => {
  const model = aWorld({ bootMs: 0, neverReady: true });
  model.graph = OLD;
  const outcome = await converge(aRequest(model, { graph: NEW }).request);
  assert.equal(outcome.outcome, "rolled-back");
  assert.deepEqual(model.graph.edge, OLD.edge);
});

test("also after a run that died when it had defined the new one", async () => {
  const model = aWorld({ bootMs: 0, neverReady: true });
  model.graph = OLD;
  model.onStep = () => {
    model.lost.abort(new Error("it died"));
    return undefined;
  };
  const died = await converge(aRequest(model, { graph: NEW }).request);
  assert.equal(died.outcome, "interrupted");
  model.onStep = () => undefined;
  const signal = new AbortController().signal;
  const again = aRequest(model, { graph: NEW, signal, operation: "up-2" });
  const outcome = await converge(again.request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.deepEqual(model.graph.edge, OLD.edge);
});

/** A good roll of r2 that dies as soon as the target was told this. */
async function dieAfter(action: "switch" | "commit") {
  const model = aWorld(GOOD);
  model.graph = OLD;
  let isOver = false;
  model.onStep = (step) => {
    if (isOver) model.lost.abort(new Error("it died"));
    isOver ||= step.action === action;
    return undefined;
  };
  const died = await converge(aRequest(model, { graph: NEW }).request);
  assert.equal(died.outcome, "interrupted", died.because);
  model.onStep = () => undefined;
  return model;
}

test("what was committed before the run died keeps the edge it was proved with", async () => {
  const model = await dieAfter("commit");
  assert.equal(model.units.get("api")?.committed, "r2");
  model.behaviours.set("r3", { bootMs: 0, neverReady: true });
  const next = aRequest(model, {
    graph: { ...NEW, edge: anEdge({ routes: [] }) },
    plan: aPlan([aStep({ from: "r2", to: "r3" })]),
    signal: new AbortController().signal,
    operation: "up-2",
  });
  const outcome = await converge(next.request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.deepEqual(model.graph?.edge, NEW.edge);
});

test("a way back that stays on what the dead run brought keeps that one's edge", async () => {
  const model = await dieAfter("switch");
  model.behaviours.set("r1", { bootMs: 0, neverReady: true });
  const back = aRequest(model, {
    graph: OLD,
    plan: aPlan([aStep({ from: "r2", to: "r1" })]),
    signal: new AbortController().signal,
    operation: "rollback-2",
    verb: "rollback",
  });
  const outcome = await converge(back.request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.deepEqual(model.graph?.edge, NEW.edge);
});
