import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { CATALOGUE, type DrillName, isDrillName, type Tier } from "../drills/catalogue.ts";
import { aGraph, aParsed, aUnit } from "../drills/planted.fixture.ts";
import type { Fault } from "../record/fault.ts";
import type { Blackout } from "../system/system.ts";
import { chooseDrills, type ChoiceSetting, readChoice, scheduleLine } from "./choose-drills.ts";
import { exitOfDrills } from "./exit-of-drills.ts";
import { Refusal } from "./failure.ts";

const NO_FLAGS = { all: false, due: false };

test("drills are named, all, or due: one of them", () => {
  assert.equal(readChoice([], NO_FLAGS), undefined);
  const named = readChoice(["kill-instance", "freeze-instance"], NO_FLAGS);
  assert.deepEqual(named, { kind: "named", names: ["kill-instance", "freeze-instance"] });
  assert.deepEqual(readChoice([], { all: true, due: false }), { kind: "all" });
  assert.deepEqual(readChoice(["kill-instance", "freeze-instance", "kill-instance"], NO_FLAGS), {
    kind: "named",
    names: ["kill-instance", "freeze-instance"],
  });
  assert.throws(() => readChoice([], { all: true, due: true }), /one of them/);
  assert.throws(() => readChoice(["kill-instance"], { all: true, due: false }), /one of them/);
  assert.throws(() => readChoice(["kill-everything"], NO_FLAGS), /no drill kill-everything/);
});

const DAY_MS = 86_400_000;
const NOW = "2026-01-15T12:00:00.000Z";
const UNTIL = "2026-01-16T00:00:00.000Z";
const TODAY: Blackout = { kind: "once", from: "2026-01-15T00:00:00.000Z", to: UNTIL };
const unit = aUnit(2);
const { drills: WINDOWS } = aParsed(unit).system;

/** A system on which every fault can be injected, and that is asked on 15 January. */
function aSetting(given: {
  readonly tierMax?: Tier;
  readonly blackouts?: readonly Blackout[];
}): ChoiceSetting {
  const { tierMax = "T1", blackouts } = given;
  const drills = { ...WINDOWS, everyMs: 7 * DAY_MS, ...(blackouts && { blackouts }) };
  const faults = Object.values(CATALOGUE).flatMap(({ fault }) => fault ?? []);
  return {
    system: { parsed: aParsed(unit, { drills }), graph: aGraph(unit) },
    context: { clock: { ...systemClock, wall: () => Date.parse(NOW) } },
    platform: { name: "local", edge: "gateway", faults: new Set<Fault["kind"]>(faults) },
    tierMax,
    unit: undefined,
    evidence: [],
    releases: { api: "r1" },
  };
}

test("neither --all nor --due takes a leader or data along, unless the tier is asked for", () => {
  const beyond = Object.keys(CATALOGUE)
    .filter(isDrillName)
    .filter((name) => CATALOGUE[name].tier > "T1");
  assert.ok(beyond.length > 5, beyond.join(", "));
  const isBeyond = (name: DrillName): boolean => beyond.includes(name);
  for (const kind of ["all", "due"] as const) {
    const { drills, skipped } = chooseDrills({ kind }, aSetting({}));
    assert.ok(drills.includes("kill-instance"));
    assert.deepEqual(drills.filter(isBeyond), [], kind);
    const because = skipped.find(({ drill }) => drill === "kill-edge")?.because;
    assert.equal(because, "kill-edge is of tier T2, and T1 is allowed here");
    const asked = chooseDrills({ kind }, aSetting({ tierMax: "T2" }));
    assert.ok(asked.drills.includes("kill-edge"), "with --tier T2");
  }
});

test("in a blackout what is due waits: skipped with its end, and that is no failure", () => {
  const { drills, skipped } = chooseDrills({ kind: "due" }, aSetting({ blackouts: [TODAY] }));
  assert.deepEqual(drills, ["certificate-expiry"], "on a copy that nobody uses");
  const kill = skipped.find(({ drill }) => drill === "kill-instance");
  assert.equal(kill?.waits, true);
  assert.equal(kill.because, `a blackout (drills.blackouts) holds until ${UNTIL}`);
  const due = { kind: "due" } as const;
  assert.equal(exitOfDrills(due, { evidence: [], skipped: [kill] }, false), 0);
  const lastMember = { drill: "kill-instance", because: "one healthy instance" } as const;
  assert.equal(exitOfDrills(due, { evidence: [], skipped: [kill, lastMember] }, false), 8);
});

test("in a blackout what a person asks for is refused with its end, exit 9", () => {
  const named = { kind: "named", names: ["kill-instance"] } as const;
  for (const choice of [named, { kind: "all" } as const]) {
    assert.throws(
      () => chooseDrills(choice, aSetting({ blackouts: [TODAY] })),
      (error: unknown) =>
        error instanceof Refusal &&
        error.exitCode === 9 &&
        error.message.includes(`holds until ${UNTIL}`) &&
        /wait until/.test(error.fix ?? ""),
    );
  }
  const rehearsal = { kind: "named", names: ["certificate-expiry"] } as const;
  const chosen = chooseDrills(rehearsal, aSetting({ blackouts: [TODAY] }));
  assert.deepEqual(chosen, { drills: ["certificate-expiry"], skipped: [] });
  const past: Blackout = { ...TODAY, to: NOW };
  assert.deepEqual(chooseDrills(named, aSetting({ blackouts: [past] })).drills, ["kill-instance"]);
});

const EVERY = { ...WINDOWS, everyMs: 7 * DAY_MS };
const NOW_MS = Date.parse(NOW);
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
    scheduleLine([rested, soon], EVERY, NOW_MS),
    "drills every 7d, next 2026-01-16T00:00:00.000Z",
  );
  const due = { ...rested, due: true, dueAt: undefined, because: "api was r0 then" } as const;
  assert.equal(
    scheduleLine([rested, due], EVERY, NOW_MS),
    "drills every 7d, due now: kill-instance (api was r0 then); seaworthy drill --due",
  );
  assert.equal(
    scheduleLine([due], { ...EVERY, blackouts: [TODAY] }, NOW_MS),
    "drills every 7d, due now: kill-instance (api was r0 then); " +
      `a blackout (drills.blackouts) holds until ${UNTIL}`,
  );
  assert.equal(scheduleLine([], EVERY, NOW_MS), "drills every 7d, and none applies here");
  assert.equal(scheduleLine(undefined, WINDOWS, NOW_MS), undefined, "none is declared");
});
