import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSchedule, type Schedule } from "../../../system/schedule.ts";
import { CATCH_UP_MS, dueOf } from "./due.ts";

const at = (text: string): number => Date.parse(text);

function every(text: string): Schedule {
  const parsed = parseSchedule(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

test("a job is due at its minute, once", () => {
  const nightly = every("0 3 * * *");
  const seenToMs = at("2026-11-20T03:00:00Z");
  const before = dueOf(nightly, { seenToMs, nowMs: at("2026-11-21T02:59:59Z") });
  assert.deepEqual(before, { kind: "not-yet", nextMs: at("2026-11-21T03:00:00Z") });
  const then = { kind: "due", dueMs: at("2026-11-21T03:00:00Z") };
  assert.deepEqual(dueOf(nightly, { seenToMs, nowMs: at("2026-11-21T03:00:00Z") }), then);
  assert.deepEqual(dueOf(nightly, { seenToMs, nowMs: at("2026-11-21T03:04:00Z") }), then);
  const after = { seenToMs: then.dueMs, nowMs: at("2026-11-21T03:04:00Z") };
  assert.equal(dueOf(nightly, after).kind, "not-yet");
});

test("what nobody looked at for long is missed, not made up for", () => {
  const nightly = every("0 3 * * *");
  const nowMs = at("2026-11-21T08:00:00Z");
  const missed = dueOf(nightly, { seenToMs: at("2026-11-20T03:00:00Z"), nowMs });
  assert.deepEqual(missed, { kind: "missed", seenToMs: nowMs });
});

test("several missed minutes are one run, the latest", () => {
  const nowMs = at("2026-11-21T08:00:30Z");
  for (const seenToMs of [nowMs - CATCH_UP_MS, nowMs - 120_000, 0]) {
    const due = dueOf(every("* * * * *"), { seenToMs, nowMs });
    assert.deepEqual(due, { kind: "due", dueMs: at("2026-11-21T08:00:00Z") });
  }
});

test("a clock that was set back repeats nothing", () => {
  const seenToMs = at("2026-11-20T03:00:00Z");
  const back = dueOf(every("0 3 * * *"), { seenToMs, nowMs: at("2026-11-20T02:30:00Z") });
  assert.deepEqual(back, { kind: "not-yet", nextMs: at("2026-11-21T03:00:00Z") });
});
