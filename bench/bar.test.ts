import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeBar, type Reading, worstVerdict } from "./bar.ts";

const read = (value: number, over: Partial<Reading> = {}): Reading => ({
  value,
  limit: 10,
  doubt: undefined,
  ...over,
});

test("a planted miss in one run of five shows as not met", () => {
  const readings = [read(3), read(10), read(10.5), read(2), read(9)];
  const { verdict, because } = judgeBar(readings, 5);
  assert.equal(verdict, "not met");
  assert.match(because, /1 of 5: 10\.5 against 10/);
});

test("met only when as many runs as needed are at or below their limits", () => {
  const readings = [read(3), read(10), read(9), read(2), read(0)];
  assert.equal(judgeBar(readings, 5).verdict, "met");
  assert.equal(judgeBar(readings.slice(1), 5).verdict, "could not verify");
  assert.equal(judgeBar([], 1).verdict, "could not verify");
});

test("each run has its own limit", () => {
  const readings = [read(40, { limit: 42 }), read(41, { limit: 30 })];
  assert.match(judgeBar(readings, 2).because, /41 against 30/);
});

test("a run in doubt is neither a pass nor a miss", () => {
  const slow = read(900, { doubt: "the generator was late" });
  const enough = [read(1), read(1), slow];
  assert.equal(judgeBar(enough, 2).verdict, "met");
  const { verdict, because } = judgeBar(enough, 3);
  assert.equal(verdict, "could not verify");
  assert.match(because, /2 of 3 .*the generator was late/);
  assert.equal(judgeBar([slow, read(11)], 2).verdict, "not met");
});

test("what is no number is never at or below a limit", () => {
  assert.equal(judgeBar([read(Number.NaN)], 1).verdict, "not met");
});

test("the worst verdict wins, and no bars prove nothing", () => {
  assert.equal(worstVerdict(["met", "could not verify", "not met"]), "not met");
  assert.equal(worstVerdict(["met", "could not verify"]), "could not verify");
  assert.equal(worstVerdict(["met", "met"]), "met");
  assert.equal(worstVerdict([]), "could not verify");
});
