import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { leastConnections, mayEject, usable, type Member } from "./balance.ts";
import { Turns, type Weighed } from "./turns.ts";

const one = (health: string, routed = true, weight = 1): Member => ({ routed, health, weight });

test("traffic goes to the healthy, else to the unknown, else to all that are routed", () => {
  const healthy = one("healthy");
  const unknown = one("unknown");
  const out = [one("unhealthy"), one("ejected")];
  const unrouted = one("healthy", false);
  assert.deepEqual(usable([healthy, unknown, ...out, unrouted]), [healthy]);
  assert.deepEqual(usable([unknown, ...out, unrouted]), [unknown]);
  assert.deepEqual(usable([...out, unrouted]), out);
  assert.deepEqual(usable([unrouted]), []);
});

test("weight 0 takes none, even where all others are out", () => {
  const off = one("healthy", true, 0);
  const out = one("unhealthy");
  assert.deepEqual(usable([off, one("healthy")]), [one("healthy")]);
  assert.deepEqual(usable([off, out]), [out]);
  assert.deepEqual(usable([off]), []);
});

test("ejection leaves at least half of those that take traffic", () => {
  const pool = fc.array(
    fc.record({
      routed: fc.boolean(),
      weight: fc.constantFrom(0, 0.05, 1),
      health: fc.constantFrom("healthy", "unknown", "unhealthy", "ejected"),
    }),
  );
  fc.assert(
    fc.property(pool, (endpoints) => {
      if (!mayEject(endpoints)) return;
      const taking = endpoints.filter((each) => each.routed && each.weight > 0);
      const fit = taking.filter((each) => each.health === "healthy" || each.health === "unknown");
      assert.ok(fit.length - 1 >= taking.length / 2);
    }),
  );
  assert.ok(mayEject([one("healthy"), one("healthy")]));
  assert.ok(!mayEject([one("healthy"), one("ejected")]));
  assert.ok(!mayEject([one("healthy"), one("healthy", true, 0)]));
  assert.ok(!mayEject([one("healthy")]));
});

function turnsOf(weights: readonly number[]): { turns: Turns<Weighed>; pool: readonly Weighed[] } {
  const pool = weights.map((weight) => ({ weight }));
  const turns = new Turns<Weighed>();
  turns.configure(pool);
  return { turns, pool };
}

function take(turns: Turns<Weighed>, pool: readonly Weighed[], count: number): number[] {
  const taken = pool.map(() => 0);
  for (let turn = 0; turn < count; turn += 1) {
    const index = pool.indexOf(turns.next([])!);
    taken[index]! += 1;
  }
  return taken;
}

test("after any number of turns each has its share, give or take less than one", () => {
  const weight = fc.oneof(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.double({ min: 0.001, max: 1, noNaN: true }),
  );
  const weights = fc.array(weight, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 400 }), (all, count) => {
      const { turns, pool } = turnsOf(all);
      const total = all.reduce((sum, each) => sum + each, 0);
      const taken = pool.map(() => 0);
      for (let turn = 1; turn <= count; turn += 1) {
        taken[pool.indexOf(turns.next([])!)]! += 1;
        for (const [index, each] of all.entries()) {
          const share = (each / total) * turn;
          assert.ok(Math.abs(taken[index]! - share) < 1 + 1e-6, `${taken[index]} of ${share}`);
        }
      }
    }),
  );
});

test("a canary's 5 % is 5 of each 100, wherever one begins to count", () => {
  const { turns, pool } = turnsOf([0.05, 0.95 / 3, 0.95 / 3, 0.95 / 3]);
  let all = take(turns, pool, 37)[0]!;
  for (let hundred = 0; hundred < 20; hundred += 1) {
    const canary = take(turns, pool, 100)[0]!;
    assert.ok(canary >= 4 && canary <= 6, `${canary} of 100`);
    all += canary;
  }
  all += take(turns, pool, 963)[0]!;
  assert.ok(all >= 149 && all <= 151, `${all} of 3,000`);
});

test("equal weights take turns, and no two rounds in a row begin with the same", () => {
  const { turns, pool } = turnsOf([1, 1]);
  const order = Array.from({ length: 12 }, () => pool.indexOf(turns.next([])!)).join("");
  assert.ok("011001100110011".includes(order), order);
});

test("those tried are skipped, the last one gets all, and nobody is left at the end", () => {
  for (const weights of [
    [1, 1, 1],
    [0.2, 0.3, 0.5],
  ]) {
    const { turns, pool } = turnsOf(weights);
    for (let turn = 0; turn < 20; turn += 1) {
      assert.equal(turns.next(pool.slice(1)), pool[0]);
    }
    assert.equal(turns.next(pool), undefined);
  }
  const single = turnsOf([0.05]);
  assert.deepEqual(take(single.turns, single.pool, 7), [7]);
  assert.equal(turnsOf([]).turns.next([]), undefined);
});

test("the same members with the same weights go on where they were", () => {
  const { turns, pool } = turnsOf([0.01, 0.99]);
  const taken = pool.map(() => 0);
  for (let turn = 0; turn < 1_000; turn += 1) {
    turns.configure([...pool]);
    taken[pool.indexOf(turns.next([])!)]! += 1;
  }
  assert.deepEqual(taken, [10, 990]);
});

const load = (inFlightTotal: number, weight = 1): { inFlightTotal: number; weight: number } => ({
  inFlightTotal,
  weight,
});

test("least connections takes the idlest for its weight, and equals in turn", () => {
  const pool = [load(3), load(1), load(2)];
  for (const turn of [0, 1, 2]) assert.equal(leastConnections(pool, turn, []), pool[1]);
  assert.equal(leastConnections(pool, 0, [pool[1]!]), pool[2]);
  const equal = [load(0), load(0)];
  assert.notEqual(leastConnections(equal, 0, []), leastConnections(equal, 1, []));
  assert.equal(leastConnections(equal, 0, equal), undefined);
});

test("with all connections kept open, least connections hands them out by weight", () => {
  const pool = [
    { inFlightTotal: 0, weight: 1 },
    { inFlightTotal: 0, weight: 3 },
    { inFlightTotal: 0, weight: 6 },
  ];
  for (let turn = 0; turn < 100; turn += 1) leastConnections(pool, turn, [])!.inFlightTotal += 1;
  assert.deepEqual(
    pool.map((each) => each.inFlightTotal),
    [10, 30, 60],
  );
});
