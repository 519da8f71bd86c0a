import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDue, parseSchedule } from "./schedule.ts";

function due(text: string, after: string): string | undefined {
  const schedule = parseSchedule(text);
  assert.ok(schedule.ok, schedule.ok ? "" : schedule.error);
  const at = nextDue(schedule.value, Date.parse(after));
  return at === undefined ? undefined : new Date(at).toISOString();
}

test("the next due minute is after the one asked about", () => {
  assert.equal(due("0 3 * * *", "2026-11-20T03:00:00Z"), "2026-11-21T03:00:00.000Z");
  assert.equal(due("*/15 * * * *", "2026-11-20T10:01:30Z"), "2026-11-20T10:15:00.000Z");
  assert.equal(due("5/20 * * * *", "2026-11-20T10:06:00Z"), "2026-11-20T10:25:00.000Z");
  assert.equal(due("30 9 * * mon-fri", "2026-11-20T10:00:00Z"), "2026-11-23T09:30:00.000Z");
  assert.equal(due("0 0 1 jan *", "2026-11-20T00:00:00Z"), "2027-01-01T00:00:00.000Z");
});

test("two restricted days mean either of them", () => {
  assert.equal(due("0 0 13 * 5", "2026-11-20T12:00:00Z"), "2026-11-27T00:00:00.000Z");
  assert.equal(due("0 0 29 2 *", "2026-11-20T12:00:00Z"), "2028-02-29T00:00:00.000Z");
  assert.equal(due("0 0 * * 7", "2026-11-20T12:00:00Z"), "2026-11-22T00:00:00.000Z");
});

test("what is no schedule, or never due, is refused with its reason", () => {
  for (const bad of [
    "* * * *",
    "60 * * * *",
    "0 24 * * *",
    "0 0 0 * *",
    "5-1 * * * *",
    "*/0 * * * *",
  ]) {
    assert.equal(parseSchedule(bad).ok, false, bad);
  }
  const never = parseSchedule("0 0 31 2 *");
  assert.equal(never.ok ? "" : never.error, "0 0 31 2 * is never due");
});
