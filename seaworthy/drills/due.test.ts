import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence, Verdict } from "../record/evidence.ts";
import { CATALOGUE } from "./catalogue.ts";
import { drillsByTier, dueDrills } from "./due.ts";
import { anEvidence } from "./evidence.fixture.ts";
import { spokenHash } from "./objectives.ts";
import { aParsed, aUnit } from "./planted.fixture.ts";

const DAY_MS = 86_400_000;
const { drills: windows } = aParsed(aUnit(2)).system;
const PARSED = aParsed(aUnit(2), { drills: { ...windows, everyMs: 3 * DAY_MS } });

function due(evidence: readonly Evidence[], now: string) {
  const [first] = dueDrills(["kill-instance"], {
    parsed: PARSED,
    evidence: evidence.map((one) => ({ ...one, declarationHash: spokenHash(PARSED) })),
    releases: { api: "r1" },
    now,
    target: "local",
    everyMs: 3 * DAY_MS,
  });
  assert.ok(first !== undefined);
  return first;
}

test("the gentlest drills come first, and none is left out", () => {
  const tiers = drillsByTier().map((name) => CATALOGUE[name].tier);
  assert.deepEqual(tiers, tiers.toSorted());
  assert.equal(tiers.length, Object.keys(CATALOGUE).length);
});

test("a drill that was never played is due at once", () => {
  assert.deepEqual(due([], "2026-01-11T00:00:00.000Z"), {
    drill: "kill-instance",
    lastAt: undefined,
    dueAt: undefined,
    due: true,
    because: "no verdict yet",
  });
});

test("one that was held or missed is due again after the declared time, and not before", () => {
  for (const verdict of ["held", "missed"] as const) {
    const kept = [anEvidence({ verdict })];
    const before = due(kept, "2026-01-12T23:59:59.000Z");
    assert.deepEqual([before.due, before.dueAt], [false, "2026-01-13T00:00:00.000Z"]);
    const after = due(kept, "2026-01-13T00:00:01.000Z");
    assert.ok(after.due);
    assert.match(after.because, /3 days old/);
  }
});

test("one that verified nothing is still due", () => {
  for (const verdict of ["could-not-verify", "aborted"] satisfies Verdict[]) {
    assert.ok(due([anEvidence({ verdict })], "2026-01-10T00:01:00.000Z").due, verdict);
  }
});

test("a change of what serves makes it due at once, and is named", () => {
  const changed = due([anEvidence({ releases: { api: "r0" } })], "2026-01-10T01:00:00.000Z");
  assert.deepEqual([changed.due, changed.because], [true, "api was r0 then and is r1 now"]);
});
