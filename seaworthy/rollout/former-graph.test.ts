import assert from "node:assert/strict";
import { test } from "node:test";
import { anEdge } from "../targets/declared.ts";
import { aGraph, aRequest, aService, aWorld } from "./requests.fixture.ts";
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
