import assert from "node:assert/strict";
import { test } from "node:test";
import type { StepResult } from "../record/step.ts";
import { TargetError } from "../targets/target.ts";
import type { RolloutOutcome } from "./outcome.ts";
import {
  aGraph,
  aJob,
  aPlan,
  aRequest,
  aService,
  aStep,
  aWorld,
  runs,
} from "./requests.fixture.ts";
import { converge } from "./run.ts";

type Happens = () => StepResult | Promise<StepResult | undefined>;

/** A roll with a job before it, of which this becomes; nothing is rolled in any case. */
async function afterJob(happens: Happens, idempotent = false): Promise<RolloutOutcome> {
  const model = aWorld();
  model.onStep = (step) => (step.action === "run-job" ? happens() : undefined);
  const job = aStep({ action: "run-job", unit: "migrate", from: undefined, to: "rj" });
  const graph = aGraph([aJob({ idempotent }), aService()]);
  const outcome = await converge(aRequest(model, { plan: aPlan([job, aStep()]), graph }).request);
  assert.deepEqual(
    model.applied.map(({ action }) => action),
    ["run-job"],
    "nothing was rolled",
  );
  assert.equal(runs(model), "r1 ×3");
  assert.match(outcome.serving, /r1 still serves all traffic: 3 of 3 ready/);
  return outcome;
}

const detail = ["migrate-1 stderr | no such table"];
const fails = (): StepResult => ({ outcome: "failed", because: "it exited with 1", detail });
const killed = (): StepResult => ({
  ...{ outcome: "failed", because: "it was killed half-way", detail },
  personNeeded: true,
});

test("a job that fails: nothing is rolled, and its last words are shown", async () => {
  for (const idempotent of [false, true]) {
    const outcome = await afterJob(fails, idempotent);
    assert.equal(outcome.outcome, "failed");
    assert.match(outcome.because, /migrate failed: it exited with 1; nothing was rolled/);
    assert.deepEqual(outcome.detail, detail);
  }
});

test("a job that was killed half-way: a person decides, unless it may run again", async () => {
  const once = await afterJob(killed);
  assert.equal(once.outcome, "not-rolled-back");
  assert.match(once.because, /migrate of rj is half done/);
  assert.match(
    once.detail.join("\n"),
    /job done migrate, or seaworthy job again migrate\n.*idempotent: true/,
  );
  const again = await afterJob(killed, true);
  assert.equal(again.outcome, "failed");
  assert.match(again.because, /nothing was rolled; it may run again/);
});

test("a job that never ends, nor says that it hangs: its deadline ends the wait", async () => {
  const hangs = () => new Promise<undefined>(() => {});
  const once = await afterJob(hangs);
  assert.equal(once.outcome, "not-rolled-back", "whether it still runs nobody knows");
  assert.match(once.because, /run migrate: .*not done after 70000 ms/);
  const again = await afterJob(hangs, true);
  assert.equal(again.outcome, "failed");
});

test("a job that a target lost may have run; one that it refused has not", async () => {
  for (const error of [new Error("broke"), new TargetError("unreachable", "it hung up")]) {
    const lost = await afterJob(() => Promise.reject(error));
    assert.equal(lost.outcome, "not-rolled-back");
  }
  const refused = await afterJob(() => {
    throw new TargetError("no-such-release", "there is no release rj");
  });
  assert.equal(refused.outcome, "failed");
});
