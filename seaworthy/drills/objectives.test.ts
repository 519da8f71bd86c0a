import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Evidence } from "../record/evidence.ts";
import {
  evidenceObjectives,
  objectiveStates,
  spokenHash,
  type ObjectiveQuestion,
} from "./objectives.ts";
import { parse } from "../system/parse.ts";
import { anEvidence } from "./evidence.fixture.ts";
import { aParsed, aUnit, OBJECTIVES } from "./planted.fixture.ts";
import { aRun } from "./verdict.fixture.ts";

const ERRORS = { ...OBJECTIVES, latencyP95Ms: undefined };

function ask(evidence: readonly Evidence[], given: Partial<ObjectiveQuestion> = {}) {
  const states = objectiveStates({
    parsed: aParsed(aUnit(2), { objectives: ERRORS }),
    evidence,
    releases: { api: "r1" },
    now: "2026-01-11T00:00:00.000Z",
    target: "local",
    ...given,
  });
  return present(states[0], "a state");
}

test("an objective that no drill tried is never tried", () => {
  assert.equal(ask([]).state, "never-tried");
  assert.equal(ask([anEvidence({ objective: "recovery.time" })]).state, "never-tried");
});

test("a rehearsal holds no objective, but a miss in it is one", () => {
  const rehearsed = { drill: "certificate-expiry" } as const;
  assert.equal(ask([anEvidence(rehearsed)]).state, "never-tried");
  assert.equal(ask([anEvidence(), anEvidence(rehearsed)]).drill, "kill-instance");
  assert.equal(ask([anEvidence({ ...rehearsed, verdict: "missed" })]).state, "missed");
});

test("an objective is what its evidence says, with figure, runs, age and drill", () => {
  const state = ask([anEvidence({ measured: 0.0012 })]);
  assert.deepEqual(
    [state.state, state.figure, state.runs, state.drill, state.at, state.declared],
    ["held", "0.12 %", 1, "kill-instance", "2026-01-10T00:00:00.000Z", "≤ 1 %"],
  );
});

test("evidence goes stale, and says why", () => {
  const stale: readonly (readonly [Partial<Evidence>, RegExp])[] = [
    [{ declarationHash: "hash-0" }, /the declaration changed/],
    [{ releases: { api: "r0" } }, /api was r0 then and is r1 now/],
    [{ releases: { api: "r1", web: "r5" } }, /web was r5 then and is not served now/],
    [{ target: "docker" }, /on docker/],
    [{ at: "2026-01-03T00:00:00.000Z" }, /8 days old/],
  ];
  for (const [given, because] of stale) {
    const state = ask([anEvidence(given)]);
    assert.equal(state.state, "stale");
    assert.match(state.because, because);
  }
});

test("evidence counts as long as drills are declared to be apart", () => {
  const every = (everyMs: number | undefined) => {
    const { system } = aParsed(aUnit(2));
    const drills = { ...system.drills, everyMs };
    const parsed = aParsed(aUnit(2), { objectives: ERRORS, drills });
    const one = anEvidence({ declarationHash: spokenHash(parsed) });
    return ask([one], { parsed, now: "2026-01-14T00:00:00.000Z" });
  };
  assert.equal(every(undefined).state, "held", "a week, where nothing is declared");
  assert.equal(every(5 * 86_400_000).state, "held");
  const stale = every(3 * 3_600_000);
  assert.deepEqual([stale.state, stale.because], ["stale", "it is 4 days old"]);
});

test("a schedule alone makes no evidence stale, and anything else does", () => {
  const drills = aParsed(aUnit(2)).system.drills;
  const hashes = [7, 3].map((days) => {
    const every = { ...drills, everyMs: days * 86_400_000 };
    return spokenHash(aParsed(aUnit(2), { drills: every }));
  });
  assert.equal(new Set(hashes).size, 1);
  const other = { ...drills, everyMs: 3, windowMs: drills.windowMs + 1 };
  assert.notEqual(spokenHash(aParsed(aUnit(2), { drills: other })), hashes[0]);
});

test("nor do the times in which drills must rest", () => {
  const run = { build: "./api", command: ["node", "main.ts"] };
  const hashOf = (drills: object): string => {
    const declared = { name: "shop", services: { api: { run } }, drills };
    const parsed = parse(declared, { environment: undefined, platform: undefined });
    assert.ok(parsed.ok);
    return spokenHash(parsed.value);
  };
  const blackouts = [{ cron: "0 18 * * fri", for: "62h" }];
  assert.equal(hashOf({ blackouts }), hashOf({}));
  assert.equal(hashOf({ blackouts, every: "7d" }), hashOf({}));
  assert.notEqual(hashOf({ blackouts, window: "20s" }), hashOf({}));
});

test("the worst current evidence decides", () => {
  const missed = anEvidence({ drill: "roll-under-load", verdict: "missed", because: "9 of 10" });
  const state = ask([missed, anEvidence()]);
  assert.deepEqual(
    [state.state, state.because, state.drill],
    ["missed", "9 of 10", "roll-under-load"],
  );
});

test("a miss is not washed off by running again", () => {
  const state = ask([anEvidence({ verdict: "missed" }), anEvidence()]);
  assert.equal(state.state, "missed");
});

test("a miss of another release is over, and what is held now counts", () => {
  const state = ask([anEvidence({ verdict: "missed", releases: { api: "r0" } }), anEvidence()]);
  assert.equal(state.state, "held");
});

test("a run that verified nothing is replaced by the next of the same drill only", () => {
  const unsure = anEvidence({ verdict: "could-not-verify" });
  assert.equal(ask([unsure, anEvidence()]).state, "held");
  assert.equal(ask([anEvidence(), unsure]).state, "could-not-verify");
  const other = anEvidence({ drill: "roll-under-load" });
  assert.equal(ask([unsure, other]).state, "could-not-verify");
});

test("an availability is never called held by a drill", () => {
  const parsed = aParsed(aUnit(2), {
    objectives: { ...ERRORS, errorRatio: undefined, availability: 0.999 },
  });
  const outage = { longestGapMs: 1_300, badSeconds: 2, unavailableMs: 1_300 };
  const state = ask([anEvidence({ runs: [aRun({ outage })] })], { parsed });
  assert.equal(state.state, "could-not-verify");
  assert.match(state.because, /a month may lose 43 min 12 s, a killed instance cost 1.3 s/);
  assert.equal(ask([], { parsed }).state, "never-tried");
  const unsure = anEvidence({ verdict: "could-not-verify" });
  assert.equal(ask([unsure], { parsed }).state, "never-tried", "its cost is no figure");
});

test("only what is held would lose its evidence", () => {
  const evidence = [anEvidence(), anEvidence({ objective: "latency.p95", verdict: "missed" })];
  assert.deepEqual(evidenceObjectives([...evidence, anEvidence()]), ["errors"]);
});
