import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Line, PointLog, sumText } from "./point-log.ts";

const LINE: Line = {
  ...{ seed: 1, number: 0, struck: null, points: 4, seconds: 2, commit: "abc" },
  ...{ at: "2026-11-20T00:00:00.000Z", wrong: null },
};
const died = (number: number): Line => ({ ...LINE, number, struck: "after apply", points: null });

test("a log counts first, goes on where it stopped, and says how many of n died", () => {
  const folder = mkdtempSync(join(tmpdir(), "seaworthy-points-"));
  const log = new PointLog(folder, "tool-up-1");
  assert.equal(log.next(), 0);
  log.add(LINE);
  log.add(died(1));
  log.add({ ...died(2), wrong: "an orphan" });
  appendFileSync(join(folder, "tool-up-1.ndjson"), '{"seed":1,"num');
  const again = new PointLog(folder, "tool-up-1");
  assert.equal(again.next(), 3);
  assert.match(sumText("up", again.sum()), /^up: 2 of 4 points, 1 wrong; 3 lives, 2.0 s each/);
  again.add(died(3));
  const third = new PointLog(folder, "tool-up-1");
  assert.equal(third.next(), 4, "a torn line costs no other one");
  rmSync(folder, { recursive: true });
});

test("a point that no life reaches is not told as one that died; a longer life has more", () => {
  const folder = mkdtempSync(join(tmpdir(), "seaworthy-points-"));
  const log = new PointLog(folder, "tool-up-1");
  for (const line of [LINE, died(1), died(2), died(3)]) log.add(line);
  const over = { ...LINE, number: 4, points: 2 };
  log.add(over);
  assert.equal(log.next(), 4, "once more");
  log.add(over);
  assert.equal(log.next(), undefined);
  assert.match(sumText("up", log.sum()), /^up: 3 of 4 points \(1 not reached\), 0 wrong/);
  log.add({ ...LINE, points: 6 });
  assert.equal(log.next(), 5);
  rmSync(folder, { recursive: true });
});

test("a verb that cannot be counted is not tried for ever, and is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "seaworthy-points-"));
  const log = new PointLog(folder, "tool-up-1");
  const failed = { ...LINE, points: null, wrong: "exit 1" };
  log.add(failed);
  assert.equal(log.next(), 0);
  log.add(failed);
  assert.equal(log.next(), undefined);
  assert.match(sumText("up", log.sum()), /^up: 0 of 0 points, 2 wrong/);
  rmSync(folder, { recursive: true });
});
