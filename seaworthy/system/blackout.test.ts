import assert from "node:assert/strict";
import { test } from "node:test";
import { blackoutWithin, coversAll } from "./blackout.ts";
import type { Blackout } from "./system.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const weekend: Blackout = { kind: "recurring", cron: "0 18 * * fri", forMs: 62 * HOUR_MS };
const holidays: Blackout = {
  kind: "once",
  from: "2026-12-20T00:00:00.000Z",
  to: "2026-12-27T00:00:00.000Z",
};

function within(blackouts: readonly Blackout[], from: string, to = from): readonly string[] {
  const asked = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  const found = blackoutWithin(blackouts, asked);
  return found === undefined
    ? []
    : [found.fromMs, found.toMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
}

test("a stretch of time is in force from its first moment, and not at its last", () => {
  const whole = ["2026-12-20T00:00", "2026-12-27T00:00"];
  assert.deepEqual(within([holidays], "2026-12-19T23:59:59.999Z"), []);
  assert.deepEqual(within([holidays], "2026-12-20T00:00:00.000Z"), whole);
  assert.deepEqual(within([holidays], "2026-12-26T23:59:59.999Z"), whole);
  assert.deepEqual(within([holidays], "2026-12-27T00:00:00.000Z"), []);
  assert.deepEqual(within([], "2026-12-24T00:00:00Z"), []);
});

test("one that comes again is in force from each time it is due, as long as it lasts", () => {
  const whole = ["2026-11-20T18:00", "2026-11-23T08:00"];
  assert.deepEqual(within([weekend], "2026-11-20T17:59:59.999Z"), []);
  assert.deepEqual(within([weekend], "2026-11-20T18:00:00Z"), whole);
  assert.deepEqual(within([weekend], "2026-11-22T12:34:56.789Z"), whole);
  assert.deepEqual(within([weekend], "2026-11-23T07:59:59.999Z"), whole);
  assert.deepEqual(within([weekend], "2026-11-23T08:00:00Z"), []);
});

test("what would last into one is seen before it begins, and the first one counts", () => {
  const friday = "2026-11-20T17:00:00Z";
  assert.deepEqual(within([weekend], friday, "2026-11-20T17:59:59Z"), []);
  assert.deepEqual(within([weekend], friday, "2026-11-20T18:00:00Z"), [
    "2026-11-20T18:00",
    "2026-11-23T08:00",
  ]);
  const [first] = within([holidays, weekend], friday, "2027-01-01T00:00:00Z");
  assert.equal(first, "2026-11-20T18:00");
});

test("those that follow each other without a gap are one, whatever their order", () => {
  const noon: Blackout = { kind: "recurring", cron: "0 12 * * *", forMs: 12 * HOUR_MS };
  const after: Blackout = {
    kind: "once",
    from: "2026-11-21T00:00:00.000Z",
    to: "2026-11-21T12:00:00.000Z",
  };
  for (const both of [
    [noon, after],
    [after, noon],
  ]) {
    assert.deepEqual(within(both, "2026-11-20T13:00:00Z"), [
      "2026-11-20T12:00",
      "2026-11-22T00:00",
    ]);
  }
});

test("a chain without an end is followed so far and no further", () => {
  const always: Blackout = { kind: "recurring", cron: "* * * * *", forMs: 60_000 };
  const [from = "", to = ""] = within([always], "2026-11-20T13:00:30Z");
  assert.equal(from, "2026-11-20T13:00");
  assert.ok(Date.parse(`${to}Z`) > Date.parse("2026-11-21T00:00:00Z"), to);
  const [nowMs, laterMs] = [Date.parse("2026-11-20T13:00:30Z"), Date.parse("2026-12-24T00:00:00Z")];
  assert.equal(blackoutWithin([always], { fromMs: nowMs, toMs: nowMs })?.isLonger, true);
  const ending = blackoutWithin([holidays], { fromMs: laterMs, toMs: laterMs });
  assert.equal(ending?.isLonger, false, "its end is known");
});

test("blackouts that leave no minute free are seen, alone and together", () => {
  const recurring = (cron: string, forMs: number): Blackout => ({ kind: "recurring", cron, forMs });
  assert.ok(coversAll([recurring("0 0 * * *", DAY_MS)]));
  assert.ok(coversAll([recurring("*/5 * * * *", 5 * 60_000)]));
  assert.ok(coversAll([recurring("0 0 * * mon", 7 * DAY_MS)]));
  assert.ok(coversAll([recurring("0 0 1 * *", 31 * DAY_MS)]));
  const week = recurring("0 0 * * mon-fri", DAY_MS);
  const rest = recurring("0 0 * * sat", 2 * DAY_MS);
  assert.ok(coversAll([week, rest]));
});

test("a minute that is free is enough, be it on one day of a leap year", () => {
  const recurring = (cron: string, forMs: number): Blackout => ({ kind: "recurring", cron, forMs });
  assert.ok(!coversAll([]));
  assert.ok(!coversAll([recurring("0 0 * * *", DAY_MS - 60_000)]));
  assert.ok(!coversAll([recurring("0 0 * * mon-sat", DAY_MS)]));
  assert.ok(!coversAll([recurring("0 0 * 3-12,1 *", DAY_MS), recurring("0 0 1-28 2 *", DAY_MS)]));
  assert.ok(!coversAll([holidays]), "what comes once ends");
});
