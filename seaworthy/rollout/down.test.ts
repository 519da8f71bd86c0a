import assert from "node:assert/strict";
import { test } from "node:test";
import { takeDown } from "./down.ts";
import { ModelTarget } from "./model-target.fixture.ts";
import { aGraph, aRequest, aService, journalled } from "./requests.fixture.ts";
import { virtualClock } from "./virtual-clock.fixture.ts";

const GRAPH = aGraph([
  aService({ name: "db" }),
  aService({ name: "api", needs: ["db"] }),
  aService({ name: "web", needs: ["api"] }),
  { kind: "edge", name: "edge" },
]);

function aSystem(): ModelTarget {
  const model = new ModelTarget(virtualClock());
  for (const name of ["db", "web", "api"]) model.serving(name, `r-${name}`, 2);
  const unit = model.units.get("db");
  assert.ok(unit !== undefined);
  model.units.set("edge", { ...unit, name: "edge", kind: "edge", instances: [] });
  return model;
}

function down(model: ModelTarget, deleteVolumes = false) {
  const { request } = aRequest(model, { graph: GRAPH });
  return takeDown({ ...request, deleteVolumes });
}

test("stops those that need others first, drained, and the edge last", async () => {
  const model = aSystem();
  const outcome = await down(model);
  assert.equal(outcome.outcome, "done", outcome.because);
  const removed = model.applied.flatMap((step) => (step.action === "remove" ? [step.unit] : []));
  assert.deepEqual(removed, ["web", "api", "db", "edge"]);
  const web = model.applied.slice(0, 6).map((step) => step.action);
  assert.deepEqual(web, ["switch", "drain", "drain", "stop", "stop", "remove"]);
  assert.equal(model.machines.size, 0);
  assert.equal(outcome.serving, "nothing runs");
  assert.ok(!model.applied.some((step) => step.action === "delete-volumes"));
});

test("deletes volumes only when asked, and only after everything is gone", async () => {
  const model = aSystem();
  const outcome = await down(model, true);
  assert.match(outcome.because, /volumes are deleted/);
  assert.equal(model.applied.at(-1)?.action, "delete-volumes");
});

test("down where nothing is, is nothing to do", async () => {
  const model = new ModelTarget(virtualClock());
  assert.equal((await down(model)).outcome, "nothing-to-do");
});

test("down where only the end of an operation is missing writes it", async () => {
  const model = new ModelTarget(virtualClock());
  const at = "2026-11-20T00:00:00.000Z";
  model.journal.push({ entry: "begin", operation: "down-0", verb: "down", at, changes: [] });
  assert.equal((await down(model)).outcome, "nothing-to-do");
  assert.equal(journalled(model).at(-1), "end");
});

test("what cannot be stopped is said, with what is left", async () => {
  const model = aSystem();
  model.onStep = (step) =>
    step.action === "stop"
      ? { outcome: "failed", because: "it will not die", detail: [] }
      : undefined;
  const outcome = await down(model);
  assert.equal(outcome.outcome, "not-rolled-back");
  assert.match(outcome.because, /web could not be emptied: it will not die; now web-/);
});

test("cut short, it is finished by the next one", async () => {
  const model = aSystem();
  const kill = new AbortController();
  model.onStep = () => {
    if (model.applied.length === 7) kill.abort(new Error("second Ctrl-C"));
    return undefined;
  };
  const { request } = aRequest(model, { graph: GRAPH, signal: kill.signal });
  const cut = await takeDown({ ...request, deleteVolumes: false });
  assert.equal(cut.outcome, "interrupted");
  const again = await down(model);
  assert.equal(again.outcome, "done", again.because);
  assert.equal(model.machines.size, 0);
});
