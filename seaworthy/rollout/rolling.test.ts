import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Situation } from "./goal.ts";
import { type History, type Machine, play, type Told } from "./model-run.fixture.ts";
import type { Nature } from "./model-world.fixture.ts";
import { decide, type Decision } from "./rolling.ts";

const RUNS = 250;
const SEED = 20_261_120;

const good: fc.Arbitrary<Nature> = fc.record({
  bootTicks: fc.integer({ min: 0, max: 20 }),
  fate: fc.constant("good" as const),
});
const anyNature: fc.Arbitrary<Nature> = fc.record({
  bootTicks: fc.integer({ min: 0, max: 20 }),
  fate: fc.constantFrom<Nature["fate"][]>(
    "good",
    "never-ready",
    "dies-booting",
    "dies-serving",
    "crashes",
    "no-start",
  ),
});

function histories(fresh: fc.Arbitrary<Nature>): fc.Arbitrary<History> {
  return fc.record({
    before: fc.integer({ min: 1, max: 5 }),
    replicas: fc.integer({ min: 1, max: 5 }),
    surge: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom<History["kind"][]>("roll", "create", "scale"),
    fresh,
    old: good,
    oldDiesAt: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined, freq: 4 }),
    bake: fc.constantFrom<History["bake"][]>("pass", "pass", "fail", "inconclusive"),
    crashes: fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 3 }),
    lag: fc.integer({ min: 0, max: 3 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
}

/** The runner died after its commit: what dies then is replaced, never a reason to go back. */
function isRepair({ goal }: Told): boolean {
  return goal.from === goal.to && goal.proof === "readiness";
}

function diedAfterProof(told: Told): boolean {
  return told.end === "gave-up" && told.phase === "finishing";
}

function holds(told: Told, history: History): void {
  const instances = [...told.world.processes.values()];
  const { goal } = told;
  const [release, count] =
    told.end === "new"
      ? [goal.to, goal.replicas.to]
      : [goal.from, goal.from === undefined ? 0 : goal.replicas.from];
  const others = instances.filter((one) => one.release !== release || !one.routed);
  assert.deepEqual(others, [], "nothing is left over");
  assert.equal(instances.length, count, "as many as wanted");
  if (told.end === "new" && history.kind !== "scale") assert.equal(told.world.committed, goal.to);
  if (told.end === "old") assert.equal(told.world.committed, goal.from);
}

test("keeps its promises in every history and ends all new or all old", () => {
  const property = fc.property(histories(anyNature), (history) => {
    const told = play(history, decide);
    if (isRepair(told) || diedAfterProof(told)) return;
    assert.notEqual(told.end, "gave-up", "the old release can always be started here");
    holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("a good release ends all new and committed, wherever the runner dies", () => {
  const property = fc.property(histories(good), (history) => {
    const told = play({ ...history, bake: "pass", oldDiesAt: undefined }, decide);
    assert.equal(told.end, "new");
    holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("a release that never gets ready ends all old, wherever the runner dies", () => {
  const never = good.map((nature): Nature => ({ ...nature, fate: "never-ready" }));
  const property = fc.property(histories(never), (history) => {
    const told = play({ ...history, kind: "roll" }, decide);
    assert.equal(told.end, "old");
    holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("gives up, and ends, where the old release cannot be started either", () => {
  const property = fc.property(histories(anyNature), (history) => {
    const old: Nature = { bootTicks: 1, fate: "never-ready" };
    const told = play({ ...history, old }, decide);
    if (told.end !== "gave-up" && !isRepair(told)) holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("goes back to the warm instances first", () => {
  const told = play({ ...QUIET, bake: "fail" }, decide);
  const isBack = (step: (typeof told.steps)[number]): boolean =>
    step.action === "switch" && step.instances.includes("api-1");
  const allNew = told.steps.findLastIndex(
    (step) => step.action === "switch" && step.instances.join() === "api-4,api-5,api-6",
  );
  const routedBack = told.steps.findIndex((step, index) => index > allNew && isBack(step));
  const startedBack = told.steps.findIndex(
    (step) => step.action === "start" && step.release === "r1",
  );
  assert.equal(told.end, "old");
  assert.ok(allNew >= 0 && allNew < routedBack && routedBack < startedBack);
});

test("a first release is switched in once, when all of it is ready", () => {
  const told = play({ ...QUIET, kind: "create" }, decide);
  const switches = told.steps.filter((step) => step.action === "switch");
  assert.deepEqual(switches, [
    { action: "switch", unit: "api", instances: ["api-1", "api-2", "api-3"] },
  ]);
});

test("scaling down lets the newest go: the oldest have been tried the longest", () => {
  const told = play({ ...QUIET, kind: "scale", before: 5 }, decide);
  assert.deepEqual([...told.world.processes.keys()], ["api-1", "api-2", "api-3"]);
});

const QUIET: History = {
  before: 3,
  replicas: 3,
  surge: 1,
  kind: "roll",
  fresh: { bootTicks: 5, fate: "good" },
  old: { bootTicks: 5, fate: "good" },
  oldDiesAt: undefined,
  bake: "pass",
  crashes: [],
  lag: 0,
  seed: 1,
};

/** Machines with one promise taken out: each must be caught, or the properties prove nothing. */
const WRONG: Readonly<Record<string, { machine: Machine; says: RegExp }>> = {
  "switches before ready": {
    machine: (situation) => decide({ ...situation, world: allReady(situation) }),
    says: /is routed and not ready|was never waited for|capacity|switch lowers/,
  },
  "takes the old out at once": {
    machine: altered((decision, { goal }) =>
      steps(decision, (step) =>
        step.action === "start"
          ? [step, { action: "switch", unit: goal.unit, instances: [] }]
          : [step],
      ),
    ),
    says: /switch lowers|capacity/,
  },
  "stops without draining": {
    machine: altered((decision, { goal }) =>
      steps(decision, (step) =>
        step.action === "drain"
          ? [{ action: "stop", instance: step.instance, graceMs: goal.limits.stopMs }]
          : [step],
      ),
    ),
    says: /requests in flight/,
  },
  "starts one too many": {
    machine: (situation) =>
      decide({ ...situation, goal: { ...situation.goal, surge: situation.goal.surge + 1 } }),
    says: /instances, limit/,
  },
  "forgets to commit": {
    machine: altered((decision) =>
      steps(decision, (step) => (step.action === "commit" ? [] : [step])),
    ),
    says: /no end within|committed|gave-up|Expected/,
  },
  "never turns back": {
    machine: altered((decision) =>
      decision.kind === "reverse" ? { kind: "wait", on: "better days" } : decision,
    ),
    says: /no end within/,
  },
};

for (const [name, { machine, says }] of Object.entries(WRONG)) {
  test(`the properties catch a machine that ${name}`, () => {
    const property = fc.property(histories(anyNature), (history) => {
      const told = play(history, machine);
      assert.notEqual(told.end, "gave-up", "gave-up");
      holds(told, history);
    });
    const found = fc.check(property, { numRuns: RUNS, seed: SEED });
    assert.ok(found.failed, "no history shows it");
    assert.match(String(found.errorInstance), says);
  });
}

function allReady({ world }: Situation): Situation["world"] {
  const instances = world.instances.map((one) =>
    one.state === "starting" ? { ...one, state: "ready" as const } : one,
  );
  return { ...world, instances };
}

function altered(change: (decision: Decision, situation: Situation) => Decision): Machine {
  return (situation) => change(decide(situation), situation);
}

type Steps = Extract<Decision, { kind: "steps" }>["steps"];

function steps(decision: Decision, change: (step: Steps[number]) => Steps): Decision {
  if (decision.kind !== "steps") return decision;
  const changed = decision.steps.flatMap(change);
  return changed.length === 0 ? { kind: "wait", on: "nothing" } : { kind: "steps", steps: changed };
}
