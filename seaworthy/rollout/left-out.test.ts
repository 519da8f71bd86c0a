import assert from "node:assert/strict";
import { test } from "node:test";
import { aRequest, aWorld, GOOD, runs } from "./requests.fixture.ts";
import { converge } from "./run.ts";

/** From when it takes requests. */
const COLD = { fromMs: 1, toMs: 5_000 };
const AGAIN = { fromMs: 6_000, toMs: 16_000 };
/** Much sooner than the deadline of a roll, which is what would end it otherwise. */
const SOON_MS = 20_000;

test("a roll turns back when the edge leaves out what is new a second time", async () => {
  const model = aWorld({ ...GOOD, ejections: [COLD, AGAIN] });
  const fromMs = model.clock.now();
  const outcome = await converge(aRequest(model).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  const says = /api-\d of the new release was left out by the edge: it is slow \(2 times\)/;
  assert.match(outcome.because, says);
  assert.equal(runs(model), "r1 ×3");
  assert.ok(model.clock.now() - fromMs < SOON_MS, `${model.clock.now() - fromMs} ms`);
});

test("one that is left out once while it rolls is waited for", async () => {
  const model = aWorld({ ...GOOD, ejections: [COLD] });
  const outcome = await converge(aRequest(model).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
});

test("where what served before is left out too, that says nothing of what is new", async () => {
  const model = aWorld({ ...GOOD, ejections: [COLD, { ...AGAIN, toMs: 8_000 }] });
  // They have served for a minute when it begins.
  model.behaviours.set("r1", { bootMs: 0, ejections: [{ fromMs: 62_000, toMs: 63_000 }] });
  const outcome = await converge(aRequest(model).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
});
