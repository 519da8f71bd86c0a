import assert from "node:assert/strict";
import { test } from "node:test";
import type { DrillRun, Evidence } from "../record/evidence.ts";
import { type BudgetQuestion, overBudget, predictedOutageMs, spentMs } from "./budget.ts";
import { anEvidence } from "./evidence.fixture.ts";
import { aUnit } from "./planted.fixture.ts";
import { PLAYS } from "./plays.ts";
import type { DrillName } from "./catalogue.ts";
import type { Prediction } from "./prediction.ts";
import { aRun } from "./verdict.fixture.ts";

const SECOND_MS = 1_000;
const NOW_WALL_MS = Date.parse("2026-01-31T00:00:00.000Z");
/** Of 30 days, 99.99 % allow 259.2 s. */
const FOUR_NINES = 0.9999;

function aPrediction(outageMs: number): Prediction {
  return {
    interval: { what: "outage", fromMs: 0, toMs: outageMs },
    figure: "unavailable",
    failingMsMax: outageMs,
    wholeMsMax: 0,
    lastsMsMax: undefined,
  };
}

function anOutage(ms: number): DrillRun {
  return aRun({ outage: { longestGapMs: ms, badSeconds: 0, unavailableMs: ms } });
}

/** One drill of one run, whose outage was so long. */
function spent(seconds: number, given: Partial<Evidence> = {}): Evidence {
  return anEvidence({ runs: [anOutage(seconds * SECOND_MS)], raw: `raw/${seconds}`, ...given });
}

function asked(given: Partial<BudgetQuestion>): string | undefined {
  const over = overBudget({
    name: "kill-edge-holder",
    availability: FOUR_NINES,
    prediction: aPrediction(15 * SECOND_MS),
    kept: [],
    played: [],
    runsLeft: 1,
    nowWallMs: NOW_WALL_MS,
    ...given,
  });
  return over && `${over.because}: ${over.waysOut}`;
}

test("a drill begins while what is left of the month's budget covers what it may take", () => {
  assert.equal(asked({}), undefined);
  assert.equal(asked({ kept: [spent(244)] }), undefined, "15.2 s are left");
  assert.match(asked({ kept: [spent(245)] }) ?? "", /^outages of drills took/);
  assert.equal(asked({ runsLeft: 17 }), undefined, "255 s");
  assert.match(asked({ runsLeft: 18 }) ?? "", /18 runs may take 4 min 30 s more/);
});

test("a refusal has both figures and every way out", () => {
  const kept = [spent(200, { at: "2026-01-05T00:00:00.000Z" }), spent(50)];
  assert.equal(
    asked({ kept }),
    "outages of drills took 4 min 10 s of the 4 min 19 s that 99.99 % of 30 days allow, " +
      "and one run may take 15.0 s more: " +
      "wait until 2026-02-04T00:00:00.000Z, when enough of it is back, " +
      "promise less (objectives.availability), or accept it: --allow-outage",
  );
});

test("it says when enough is back, one outage after the other, and how many runs fit", () => {
  const days = ["2026-01-20", "2026-01-10", "2026-01-15"];
  const kept = days.map((day, at) => spent(100 - at, { at: `${day}T00:00:00.000Z` }));
  assert.match(asked({ kept }) ?? "", /wait until 2026-02-09T/, "the oldest is enough");
  const three = asked({ kept, runsLeft: 10 }) ?? "";
  assert.match(three, /wait until 2026-02-14T/, "150 s take two of them");
  assert.doesNotMatch(three, /play fewer/);
  assert.match(asked({ kept: [spent(200)], runsLeft: 10 }) ?? "", /play fewer \(--runs 3\)/);
  assert.doesNotMatch(asked({ runsLeft: 100 }) ?? "wait", /wait/, "no month allows so much");
});

test("where nothing is promised, or nobody is hurt, there is no budget to keep", () => {
  const kept = [spent(10_000)];
  assert.equal(asked({ kept, availability: undefined }), undefined);
  assert.equal(asked({ kept, name: "certificate-expiry" }), undefined);
  const none = aPrediction(0);
  assert.match(asked({ kept, prediction: none }) ?? "", /one run may take 0 ms more: wait/);
});

test("an outage counts once, for 30 days, and only where users were served", () => {
  const at = "2026-01-20T00:00:00.000Z";
  const kept = [
    spent(100, { at, objective: "errors" }),
    spent(100, { at, objective: "recovery.time" }),
    spent(101, { at, drill: "certificate-expiry" }),
    spent(102, { at: "2026-01-01T00:00:00.000Z" }),
    spent(103, { at, verdict: "aborted", declarationHash: "hash-0", target: "local" }),
  ];
  assert.equal(asked({ kept }), undefined, "203 s");
  assert.match(asked({ kept: [...kept, spent(50, { at })] }) ?? "", /took 4 min 13 s/);
});

test("this drill's own runs count, so that one that was worse than predicted stops it", () => {
  const played = [anOutage(100 * SECOND_MS), anOutage(100 * SECOND_MS)];
  assert.equal(asked({ played, runsLeft: 3 }), undefined);
  assert.match(asked({ played, runsLeft: 4 }) ?? "", /took 3 min 20 s .* 4 runs may take 1 min/);
});

test("what a fault stopped by nature was an outage for those who asked for it", () => {
  const failed = { safe: 0, idempotent: 0, unsafe: 9, stream: 0 };
  const moments = { baselineFromMs: 0, windowFromMs: 5_000, windowToMs: 20_000, undoneMs: 12_000 };
  const stopped = { sent: failed, failed, how: { 507: 9 } };
  assert.equal(spentMs(aRun({ moments, stopped })), 7_000);
  const { undoneMs: _undoneMs, ...open } = moments;
  assert.equal(spentMs(aRun({ moments: open, stopped })), 15_000, "not undone: all the window");
  const nothing = { ...stopped, failed: { ...failed, unsafe: 0 } };
  assert.equal(spentMs(aRun({ moments, stopped: nothing })), 0);
  assert.equal(spentMs(anOutage(900)), 900);
});

test("what is predicted to be spent is made of the declaration: no margin, no ceiling", () => {
  const drills = { warmUpMs: 1, baselineMs: 1, windowMs: 4_000, freezeMs: 1_500 };
  const basis = { needs: [], edge: undefined, load: undefined };
  const predicted = (name: DrillName, replicas: number): number => {
    const given = { ...basis, drills: { ...drills, everyMs: undefined } };
    return predictedOutageMs(PLAYS[name].predict({ ...given, unit: aUnit(replicas) }));
  };
  assert.equal(predicted("kill-instance", 2), 0);
  assert.equal(predicted("kill-instance", 1), 700 + 2_000 + 100, "backoff, boot, a check");
  assert.equal(predicted("freeze-instance", 2), 500);
  assert.equal(predicted("roll-under-load", 2), 0);
  assert.equal(predicted("fill-volume", 2), 1_500, "writes, as long as it is full");
  assert.ok(predicted("kill-edge-holder", 2) >= 4_000, "up to the window");
});
