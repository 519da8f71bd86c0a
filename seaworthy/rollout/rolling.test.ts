import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Situation } from "./goal.ts";
import { anyNature, good, histories, type History, QUIET } from "./history.fixture.ts";
import { type Machine, play, type Told } from "./model-run.fixture.ts";
import type { Nature } from "./model-world.fixture.ts";
import { positionOf } from "./resume.ts";
import { decide, type Decision } from "./rolling.ts";

/**
 * `CHAOS_SEED` and `CHAOS_ROUNDS` play other and longer games; a history that fails is printed with
 * its seed and path, shrunk, and plays the same again.
 */
const SEED = Number(process.env["CHAOS_SEED"] ?? "20261120");
const RUNS = Number(process.env["CHAOS_ROUNDS"] ?? "600");

const REAL: Machine = { decide, position: positionOf };

/** The runner died after its commit: what dies then is replaced, never a reason to go back. */
function isRepair({ goal }: Told): boolean {
  return goal.from === goal.to && goal.proof === "readiness" && goal.renewFrom === undefined;
}

/** Nothing more can be done, and it is no fault of the machine's. */
function mayGiveUp(told: Told, history: History): boolean {
  if (told.refusedLate > 0) return true;
  const diedAfterProof = told.phase === "committing" || told.phase === "finishing";
  // What is restarted cannot be started again: neither the new ones nor the old.
  const isAllThereIs = isRepair(told) || diedAfterProof || history.kind === "restart";
  return isAllThereIs && history.fresh.fate !== "good";
}

function holds(told: Told, history: History): void {
  const instances = [...told.world.processes.values()];
  const { goal } = told;
  const [release, count] =
    told.end === "new"
      ? [goal.to, goal.replicas.to]
      : [goal.from, goal.from === undefined ? 0 : goal.replicas.from];
  const others = instances.filter(
    (one) => one.release !== release || !(one.routed || one.isolated !== undefined),
  );
  assert.deepEqual(others, [], "nothing is left over");
  assert.equal(instances.length, count, "as many as wanted");
  const isAsItWas = history.kind === "scale" || isRepair(told);
  const isolated = instances.filter((one) => one.isolated !== undefined);
  if (!isAsItWas) assert.deepEqual(isolated, [], "what was isolated is replaced");
  const { renewFrom } = goal;
  if (told.end === "new" && renewFrom !== undefined) {
    const kept = instances.filter(({ id }) => Number(id.split("-")[1]) < renewFrom);
    assert.deepEqual(kept, [], "every one is another one");
  }
  if (told.end === "new" && history.kind !== "scale") assert.equal(told.world.committed, goal.to);
  if (told.end === "old") assert.equal(told.world.committed, goal.from);
}

test(`keeps its promises in ${RUNS} histories of seed ${SEED}, and ends all new or all old`, () => {
  const property = fc.property(histories(), (history) => {
    const told = play(history, REAL);
    if (told.end === "gave-up" && mayGiveUp(told, history)) return;
    assert.notEqual(told.end, "gave-up", "the old release can always be started here");
    holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

const WELL: Partial<History> = {
  judged: ["pass"],
  oldDiesAt: undefined,
  refusals: [],
  forgets: false,
};

test("a good release ends all new and committed, wherever the runner dies", () => {
  const property = fc.property(histories(good), (history) => {
    const told = play({ ...history, ...WELL }, REAL);
    assert.equal(told.end, "new");
    holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("a release that never gets ready ends all old, wherever the runner dies", () => {
  const never = good.map((nature): Nature => ({ ...nature, fate: "never-ready" }));
  const property = fc.property(histories(never), (history) => {
    const told = play({ ...history, kind: "roll", refusals: [] }, REAL);
    assert.equal(told.end, "old");
    holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("gives up, and ends, where the old release cannot be started either", () => {
  const property = fc.property(histories(), (history) => {
    const old: Nature = { bootTicks: 1, fate: "never-ready" };
    const told = play({ ...history, old }, REAL);
    if (told.end !== "gave-up" && !isRepair(told)) holds(told, history);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("a canary is judged at every step, whoever died, and once more when it is all", () => {
  const property = fc.property(histories(good), (history) => {
    const roll = { ...history, ...WELL, kind: "roll", strategy: "canary" } as const;
    const told = play(roll, REAL);
    assert.equal(told.end, "new");
    assert.ok(told.judgements >= history.shares.length + 1, `${told.judgements} judgements`);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

/** Which releases each switch routed, in order, without repeats. */
function sets({ steps }: Told): readonly string[] {
  const texts = steps.flatMap((step) =>
    step.action === "switch"
      ? [`${step.instances.join()}${step.shares === undefined ? "" : ` ${step.shares["r2"]}`}`]
      : [],
  );
  return texts.filter((text, index) => text !== texts[index - 1]);
}

test("blue-green: all new ones beside all old ones, then one switch", () => {
  const told = play({ ...QUIET, strategy: "blue-green" }, REAL);
  assert.deepEqual(sets(told), ["api-4,api-5,api-6"]);
  assert.equal(told.end, "new");
});

test("blue-green goes back in one switch to the old ones, which stayed warm", () => {
  const told = play({ ...QUIET, strategy: "blue-green", judged: ["fail"] }, REAL);
  assert.deepEqual(sets(told), ["api-4,api-5,api-6", "api-1,api-2,api-3"]);
  assert.equal(told.steps.filter(({ action }) => action === "start").length, 3);
  assert.equal(told.end, "old");
});

test("a canary gets its shares, then the rest is rolled", () => {
  const told = play({ ...QUIET, strategy: "canary" }, REAL);
  const [first, second] = sets(told);
  assert.equal(first, "api-4,api-1,api-2,api-3 0.05");
  assert.equal(second, "api-4,api-1,api-2,api-3 0.25");
  assert.equal(sets(told).at(-1), "api-4,api-5,api-6");
  assert.equal(told.judgements, 3);
});

test("a canary that is aborted loses its requests first, and is stopped then", () => {
  const told = play({ ...QUIET, strategy: "canary", judged: ["pass", "fail"] }, REAL);
  assert.equal(told.end, "old");
  const back = told.steps.findIndex(
    (step) => step.action === "switch" && step.instances.join() === "api-1,api-2,api-3",
  );
  const stop = told.steps.findIndex((step) => step.action === "stop");
  assert.ok(back > 0 && back < stop);
  assert.deepEqual([...told.world.processes.keys()], ["api-1", "api-2", "api-3"]);
});

test("a large share takes the place of old instances: never more than replicas and surge", () => {
  const four = { ...QUIET, replicas: 4, before: 4 };
  const told = play({ ...four, strategy: "canary", shares: [0.75] }, REAL);
  assert.equal(sets(told)[0], "api-5,api-1,api-2,api-3 0.25");
  assert.ok(sets(told).includes("api-5,api-6,api-7,api-1,api-2 0.75"), sets(told).join(" · "));
  assert.equal(told.end, "new");
});

test("a restart makes every instance another one of the same release", () => {
  const told = play({ ...QUIET, kind: "restart" }, REAL);
  assert.deepEqual([...told.world.processes.keys()], ["api-4", "api-5", "api-6"]);
  assert.equal(told.judgements, 0);
});

test("an isolated instance stays apart where nothing is replaced, and goes with a roll", () => {
  const isolated = { ...QUIET, isolated: true } as const;
  const scaled = play({ ...isolated, kind: "scale", replicas: 4 }, REAL);
  assert.deepEqual(sets(scaled), ["api-2,api-3,api-4"]);
  assert.deepEqual([...scaled.world.processes.keys()], ["api-1", "api-2", "api-3", "api-4"]);
  const down = play({ ...isolated, kind: "scale", replicas: 2 }, REAL);
  assert.deepEqual([...down.world.processes.keys()], ["api-2", "api-3"]);
  const rolled = play(isolated, REAL);
  assert.deepEqual([...rolled.world.processes.keys()], ["api-4", "api-5", "api-6"]);
});

test("goes back to the warm instances first", () => {
  const told = play({ ...QUIET, judged: ["fail"] }, REAL);
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
  const told = play({ ...QUIET, kind: "create" }, REAL);
  const switches = told.steps.filter((step) => step.action === "switch");
  assert.deepEqual(switches, [
    { action: "switch", unit: "api", instances: ["api-1", "api-2", "api-3"] },
  ]);
});

test("scaling down lets the newest go: the oldest have been tried the longest", () => {
  const told = play({ ...QUIET, kind: "scale", before: 5 }, REAL);
  assert.deepEqual([...told.world.processes.keys()], ["api-1", "api-2", "api-3"]);
});

test("the commit stands before anything old is stopped", () => {
  for (const strategy of ["rolling", "blue-green", "canary"] as const) {
    const { steps } = play({ ...QUIET, strategy }, REAL);
    const commit = steps.findIndex(({ action }) => action === "commit");
    const lastWarm = steps.findLastIndex(({ action }) => action === "stop");
    assert.ok(commit >= 0 && commit < lastWarm, strategy);
  }
});

/** Machines with one promise taken out: each must be caught, or the properties prove nothing. */
const WRONG: Readonly<Record<string, { machine: Machine; says: RegExp }>> = {
  "switches before ready": {
    machine: changed((situation) => decide({ ...situation, world: allReady(situation) })),
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
    machine: changed(({ goal, ...situation }) => {
      const strategy = { ...goal.strategy, surge: goal.strategy.surge + 1 };
      return decide({ ...situation, goal: { ...goal, strategy } });
    }),
    says: /instances, limit/,
  },
  "forgets to commit": {
    machine: altered((decision) =>
      steps(decision, (step) => (step.action === "commit" ? [] : [step])),
    ),
    says: /no end within|committed|gave-up|Expected|before the commit/,
  },
  "stops the old before it commits": {
    machine: altered((decision, { memory }) =>
      memory.phase === "committing" && decision.kind === "steps" ? { kind: "held" } : decision,
    ),
    says: /before the commit|Expected/,
  },
  "never turns back": {
    machine: altered((decision) =>
      decision.kind === "reverse" ? { kind: "wait", on: "better days" } : decision,
    ),
    says: /no end within/,
  },
  "believes what it sees of the routes": {
    machine: changed((situation) =>
      decide({ ...situation, memory: { ...situation.memory, mayBeRouted: new Set() } }),
    ),
    says: /which is routed/,
  },
  "starts again what does not show yet": {
    machine: changed(({ memory, ...situation }) => {
      const shown = situation.world.instances.map(({ id }) => id);
      const started = new Map([...memory.started].filter(([id]) => shown.includes(id)));
      return decide({ ...situation, memory: { ...memory, started } });
    }),
    says: /instances, limit/,
  },
  "gives a canary twice its share": {
    machine: altered((decision) =>
      steps(decision, (step) =>
        step.action === "switch" && step.shares !== undefined
          ? [{ ...step, shares: { r2: Math.min(1, 2 * (step.shares["r2"] ?? 0)) } }]
          : [step],
      ),
    ),
    says: /is above/,
  },
  "leaves the weights to the number of instances": {
    machine: altered((decision) =>
      steps(decision, (step) => {
        if (step.action !== "switch") return [step];
        const { shares: _shares, ...alike } = step;
        return [alike];
      }),
    ),
    says: /is above/,
  },
  "gives one canary the part of many": {
    machine: altered((decision, { goal, memory }) =>
      steps(decision, (step) => {
        const share = goal.strategy.shares[memory.passed];
        const isTried = step.action === "switch" && step.shares !== undefined;
        return isTried && share !== undefined ? [{ ...step, shares: { r2: share } }] : [step];
      }),
    ),
    says: /one carries/,
  },
  "promotes a canary that nobody judged": {
    machine: changed(({ goal, ...situation }) => {
      const strategy = { ...goal.strategy, shares: [] };
      return decide({ ...situation, goal: { ...goal, strategy } });
    }),
    says: /is above|carries/,
  },
  "takes any share it finds for a promise": {
    machine: {
      decide,
      position: (goal) => ({ passed: goal.strategy.shares.length, isExplained: true }),
    },
    says: /is above|carries/,
  },
  "routes what a person isolated": {
    machine: changed(({ world, ...situation }) => {
      const instances = world.instances.map((one) => ({ ...one, isolated: undefined }));
      return decide({ ...situation, world: { ...world, instances } });
    }),
    says: /isolated/,
  },
  "takes the old ones for restarted": {
    machine: changed(({ goal, ...situation }) =>
      decide({ ...situation, goal: { ...goal, renewFrom: undefined } }),
    ),
    says: /another one/,
  },
};

for (const [name, { machine, says }] of Object.entries(WRONG)) {
  test(`the properties catch a machine that ${name}`, () => {
    const property = fc.property(histories(anyNature), (history) => {
      const told = play(history, machine);
      assert.ok(told.end !== "gave-up" || mayGiveUp(told, history), "gave-up");
      if (told.end !== "gave-up") holds(told, history);
    });
    const found = fc.check(property, { numRuns: RUNS, seed: SEED });
    assert.ok(found.failed, "no history shows it");
    assert.match(String(found.errorInstance), says);
  });
}

function changed(change: (situation: Situation) => Decision): Machine {
  return { ...REAL, decide: change };
}

function allReady({ world }: Situation): Situation["world"] {
  const instances = world.instances.map((one) =>
    one.state === "starting" ? { ...one, state: "ready" as const } : one,
  );
  return { ...world, instances };
}

function altered(change: (decision: Decision, situation: Situation) => Decision): Machine {
  return changed((situation) => change(decide(situation), situation));
}

type Steps = Extract<Decision, { kind: "steps" }>["steps"];

function steps(decision: Decision, change: (step: Steps[number]) => Steps): Decision {
  if (decision.kind !== "steps") return decision;
  const changes = decision.steps.flatMap(change);
  return changes.length === 0 ? { kind: "wait", on: "nothing" } : { kind: "steps", steps: changes };
}
