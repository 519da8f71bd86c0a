import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnitName } from "../plan/graph.ts";
import type { RecordKind } from "../record/store.ts";
import { ModelTarget } from "./model-target.fixture.ts";
import { aJob, aRelease, aService } from "./requests.fixture.ts";
import { rollbackGoal, type Wanted } from "./rollback.ts";
import { virtualClock } from "./virtual-clock.fixture.ts";

const R0 = aRelease("r00000000000a");
const R1 = aRelease("r00000000000b");
const R2 = aRelease("r00000000000c");

async function asked(
  change: { committed?: string; previous?: string },
  given: {
    readonly services?: readonly UnitName[];
    readonly records?: readonly unknown[];
    readonly journal?: readonly unknown[];
    readonly to?: string;
  } = {},
) {
  const { services = ["api"], records = [R0, R1], journal = [], to } = given;
  const model = new ModelTarget(virtualClock());
  model.serving("api", R1.id, 2);
  const unit = model.units.get("api");
  assert.ok(unit !== undefined);
  model.units.set("api", { ...unit, ...change });
  const described = new Map<UnitName, Wanted>([
    ["api", { release: R2, unit: aService() }],
    ["migrate", { release: R2, unit: aJob() }],
  ]);
  const read = async (kind: RecordKind) => (kind === "journal" ? journal : records);
  const store = { ...model.target.store, read };
  return await rollbackGoal({ observed: model.observed(), services, to, described, store });
}

test("goes to the release committed before the one that serves, and runs no job", async () => {
  const goal = await asked({ committed: R1.id, previous: R0.id });
  assert.ok(goal.ok);
  assert.deepEqual([...goal.value.keys()], ["api"]);
  assert.equal(goal.value.get("api")?.release.id, R0.id);
});

test("goes to the committed release where another one serves", async () => {
  const goal = await asked({ committed: R0.id });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R0.id);
});

test("leaves services that were not named on what serves", async () => {
  const goal = await asked({ committed: R1.id, previous: R0.id }, { services: [] });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id);
});

test("refuses where nothing was committed before", async () => {
  const goal = await asked({ committed: R1.id });
  assert.deepEqual(goal, {
    ok: false,
    error: `api has no committed release other than ${R1.id}`,
  });
});

test("refuses where the record of the release is gone", async () => {
  const goal = await asked({ committed: R1.id, previous: R0.id }, { records: [R1] });
  assert.deepEqual(goal, { ok: false, error: `api: the record of release ${R0.id} is gone` });
});

/** The beginning of an operation that has no end. */
const begun = (verb: string, change?: { from: string; to: string }) => ({
  ...{ entry: "begin", operation: `${verb}-1`, verb, at: "2026-11-20T00:00:00.000Z" },
  changes: change === undefined ? [] : [{ unit: "api", ...change, replicas: 2 }],
});
const DEPLOY = begun("deploy", { from: R1.id, to: R2.id });

test("reverses a deploy that died before its release took over", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const goal = await asked(change, { journal: [DEPLOY] });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id, "not the one before it");
});

test("reverses a deploy that died after its release was committed", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const step = { action: "commit", unit: "api", release: R1.id };
  const intent = { entry: "intent", operation: "deploy-1", stepId: 1, step };
  const journal = [begun("deploy", { from: R0.id, to: R1.id }), intent];
  const goal = await asked(change, { journal });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R0.id);
});

test("stays on the committed release that a drill's way back had not reached", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const goal = await asked(change, { journal: [begun("drill", { from: R2.id, to: R1.id })] });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id);
});

test("finishes a rollback that died, whichever release serves just now", async () => {
  const change = { committed: R0.id, previous: R1.id };
  const goal = await asked(change, { journal: [begun("rollback", { from: R0.id, to: R1.id })] });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id, "not back to where it came from");
});

test("finishes a rollback that died twice, the second time amid its leftovers", async () => {
  const change = { committed: R0.id, previous: R1.id };
  const first = begun("rollback", { from: R0.id, to: R1.id });
  const second = begun("rollback", { from: R1.id, to: R1.id });
  const goal = await asked(change, { journal: [first, second] });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id);
});

test("leaves alone what the operation that died did not touch", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const other = { unit: "web", from: R0.id, to: R2.id, replicas: 2 };
  const journal = [{ ...begun("deploy"), changes: [other] }];
  const both = await asked(change, { journal, services: ["api", "web"] });
  assert.ok(both.ok);
  assert.equal(both.value.get("api")?.release.id, R1.id);
  const alone = await asked(change, { journal });
  assert.ok(alone.ok);
  assert.equal(alone.value.get("api")?.release.id, R0.id, "asked for by name, it is ordinary");
});

test("leaves alone what a rollback that died had no need to change", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const journal = [DEPLOY, begun("rollback")];
  const goal = await asked(change, { journal });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id);
});

/** An operation that committed this release, and ended. */
const committing = (verb: string, release: string): readonly unknown[] => {
  const operation = `${verb}-${release}`;
  const at = "2026-11-20T00:00:00.000Z";
  const step = { action: "commit", unit: "api", release };
  return [
    { entry: "begin", operation, verb, at, changes: [] },
    { entry: "intent", operation, stepId: 1, step },
    { entry: "result", operation, stepId: 1, result: { outcome: "done" } },
    { entry: "end", operation, at, outcome: "done", because: "" },
  ];
};
/** R0 was taken back, by a rollback to R1, which serves. */
const TAKEN_BACK = [
  ...committing("up", R1.id),
  ...committing("deploy", R0.id),
  ...committing("rollback", R1.id),
];

test("never goes back to what a rollback went away from, and says how all the same", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const goal = await asked(change, { journal: TAKEN_BACK });
  assert.ok(!goal.ok);
  assert.match(goal.error, new RegExp(`^api was rolled back from ${R0.id} to ${R1.id} already; `));
  assert.ok(goal.error.endsWith(`: seaworthy rollback api --to ${R0.id}`), goal.error);
  const named = await asked(change, { journal: TAKEN_BACK, to: R0.id });
  assert.ok(named.ok);
  assert.equal(named.value.get("api")?.release.id, R0.id);
});

test("names the last one that was not taken back, where all that came after it was", async () => {
  const journal = [
    ...committing("up", R0.id),
    ...committing("deploy", R1.id),
    ...committing("deploy", R2.id),
    ...committing("rollback", R1.id),
  ];
  const records = [R0, R1, R2];
  const change = { committed: R1.id, previous: R2.id };
  const refused = await asked(change, { journal, records });
  assert.ok(!refused.ok);
  assert.match(refused.error, new RegExp(`^api was rolled back from ${R2.id} to ${R1.id} `));
  assert.ok(refused.error.endsWith(`: seaworthy rollback api --to ${R0.id}`), refused.error);
  const named = await asked(change, { journal, records, to: R0.id });
  assert.ok(named.ok);
});

test("of all services, what has no way back stays; refused where all would", async () => {
  const model = new ModelTarget(virtualClock());
  for (const name of ["api", "web"]) {
    model.serving(name, R1.id, 2);
    const unit = model.units.get(name);
    assert.ok(unit !== undefined);
    model.units.set(name, { ...unit, committed: R1.id, previous: R0.id });
  }
  const read = async (kind: RecordKind) => (kind === "journal" ? TAKEN_BACK : [R0, R1]);
  const store = { ...model.target.store, read };
  const told: string[] = [];
  const wanted = (names: readonly UnitName[], leave?: (because: string) => void) =>
    rollbackGoal({
      ...{ observed: model.observed(), services: names, store },
      described: new Map(names.map((name) => [name, { release: R2, unit: aService({ name }) }])),
      ...(leave === undefined ? {} : { leave }),
    });
  const leave = (because: string) => void told.push(because);
  const both = await wanted(["api", "web"], leave);
  assert.ok(both.ok);
  const goals = [...both.value].map(([name, { release }]) => [name, release.id]);
  assert.deepEqual(goals, [
    ["api", R1.id],
    ["web", R0.id],
  ]);
  assert.match(told.join(), /^api was rolled back from /);
  assert.equal((await wanted(["api", "web"])).ok, false, "by their names, each is asked for");
  const nothing = await wanted(["api"], leave);
  assert.match(nothing.ok ? "" : nothing.error, /^api was rolled back from /);
  assert.equal(told.length, 1);
});

test("goes to it where it was deployed again, and something else after it", async () => {
  const journal = [...TAKEN_BACK, ...committing("up", R0.id), ...committing("deploy", R1.id)];
  const goal = await asked({ committed: R1.id, previous: R0.id }, { journal });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R0.id);
});

test("a deploy that died after a rollback is reversed: to what the rollback went to", async () => {
  const journal = [...TAKEN_BACK, begun("deploy", { from: R1.id, to: R2.id })];
  const goal = await asked({ committed: R1.id, previous: R0.id }, { journal });
  assert.ok(goal.ok);
  assert.equal(goal.value.get("api")?.release.id, R1.id);
});

test("goes by name only to what was committed, and what is on record", async () => {
  const change = { committed: R1.id, previous: R0.id };
  const never = await asked(change, { to: R2.id });
  assert.deepEqual(never, {
    ok: false,
    error: `${R2.id} was never committed for api; these were: ${R1.id}, ${R0.id}`,
  });
  const gone = await asked(change, { to: R0.id, records: [R1] });
  assert.deepEqual(gone, { ok: false, error: `api: the record of release ${R0.id} is gone` });
  const older = await asked({ committed: R1.id }, { to: R0.id, journal: TAKEN_BACK });
  assert.ok(older.ok, "what the journal alone still knows");
});
