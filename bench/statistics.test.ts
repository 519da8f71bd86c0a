import assert from "node:assert/strict";
import { test } from "node:test";
import { median, percentile, summarise } from "./statistics.ts";

test("median: the middle one, or halfway between two; order does not matter", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
});

test("percentile: nearest rank, so that it is a value that was measured", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(hundred, 99), 99);
  assert.equal(percentile(hundred, 50), 50);
  assert.equal(percentile(hundred, 100), 100);
  assert.equal(percentile([3, 8, 5], 99), 8);
  assert.equal(percentile([3, 8, 5], 1), 3);
});

test("one slow run of many moves the worst, not the median", () => {
  const summary = summarise([20, 21, 900, 20, 22]);
  assert.deepEqual(summary, {
    values: [20, 21, 900, 20, 22],
    median: 21,
    worst: 900,
    p90: undefined,
  });
  assert.equal(summarise([1, 2, 3, 4, 5, 6, 7, 8, 9, 90])?.p90, 9);
});

test("nothing measured is no figure, and what is no number is refused", () => {
  assert.equal(summarise([]), undefined);
  assert.throws(() => median([]), RangeError);
  assert.throws(() => median([1, Number.NaN]), RangeError);
  assert.throws(() => percentile([1], 0), RangeError);
  assert.throws(() => percentile([1], 101), RangeError);
});
