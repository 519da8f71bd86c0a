import assert from "node:assert/strict";
import { test } from "node:test";
import { inRandomOrder } from "./random-order.ts";

test("a seed gives one order, another seed another, and nothing gets lost", () => {
  const items = Array.from({ length: 20 }, (_, index) => index);
  const ordered = inRandomOrder(items, 4711);
  assert.deepEqual(inRandomOrder(items, 4711), ordered);
  assert.notDeepEqual(inRandomOrder(items, 4712), ordered);
  assert.notDeepEqual(ordered, items);
  assert.deepEqual(
    ordered.toSorted((a, b) => a - b),
    items,
  );
});
