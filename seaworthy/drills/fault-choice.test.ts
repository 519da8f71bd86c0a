import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { systemClock } from "@seaworthy/std/clock";
import { seeded } from "@seaworthy/std/random";
import { aSample, aStretch, FAILED } from "../load/sample.fixture.ts";
import type { Sample } from "../load/load.ts";
import type { ServiceUnit } from "../plan/graph.ts";
import type { LoadRequest } from "../system/system.ts";
import { openDry } from "../targets/dry/dry.ts";
import { impossible } from "./allowed.ts";
import type { DrillName } from "./catalogue.ts";
import {
  chooseDependencyDown,
  chooseEdgeHolder,
  chooseEdgeWorker,
  chooseReload,
  chooseVolume,
  type ChooseFault,
} from "./fault-choice.ts";
import { findingOf } from "./finding.ts";
import { anInstance, anObserved } from "./observed.fixture.ts";
import { aParsed, aUnit } from "./planted.fixture.ts";
import { aRecord } from "./run-record.fixture.ts";

const GET: LoadRequest = {
  ...{ method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" },
};
const WINDOW = { fromMs: 5_000, toMs: 20_000 };

/** What choosing reads of a run. */
function chosen(choose: ChooseFault, given: Partial<ServiceUnit> = {}) {
  const unit = { ...aUnit(2), ...given };
  const before = anObserved([anInstance("api-1"), anInstance("api-2")]);
  const api = present(before.units[0], "the unit");
  const needed = { ...api, name: "store", instances: [anInstance("store-1")] };
  return choose({
    unit,
    before: { ...before, units: [api, needed] },
    random: seeded(1),
    load: {
      ...{ ratePerSecond: 1, timeoutMs: 1, history: undefined },
      mix: [GET, { ...GET, needs: ["store"] }],
    },
    request: { parsed: aParsed(unit), target: openDry({ clock: systemClock }) },
  });
}

test("an edge's worker may refuse nobody; a reload may cut nobody either", () => {
  const wrongs = (choose: ChooseFault, failure: string): readonly string[] => {
    const choice = chosen(choose);
    assert.ok(choice.ok);
    const samples = [aSample({ dueMs: 6_000 }), aSample({ ...FAILED, failure, dueMs: 6_000 })];
    return choice.value.wrongsOf?.({ samples, window: WINDOW }) ?? [];
  };
  assert.deepEqual(wrongs(chooseEdgeWorker, "refused"), ["1 requests were refused"]);
  assert.deepEqual(wrongs(chooseEdgeWorker, "reset"), []);
  assert.deepEqual(wrongs(chooseEdgeHolder, "refused"), []);
  assert.deepEqual(wrongs(chooseReload, "reset"), ["1 requests were reset"]);
  assert.deepEqual(wrongs(chooseReload, "timeout"), []);
});

test("a dependency is what the unit needs; only requests that say so may fail without it", () => {
  const none = chosen(chooseDependencyDown);
  assert.ok(!none.ok && /api needs no other service/.test(none.error));
  const choice = chosen(chooseDependencyDown, { needs: ["store"] });
  assert.ok(choice.ok);
  assert.deepEqual(choice.value.victims, ["store-1"]);
  const goesOn = present(choice.value.goesOn, "a rule");
  assert.deepEqual(
    [0, 1].map((kind) => goesOn(aSample({ kind }))),
    [true, false],
  );
  assert.ok(goesOn(aSample()), "a sample that says nothing is held to the objective");
});

test("a volume without a size is not filled; with one, reads must go on", () => {
  const none = chosen(chooseVolume, { volumes: { "/data": "data" } });
  assert.ok(!none.ok && /no volume of api declares a size/.test(none.error));
  const choice = chosen(chooseVolume, { volumeSizes: { data: 16_777_216 } });
  assert.ok(choice.ok);
  assert.deepEqual(
    choice.value.faults.map(({ kind }) => kind),
    ["fill-volume"],
  );
  const goesOn = present(choice.value.goesOn, "a rule");
  assert.deepEqual([goesOn(aSample()), goesOn(aSample({ class: "unsafe" }))], [true, false]);
});

test("what a unit has nothing of is not drilled, and it is said before anything runs", () => {
  const { platform } = openDry({ clock: systemClock });
  const can = { ...platform, faults: new Set(["fill-volume", "freeze"] as const) };
  const why = (name: DrillName, unit: ServiceUnit) => impossible({ name, platform: can }, unit);
  assert.match(why("fill-volume", aUnit(2)) ?? "", /no volume of api declares a size/);
  assert.equal(why("fill-volume", { ...aUnit(2), volumeSizes: { data: 1 } }), undefined);
  assert.match(why("dependency-down", aUnit(2)) ?? "", /api needs no other service/);
  assert.equal(why("dependency-down", { ...aUnit(2), needs: ["store"] }), undefined);
  assert.match(why("dependency-slow", { ...aUnit(2), needs: ["store"] }) ?? "", /cannot slow/);
});

/** Writes fail from 5 s to 12 s, when it is undone, and for a second more. */
function written(): readonly Sample[] {
  const failed = { ...FAILED, failure: "status", status: 507, class: "unsafe" } as const;
  return [
    ...aStretch({ fromMs: 0, toMs: 20_000 }),
    ...aStretch({ fromMs: 0, toMs: 5_000 }, { class: "unsafe" }),
    ...aStretch({ fromMs: 5_000, toMs: 13_000 }, failed),
    ...aStretch({ fromMs: 13_000, toMs: 20_000 }, { class: "unsafe" }),
  ];
}

test("what fails by nature is counted apart, with how, and recovers from the undo on", () => {
  const goesOn = (sample: Sample): boolean => sample.class === "safe";
  const given = { samples: written(), losesInFlight: false, goesOn, recoversFromMs: 12_000 };
  const restored = { state: "back", afterMs: 200 } as const;
  const { run, recovery } = findingOf(aRecord({ ...given, restored }));
  assert.deepEqual(run.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
  assert.equal(run.sent.unsafe, 0);
  assert.deepEqual(run.stopped?.how, { "507": 700 });
  assert.equal(run.stopped?.sent.unsafe, 700, "from the injection to the undo");
  assert.deepEqual(recovery, { recovered: true, afterMs: 1_000 });
});

test("what does not come back after the undo has not recovered", () => {
  const goesOn = (sample: Sample): boolean => sample.class === "safe";
  const samples = written().map((sample) =>
    sample.class === "unsafe" && sample.dueMs >= 13_000 ? { ...sample, ...FAILED } : sample,
  );
  const record = aRecord({ samples, losesInFlight: false, goesOn, recoversFromMs: 12_000 });
  assert.equal(findingOf(record).recovery.recovered, false);
});

test("with the edge, every class that clients had open is lost by nature, and no more", () => {
  const open = { dueMs: 4_990, endMs: 5_010, outcome: "failed", failure: "reset" } as const;
  const later = { dueMs: 5_200, endMs: 5_210, outcome: "failed", failure: "reset" } as const;
  const samples = [...aRecord().samples, aSample(open), aSample(later)];
  const given = { samples, inFlightOnVictim: undefined, struckForMs: 0 } as const;
  const { run, byNature } = findingOf(aRecord({ ...given, losesInFlight: "everything" }));
  assert.equal(run.failed.safe, 2);
  assert.equal(byNature.safe, 2, "two were open: one that failed, and one that was answered");
  const strict = findingOf(aRecord({ ...given, losesInFlight: true }));
  assert.equal(strict.byNature.safe, 0);
});
