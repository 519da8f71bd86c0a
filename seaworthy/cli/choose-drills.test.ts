import assert from "node:assert/strict";
import { test } from "node:test";
import { readChoice, scheduleLine } from "./choose-drills.ts";

const NO_FLAGS = { all: false, due: false };

test("drills are named, all, or due: one of them", () => {
  assert.equal(readChoice([], NO_FLAGS), undefined);
  const named = readChoice(["kill-instance", "freeze-instance"], NO_FLAGS);
  assert.deepEqual(named, { kind: "named", names: ["kill-instance", "freeze-instance"] });
  assert.deepEqual(readChoice([], { all: true, due: false }), { kind: "all" });
  assert.throws(() => readChoice([], { all: true, due: true }), /one of them/);
  assert.throws(() => readChoice(["kill-instance"], { all: true, due: false }), /one of them/);
  assert.throws(() => readChoice(["kill-everything"], NO_FLAGS), /no drill kill-everything/);
});

const DAY_MS = 86_400_000;
const rested = {
  drill: "kill-instance",
  lastAt: "2026-01-10T00:00:00.000Z",
  dueAt: "2026-01-17T00:00:00.000Z",
  due: false,
  because: "held",
} as const;

test("the schedule says what is due and why, or what is next", () => {
  const soon = { ...rested, drill: "spike", dueAt: "2026-01-16T00:00:00.000Z" } as const;
  assert.equal(
    scheduleLine([rested, soon], 7 * DAY_MS),
    "drills every 7d, next 2026-01-16T00:00:00.000Z",
  );
  const due = { ...rested, due: true, dueAt: undefined, because: "api was r0 then" } as const;
  assert.equal(
    scheduleLine([rested, due], 7 * DAY_MS),
    "drills every 7d, due now: kill-instance (api was r0 then); seaworthy drill --due",
  );
  assert.equal(scheduleLine([], DAY_MS), "drills every 1d, and none applies here");
  assert.equal(scheduleLine(undefined, undefined), undefined, "none is declared");
});
