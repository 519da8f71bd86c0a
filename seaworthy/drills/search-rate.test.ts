import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { instancesFor, mostHeld, nextRate, type Tried } from "./search-rate.ts";

const BOUNDS = { firstPerSecond: 50, maxPerSecond: 5_000 };

function search(holds: (rate: number) => boolean): readonly Tried[] {
  const tried: Tried[] = [];
  for (;;) {
    const ratePerSecond = nextRate(tried, BOUNDS);
    if (ratePerSecond === undefined) return tried;
    tried.push({ ratePerSecond, held: holds(ratePerSecond) });
    assert.ok(tried.length <= 12, "a search ends");
  }
}

test("what an instance holds is found from below, to within 15 %", () => {
  fc.assert(
    fc.property(fc.double({ min: 3, max: 4_000, noNaN: true }), (limit) => {
      const found = mostHeld(search((rate) => rate <= limit));
      assert.ok(found !== undefined && found <= limit, `${found} of ${limit}`);
      assert.ok(found * 1.16 >= limit, `${found} of ${limit}`);
    }),
  );
});

test("one that holds all that can be sent is known to hold that much", () => {
  const tried = search(() => true);
  assert.equal(mostHeld(tried), BOUNDS.maxPerSecond);
  assert.equal(tried.length, 8);
});

test("one that holds nothing is said so, and the search ends", () => {
  const tried = search(() => false);
  assert.equal(mostHeld(tried), undefined);
  assert.ok(tried.length < 10);
});

test("luck above a rate that broke does not count", () => {
  const tried = [
    { ratePerSecond: 50, held: true },
    { ratePerSecond: 100, held: false },
    { ratePerSecond: 200, held: true },
  ];
  assert.equal(mostHeld(tried), 50);
});

test("instances are counted up, and never fewer than one", () => {
  assert.equal(instancesFor(200, 90), 3);
  assert.equal(instancesFor(200, 100), 2);
  assert.equal(instancesFor(0.3, 0.1), 3);
  assert.equal(instancesFor(1, 500), 1);
  assert.equal(instancesFor(200, undefined), undefined);
});
