import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diff, type DiffInput } from "./diff.ts";
import type { Graph } from "./graph.ts";
import type { ObservedInstance, ObservedUnit } from "./observed.ts";
import type { Plan } from "./plan.ts";
import {
  anInstance,
  applied,
  aService,
  EMPTY_WORLD,
  graphOf,
  observe,
  releasesFor,
  type World,
} from "./world.fixture.ts";

const run = { build: "./m", command: ["node", "migrate.ts"] };

function planFor(graph: Graph, world: World, change: Partial<DiffInput> = {}): Plan {
  const releases = releasesFor(graph);
  return diff({ graph, observed: observe(world), releases, provenObjectives: [], ...change });
}

function settled(graph: Graph, version = "1"): World {
  const plan = planFor(graph, EMPTY_WORLD, { releases: releasesFor(graph, version) });
  return applied(plan, graph, EMPTY_WORLD);
}

function changed(world: World, name: string, change: (unit: ObservedUnit) => ObservedUnit): World {
  const unit = world.units.get(name);
  assert.ok(unit);
  return { ...world, units: new Map(world.units).set(name, change(unit)) };
}

function brief(plan: Plan): readonly string[] {
  return plan.steps.map(
    ({ action, unit, replicas }) => `${action} ${unit} ${replicas.from}→${replicas.to}`,
  );
}

test("a first plan creates: jobs first, then what others need, the edge last", () => {
  const graph = graphOf({
    services: {
      api: aService({ env: { Z: { ref: "zoo" } } }),
      zoo: aService(),
    },
    jobs: { migrate: { run } },
    edge: { routes: { "/": "api" } },
  });
  const plan = planFor(graph, EMPTY_WORLD);
  assert.deepEqual(brief(plan), [
    "run-job migrate 0→0",
    "create zoo 0→2",
    "create api 0→2",
    "create edge 0→1",
  ]);
  assert.equal(plan.expect.failedRequests, 0);
  assert.ok(plan.expect.seconds > 0);
  assert.deepEqual(
    plan.steps.map(({ id }) => id),
    ["s1", "s2", "s3", "s4"],
  );
});

test("a new release rolls; its job runs once per release, and never again", () => {
  const graph = graphOf({ services: { api: aService() }, jobs: { migrate: { run } } });
  const world = settled(graph);
  const second = releasesFor(graph, "2");
  const plan = planFor(graph, world, { releases: second, provenObjectives: ["errors"] });
  assert.deepEqual(brief(plan), ["run-job migrate 0→0", "roll api 2→2"]);
  assert.deepEqual([plan.steps[1]?.from, plan.steps[1]?.to], ["r-api-1", "r-api-2"]);
  assert.deepEqual(plan.losesEvidence, ["errors"]);
  assert.equal(plan.expect.extraInstances, 1);
  const back = applied(plan, graph, world);
  assert.deepEqual(brief(planFor(graph, back)), ["roll api 2→2"]);
});

test("another number of instances scales, and an override is shown to be dropped", () => {
  const graph = graphOf({ services: { api: aService({ replicas: 3 }) } });
  const two = settled(graphOf({ services: { api: aService() } }));
  assert.deepEqual(brief(planFor(graph, two)), ["scale api 2→3"]);
  const scaled = changed(settled(graph), "api", (unit) => ({
    ...unit,
    desired: 1,
    scaleOverride: 1,
    instances: unit.instances.slice(0, 1),
  }));
  const plan = planFor(graph, scaled);
  assert.deepEqual(brief(plan), ["scale api 1→3"]);
  assert.match(plan.steps[0]?.reason ?? "", /drops the override of 1/);
});

test("what needs no new release configures, field by field", () => {
  const before = graphOf({ services: { api: aService() }, edge: { routes: { "/": "api" } } });
  const after = graphOf({
    services: { api: aService({ drain: "20s", stop: "20s" }) },
    edge: { routes: { "/": { to: "api", timeout: "3s" } } },
  });
  const plan = planFor(after, settled(before));
  assert.deepEqual(brief(plan), ["configure api 2→2", "configure edge 1→1"]);
  assert.deepEqual(plan.steps[0]?.fields, [
    { path: "drainMs", from: "10000", to: "20000" },
    { path: "stopMs", from: "15000", to: "20000" },
  ]);
  assert.deepEqual(plan.steps[1]?.fields, [
    { path: 'edge.routes["/"].timeoutMs', from: "10000", to: "3000" },
  ]);
});

test("a roll that changes more than a release says so in a step of its own", () => {
  const before = graphOf({ services: { api: aService() } });
  const after = graphOf({ services: { api: aService({ drain: "5s", env: { A: "1" } }) } });
  const plan = planFor(after, settled(before), { releases: releasesFor(after, "2") });
  assert.deepEqual(brief(plan), ["roll api 2→2", "configure api 2→2"]);
  assert.deepEqual(plan.steps[0]?.fields, [{ path: "env.A", from: undefined, to: "1" }]);
  assert.deepEqual(
    plan.steps[1]?.fields.map(({ path }) => path),
    ["drainMs"],
  );
});

test("without the graph as it was, a changed hash is enough", () => {
  const before = graphOf({ services: { api: aService() } });
  const after = graphOf({ services: { api: aService({ drain: "5s" }) } });
  const plan = planFor(after, settled(before), { observed: observe(settled(before), false) });
  assert.deepEqual(brief(plan), ["configure api 2→2"]);
});

test("what is no longer declared is removed, services first, the edge last", () => {
  const before = graphOf({
    services: { api: aService(), old: aService() },
    jobs: { migrate: { run } },
    edge: { routes: { "/": "api" } },
  });
  const after = graphOf({ services: { api: aService() } });
  const plan = planFor(after, settled(before));
  assert.deepEqual(brief(plan), ["remove old 2→0", "remove migrate 0→0", "remove edge 0→0"]);
  const narrowed = planFor(after, settled(before), { narrowTo: ["api"] });
  assert.deepEqual(brief(narrowed), []);
});

test("what a person isolated is there: nothing is missing, and nothing is left over", () => {
  const graph = graphOf({ services: { api: aService() } });
  const world = changed(settled(graph), "api", (unit) => ({
    ...unit,
    instances: unit.instances.map((one, index) =>
      index === 0 ? { ...one, routed: false, isolated: "to look at it" } : one,
    ),
  }));
  assert.deepEqual(brief(planFor(graph, world)), []);
});

const STRATEGIES: readonly (readonly [object, { text: RegExp; extra: number; seconds: number }])[] =
  [
    [{ bake: "30s" }, { text: /^r-api-2 instead of r-api-1$/, extra: 1, seconds: 37 }],
    [
      { strategy: "blue-green", bake: "30s" },
      { text: /· blue-green: all beside all, one switch, watched for 30s$/, extra: 2, seconds: 34 },
    ],
    [
      { strategy: "canary", steps: [{ share: "5%", bake: "1m" }], bake: "30s" },
      { text: /· canary: 5 % for 1m, then all for 30s$/, extra: 1, seconds: 97 },
    ],
  ];

for (const [rollout, { text, extra, seconds }] of STRATEGIES) {
  test(`says how it rolls and what that takes: ${JSON.stringify(rollout)}`, () => {
    const graph = graphOf({ services: { api: aService({ rollout }) } });
    const plan = planFor(graph, settled(graph), { releases: releasesFor(graph, "2") });
    assert.match(plan.steps[0]?.reason ?? "", text);
    assert.equal(plan.expect.extraInstances, extra);
    assert.equal(plan.expect.seconds, seconds);
  });
}

const LEFTOVERS: readonly (readonly [string, (unit: ObservedUnit) => ObservedUnit, RegExp])[] = [
  [
    "an instance of another release",
    added({ release: "r-old", routed: false }),
    /api-9 .* another/,
  ],
  ["an instance in no route", added({ release: "r-api-1", routed: false }), /api-9 .* in no route/],
  ["a release that was never proved", (unit) => ({ ...unit, committed: "r-old" }), /never proved/],
  [
    "an instance too few",
    (unit) => ({ ...unit, instances: unit.instances.slice(1) }),
    /1 of 2 instances/,
  ],
];

function added(change: Partial<ObservedInstance> & { release: string }) {
  return (unit: ObservedUnit): ObservedUnit => ({
    ...unit,
    instances: [...unit.instances, anInstance({ id: "api-9", unit: "api", ...change })],
  });
}

for (const [what, leave, reason] of LEFTOVERS) {
  test(`${what} is repaired`, () => {
    const graph = graphOf({ services: { api: aService() } });
    const plan = planFor(graph, changed(settled(graph), "api", leave));
    assert.deepEqual(
      plan.steps.map(({ action }) => action),
      ["repair"],
    );
    assert.match(plan.steps[0]?.reason ?? "", reason);
    assert.deepEqual(plan.losesEvidence, []);
  });
}

test("requests are expected to be cut where draining is shorter than a try", () => {
  const edge = { routes: { "/": { to: "api", tryTimeout: "5s" } } };
  const graph = graphOf({ services: { api: aService({ drain: "1s" }) }, edge });
  const plan = planFor(graph, settled(graph), { releases: releasesFor(graph, "2") });
  assert.equal(plan.expect.failedRequests, 2);
});

test("another declaration loses its evidence even when nothing has to change", () => {
  const before = graphOf({ services: { api: aService() } });
  const after = graphOf({ services: { api: aService() }, drills: { freeze: "1s" } });
  const plan = planFor(after, settled(before), { provenObjectives: ["errors", "latency.p95"] });
  assert.deepEqual([plan.steps.length, plan.losesEvidence], [0, ["errors", "latency.p95"]]);
});

test("another number of the same, put back or put anew, loses no evidence", () => {
  const graph = graphOf({ services: { api: aService() } });
  const provenObjectives = ["errors"] as const;
  const scaled = changed(settled(graph), "api", (unit) => ({
    ...unit,
    scaleOverride: 1,
    instances: unit.instances.slice(0, 1),
  }));
  const plan = planFor(graph, scaled, { provenObjectives });
  assert.deepEqual([brief(plan), plan.losesEvidence], [["scale api 1→2"], []]);
  const gone = changed(settled(graph), "api", (unit) => ({
    ...unit,
    ...{ instances: [], committed: undefined },
  }));
  const anew = planFor(graph, gone, { provenObjectives });
  assert.deepEqual([brief(anew), anew.losesEvidence], [["create api 0→2"], []]);
});

const serviceChange = fc.record(
  {
    replicas: fc.integer({ min: 1, max: 5 }),
    drain: fc.constantFrom("1s", "5s", "10s"),
    env: fc.constantFrom({}, { A: "1" }, { A: { ref: "a" } }),
    rollout: fc.constantFrom({ surge: 1 }, { surge: 3 }),
  },
  { requiredKeys: [] },
);

const declaration = fc
  .record({
    services: fc.dictionary(fc.constantFrom("b", "c", "d"), serviceChange.map(aService)),
    jobs: fc.dictionary(fc.constantFrom("j", "k"), fc.constant({ run })),
    edge: fc.constantFrom(
      undefined,
      { routes: { "/": "a" } },
      { routes: { "/": { to: "a", timeout: "1s" }, "/b": "a" } },
    ),
  })
  .map(({ services, ...rest }) => ({ ...rest, services: { a: aService(), ...services } }));

const version = fc.constantFrom("1", "2", "3");
const versions = fc.tuple(version, version);

test("a plan, once applied, leaves nothing to do, and so does planning that again", () => {
  fc.assert(
    fc.property(declaration, declaration, versions, (first, second, [one, other]) => {
      const before = graphOf(first);
      const world = settled(before, one);
      assert.deepEqual(planFor(before, world, { releases: releasesFor(before, one) }).steps, []);
      const after = graphOf(second);
      const releases = releasesFor(after, other);
      const next = applied(planFor(after, world, { releases }), after, world);
      assert.deepEqual(planFor(after, next, { releases }).steps, []);
      const blind = { releases, observed: observe(next, false) };
      assert.deepEqual(planFor(after, next, blind).steps, []);
    }),
    { numRuns: 60 },
  );
});

test("the order in which things are declared or seen makes no difference", () => {
  fc.assert(
    fc.property(declaration, declaration, fc.infiniteStream(fc.nat()), (first, second, chance) => {
      const world = settled(graphOf(first));
      const graph = graphOf(second);
      const shuffled = <Item>(items: readonly Item[]): readonly Item[] =>
        items
          .map((item) => ({ item, at: chance.next().value ?? 0 }))
          .toSorted((left, right) => left.at - right.at)
          .map(({ item }) => item);
      const releases = releasesFor(graph, "2");
      const observed = observe(world);
      const plan = diff({ graph, observed, releases, provenObjectives: ["errors"] });
      const again = diff({
        graph: { ...graph, units: shuffled(graph.units) },
        observed: { ...observed, units: shuffled(observed.units) },
        releases: new Map(shuffled([...releases])),
        provenObjectives: ["errors"],
      });
      assert.deepEqual(again, plan);
    }),
    { numRuns: 60 },
  );
});

test("in a circle of needs every unit still stands once", () => {
  const graph = graphOf({
    services: {
      a: aService({ env: { X: { ref: "b" } } }),
      b: aService({ env: { X: { ref: "a" }, Y: { ref: "b" } } }),
    },
  });
  assert.deepEqual(brief(planFor(graph, EMPTY_WORLD)), ["create b 0→2", "create a 0→2"]);
});
