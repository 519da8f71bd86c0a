import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "../record/journal.ts";
import type { ObservedUnit } from "./observed.ts";
import { restartPlan } from "./restart.ts";
import {
  anInstance,
  applied,
  aService,
  EMPTY_WORLD,
  graphOf,
  observe,
  releasesFor,
} from "./world.fixture.ts";
import { diff } from "./diff.ts";

const GRAPH = graphOf({ services: { api: aService(), web: aService() } });

/** A system that serves, changed as told, and what a restart of its `api` would be. */
function restarted(
  change: (unit: ObservedUnit) => Partial<ObservedUnit> = () => ({}),
  journal: readonly JournalEntry[] = [],
) {
  const releases = releasesFor(GRAPH);
  const first = { graph: GRAPH, observed: observe(EMPTY_WORLD), releases, provenObjectives: [] };
  const world = applied(diff(first), GRAPH, EMPTY_WORLD);
  const api = world.units.get("api");
  assert.ok(api);
  const units = new Map(world.units).set("api", { ...api, ...change(api) });
  const observed = observe({ ...world, units });
  return restartPlan({ graph: GRAPH, observed, services: ["api"], journal });
}

function begun(renewFrom: number): JournalEntry {
  const change = { unit: "api", from: "r-api-1", to: "r-api-1", replicas: 2, renewFrom };
  const at = "2026-11-20T00:00:00.000Z";
  return { entry: "begin", operation: "restart-1", verb: "restart", at, changes: [change] };
}

test("replaces every instance that is there, and loses no evidence", () => {
  const plan = restarted();
  assert.ok(plan.ok);
  const [step] = plan.value.steps;
  assert.equal(step?.action, "restart");
  assert.equal(step?.renewFrom, 3);
  assert.deepEqual(step?.replicas, { from: 2, to: 2 });
  assert.deepEqual([step?.from, step?.to], ["r-api-1", "r-api-1"]);
  assert.equal(plan.value.expect.extraInstances, 1);
  assert.deepEqual(plan.value.losesEvidence, []);
});

test("goes on with a restart that died, and begins anew after one that had done it all", () => {
  const half = restarted(
    ({ instances }) => ({
      instances: [
        ...instances.slice(1),
        anInstance({ id: "api-3", unit: "api", release: "r-api-1", routed: false }),
      ],
      nextInstance: 4,
    }),
    [begun(3)],
  );
  assert.ok(half.ok, half.ok ? "" : half.error);
  assert.equal(half.value.steps[0]?.renewFrom, 3);
  assert.match(half.value.steps[0]?.reason ?? "", /1 are left of a restart that died/);
  const whole = restarted(() => ({ nextInstance: 5 }), [begun(1)]);
  assert.ok(whole.ok);
  assert.equal(whole.value.steps[0]?.renewFrom, 5);
});

const REFUSED: Readonly<Record<string, (unit: ObservedUnit) => Partial<ObservedUnit>>> = {
  "a release that was never proved": () => ({ committed: "r-api-0" }),
  "two releases": ({ instances }) => ({
    instances: [...instances, anInstance({ id: "api-9", unit: "api", release: "r-api-2" })],
  }),
  "an instance in no route": ({ instances }) => ({
    instances: [
      ...instances,
      anInstance({ id: "api-9", unit: "api", release: "r-api-1", routed: false }),
    ],
  }),
};

for (const [what, change] of Object.entries(REFUSED)) {
  test(`refuses where ${what} is there: up comes first`, () => {
    const plan = restarted(change);
    assert.equal(plan.ok, false);
    assert.match(plan.ok ? "" : plan.error, /api is half-way to another state: seaworthy up/);
  });
}

test("refuses what is no service, and what does not run", () => {
  const observed = observe(EMPTY_WORLD);
  const asked = (name: string) =>
    restartPlan({ graph: GRAPH, observed, services: [name], journal: [] });
  assert.deepEqual(asked("nobody"), { ok: false, error: "no service nobody runs here" });
  assert.deepEqual(asked("api"), { ok: false, error: "no service api runs here" });
  const empty = restarted(() => ({ instances: [], committed: undefined }));
  assert.deepEqual(empty, { ok: false, error: "nothing of api runs here" });
});

test("what a person isolated is replaced with the others", () => {
  const plan = restarted(({ instances: [first, ...rest] }) => ({
    instances: first === undefined ? [] : [{ ...first, routed: false, isolated: "slow" }, ...rest],
  }));
  assert.ok(plan.ok);
  assert.deepEqual(plan.value.steps[0]?.replicas, { from: 2, to: 2 });
});
