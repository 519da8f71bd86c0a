import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EASE, hardships } from "./hardship.fixture.ts";
import { checkEnd, live } from "./ordeal.fixture.ts";

/**
 * The whole rollout, on a target that fails, lags and lies, by every strategy. `CHAOS_SEED` and
 * `CHAOS_ROUNDS` play other and longer games; a history that fails is printed with its seed and
 * path, shrunk, and plays the same again.
 */
const SEED = Number(process.env["CHAOS_SEED"] ?? "20261120");
const RUNS = Number(process.env["CHAOS_ROUNDS"] ?? "500");

test(`every word at the end is true of the world, ${RUNS} hardships of seed ${SEED}`, async () => {
  const property = fc.asyncProperty(hardships, async (hardship) => {
    checkEnd(await live(hardship), hardship);
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("a word that is not true of the world is noticed", async () => {
  const ended = await live(EASE);
  assert.equal(ended.outcome.outcome, "done", ended.outcome.because);
  checkEnd(ended, EASE);
  for (const outcome of ["rolled-back", "could-not-verify", "not-rolled-back"] as const) {
    const lie = { ...ended, outcome: { ...ended.outcome, outcome } };
    assert.throws(() => checkEnd(lie, EASE), outcome);
  }
  ended.model.serving("api", "r1", 1);
  assert.throws(() => checkEnd(ended, EASE), /done/, "a leftover");
});
