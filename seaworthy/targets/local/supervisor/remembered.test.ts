import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "../../../record/journal.ts";
import type { Step, StepResult } from "../../../record/step.ts";
import { remembered } from "./remembered.ts";
import { emptyState } from "./state.ts";

const DONE: StepResult = { outcome: "done" };
const FAILED: StepResult = { outcome: "failed", because: "no", detail: [] };
const [R1, R2] = ["r000000000001", "r000000000002"] as const;

/** A journal of these steps; a step without a result is one whose run died in it. */
function journal(...steps: readonly (readonly [Step, StepResult?])[]): readonly JournalEntry[] {
  return steps.flatMap(([step, result], index): readonly JournalEntry[] => {
    const named = { operation: "up-1", stepId: index + 1 };
    const intent = { entry: "intent", ...named, step } as const;
    return result === undefined ? [intent] : [intent, { entry: "result", ...named, result }];
  });
}

const commit = (release: string): Step => ({ action: "commit", unit: "web", release });
const runJob = (release: string): Step => ({
  ...{ action: "run-job", job: "migrate", release, deadlineMs: 1_000 },
});

test("knows what was committed, what was before it, and only what was seen done", () => {
  const steps = journal([commit(R1), DONE], [commit(R1), DONE], [commit(R2), DONE], [commit("r3")]);
  const { releases } = remembered("owner", steps);
  assert.deepEqual(releases["web"], { committed: R2, previous: R1 });
});

test("knows which jobs ran to their end, and which nobody saw end", () => {
  const steps = journal([runJob(R1), DONE], [runJob(R2)], [runJob("r3"), FAILED]);
  const { jobs } = remembered("owner", steps);
  assert.equal(jobs[`migrate ${R1}`]?.outcome, "done");
  assert.equal(jobs[`migrate ${R2}`]?.outcome, "unknown", "half done: a person must decide");
  assert.equal(jobs["migrate r3"]?.outcome, "failed");
});

test("knows what a person decided about a job", () => {
  const settle = (as: "done" | "again", release: string): Step => ({
    ...{ action: "settle-job", job: "migrate", release, as },
  });
  const steps = journal(
    ...([[runJob(R1)], [settle("done", R1), DONE]] as const),
    ...([[runJob(R2)], [settle("again", R2), DONE]] as const),
  );
  const { jobs } = remembered("owner", steps);
  assert.equal(jobs[`migrate ${R1}`]?.outcome, "done");
  assert.equal(jobs[`migrate ${R2}`], undefined);
});

test("gives no number of an instance twice, also where its start was not seen to end", () => {
  const start = (instance: string): Step => ({
    ...{ action: "start", unit: "web", instance, release: R1 },
  });
  const { nextInstance } = remembered("owner", journal([start("web-4"), DONE], [start("web-7")]));
  assert.equal(nextInstance["web"], 8);
});

test("forgets what was removed, and with the volumes what was done to them", () => {
  const removed = journal([commit(R1), DONE], [{ action: "remove", unit: "web" }, DONE]);
  assert.deepEqual(remembered("owner", removed).releases, {});
  const deleted = journal([runJob(R1), DONE], [{ action: "delete-volumes" }, DONE]);
  assert.deepEqual(remembered("owner", deleted).jobs, {});
});

test("an empty journal is an empty state", () => {
  assert.deepEqual(remembered("owner", []), emptyState("owner"));
});
