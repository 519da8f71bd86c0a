import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "@seaworthy/std/random";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";
import { ANSWERS_MIN, compare, Sample } from "./outlier.ts";

interface Served {
  readonly answers?: number;
  /** Milliseconds of the n-th answer. */
  readonly ms?: (index: number) => number;
  readonly errors?: number;
  readonly lost?: number;
}

function sampleOf({ answers = 100, ms = () => 5, errors = 0, lost = 0 }: Served): Sample {
  const sample = new Sample();
  const histogram = new Histogram();
  for (let index = 0; index < answers; index += 1) {
    sample.answer(histogram.record(ms(index)), index < errors);
  }
  for (let index = 0; index < lost; index += 1) sample.lose();
  return sample;
}

const judge = (...served: readonly Served[]): readonly string[] => compare(served.map(sampleOf));

test("one that is ten times slower than the others is seen", () => {
  const slow = { ms: () => 50 };
  assert.deepEqual(judge({}, slow, {}), ["par", "slow", "par"]);
  const spread = (factor: number) => ({ ms: (index: number) => factor * (2 + (index % 20)) });
  assert.deepEqual(judge(spread(1), spread(10), spread(1)), ["par", "slow", "par"]);
});

test("nobody is slow when all are, or when there is nobody to compare with", () => {
  const slow = { ms: (index: number) => 500 + index * 10 };
  assert.deepEqual(judge(slow, slow, slow), ["par", "par", "par"]);
  assert.deepEqual(judge(slow), ["too-few"]);
  assert.deepEqual(judge(slow, { answers: 0 }), ["too-few", "too-few"]);
});

test("a few milliseconds are nothing, whatever the factor", () => {
  assert.deepEqual(judge({ ms: () => 0.4 }, { ms: () => 9 }), ["par", "par"]);
});

test("too few answers, of it or of all others, say nothing", () => {
  const few = { answers: ANSWERS_MIN - 1, ms: () => 5_000, errors: 20 };
  assert.deepEqual(judge(few, {}, {}), ["too-few", "par", "par"]);
  assert.deepEqual(judge({ ms: () => 5_000 }, few), ["too-few", "too-few"]);
});

test("one that fails far more often than the others is seen, with answers or without", () => {
  assert.deepEqual(judge({}, { errors: 40 }, {}), ["par", "error-rate", "par"]);
  assert.deepEqual(judge({}, { lost: 40 }, {}), ["par", "error-rate", "par"]);
  assert.deepEqual(judge({}, { errors: 5 }, {}), ["par", "par", "par"]);
  assert.deepEqual(judge({ errors: 60 }, { errors: 60 }), ["par", "par"]);
});

test("instances that differ by chance alone are never told apart", () => {
  const heavyPart = fc.constantFrom(0, 0.01, 0.04, 0.05, 0.06, 0.1, 0.3);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), heavyPart, (seed, heavy) => {
      const random = seeded(seed);
      const ms = (): number => (random.next() < heavy ? 900 : 3) * (0.5 + random.next());
      const errors = 3;
      const all = Array.from({ length: 4 }, () => ({ answers: 200, ms, errors }));
      assert.deepEqual(judge(...all), ["par", "par", "par", "par"]);
    }),
    { numRuns: 300 },
  );
});
