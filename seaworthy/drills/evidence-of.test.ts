import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, timestamp } from "@seaworthy/std/clock";
import { parseRecord } from "../record/read.ts";
import { anEvidence } from "./evidence.fixture.ts";
import { evidenceOf, type Played } from "./evidence-of.ts";
import { findingOf } from "./finding.ts";
import { intervalOf } from "./prediction.ts";
import { aParsed, aUnit } from "./planted.fixture.ts";
import { aRecord } from "./run-record.fixture.ts";
import { aFinding, aRun } from "./verdict.fixture.ts";

const ERRORS = { objective: "errors", limit: 0.001 } as const;
const FEW = { safe: 1_000, idempotent: 0, unsafe: 0, stream: 0 };
const NONE = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
const SOUND = { byNature: NONE, recovered: true, recoveryMs: 900, doubts: [], wrongs: [] };

function aPlayed(given: Partial<Played> = {}): Played {
  return {
    request: {
      name: "kill-instance",
      parsed: aParsed(aUnit(2)),
      clock: systemClock,
      seed: 7,
      runs: 2,
      unit: undefined,
      allowOutage: true,
      raw: "raw/drill-1",
      target: { platform: { name: "local" } },
    },
    ready: { unit: aUnit(2), releases: { api: "r1" } },
    findings: [aFinding({ run: { sent: FEW } })],
    kept: [],
    failure: undefined,
    leftBroken: [],
    ...given,
  };
}

/** Evidence of now, with one sound run of 1,000 requests. */
function kept(given: Parameters<typeof anEvidence>[0] = {}) {
  const runs = [aRun({ sent: FEW, judged: SOUND })];
  return anEvidence({ unit: "api", runs, at: timestamp(systemClock), ...given });
}

test("too few requests are joined by those of earlier sound runs of the same", () => {
  const alone = evidenceOf(aPlayed(), ERRORS);
  assert.equal(alone.verdict, "could-not-verify");
  assert.match(alone.because, /3000 are needed/);
  const joined = evidenceOf(aPlayed({ kept: [kept(), kept()] }), ERRORS);
  assert.deepEqual(
    [joined.verdict, joined.earlier, joined.because],
    ["held", { runs: 2, sent: 2_000 }, "0 of 3000 failed (limit 0.1 %), counting 2 earlier runs"],
  );
  assert.equal(joined.runs.length, 1, "and stand in their own evidence alone");
});

test("runs of anything else, and runs that were not sound, count for nothing", () => {
  const others = [
    kept({ drill: "freeze-instance" }),
    kept({ objective: "recovery.time" }),
    kept({ unit: "web" }),
    kept({ declarationHash: "hash-0" }),
    kept({ releases: { api: "r0" } }),
    kept({ target: "docker" }),
    kept({ at: "2020-01-01T00:00:00.000Z" }),
    kept({ runs: [aRun({ sent: FEW })] }),
    kept({ runs: [aRun({ sent: FEW, judged: { ...SOUND, doubts: ["p95 was 900 ms"] } })] }),
    kept({ runs: [aRun({ sent: FEW, judged: { ...SOUND, aborted: "stopped" } })] }),
    kept({ runs: [aRun({ sent: FEW, judged: SOUND, undone: undefined })] }),
  ];
  for (const other of others) {
    const { verdict, earlier } = evidenceOf(aPlayed({ kept: [other, other] }), ERRORS);
    assert.deepEqual([verdict, earlier], ["could-not-verify", undefined], JSON.stringify(other));
  }
});

test("earlier runs never turn a miss or a doubt of now into something better", () => {
  const many = Array.from({ length: 50 }, () => kept());
  const missed = aFinding({ run: { sent: FEW, failed: { ...NONE, safe: 2 } } });
  assert.equal(evidenceOf(aPlayed({ kept: many, findings: [missed] }), ERRORS).verdict, "missed");
  const doubtful = aFinding({ run: { sent: FEW }, doubts: ["p95 was 900 ms before the fault"] });
  const doubt = evidenceOf(aPlayed({ kept: many, findings: [doubtful] }), ERRORS);
  assert.equal(doubt.verdict, "could-not-verify");
  const failure = "not whole again after the drill: api: 1 of 2 ready";
  const broken = evidenceOf(aPlayed({ kept: many, failure }), ERRORS);
  assert.deepEqual([broken.verdict, broken.because], ["could-not-verify", failure]);
  const both = evidenceOf(aPlayed({ findings: [doubtful], failure }), ERRORS);
  assert.equal(both.because, `p95 was 900 ms before the fault; ${failure}`);
  const lost = kept({ runs: [aRun({ sent: FEW, judged: { ...SOUND, wrongs: ["a phantom"] } })] });
  assert.equal(evidenceOf(aPlayed({ kept: [lost, ...many] }), ERRORS).verdict, "missed");
});

test("a sample beside the prediction is a finding, also where the objective held", () => {
  const interval = intervalOf({
    what: "until the unit is whole again",
    fromMs: 700,
    toMs: 900,
    varies: [{ of: "boot", ms: 200 }],
  });
  const prediction = {
    interval,
    figure: "restored",
    failingMsMax: 0,
    wholeMsMax: 0,
    lastsMsMax: undefined,
  } as const;
  const findings = [
    aFinding({ run: { restoredMs: 1_151 } }),
    aFinding({ run: { restoredMs: 800 } }),
  ];
  const evidence = evidenceOf(aPlayed({ findings, prediction }), ERRORS);
  assert.equal(evidence.verdict, "held");
  assert.deepEqual(evidence.findings, [
    "run 1: until the unit is whole again 1.2 s, predicted 700 ms to 900 ms",
  ]);
  const near = [aFinding({ run: { restoredMs: 1_149 } }), aFinding({ run: { restoredMs: 451 } })];
  const within = evidenceOf(aPlayed({ findings: near, prediction }), ERRORS);
  assert.equal(within.findings, undefined, "a look may be late by so much");
});

test("evidence says how to play it again, and survives being written and read", () => {
  const findings = [findingOf(aRecord())];
  const evidence = evidenceOf(aPlayed({ findings, leftBroken: ["api-1 is frozen"] }), ERRORS);
  assert.deepEqual(evidence.again, [
    ..."drill kill-instance --seed 7 --runs 2 --allow-outage".split(" "),
  ]);
  const read = parseRecord("evidence", JSON.parse(JSON.stringify(evidence)));
  assert.deepEqual(read.ok ? read.value : read.error, evidence);
});
