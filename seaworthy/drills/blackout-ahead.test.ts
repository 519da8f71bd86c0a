import assert from "node:assert/strict";
import { test } from "node:test";
import type { Blackout } from "../system/system.ts";
import { blackoutAhead, blackoutNow } from "./blackout-ahead.ts";
import type { DrillName } from "./catalogue.ts";
import { aParsed, aUnit } from "./planted.fixture.ts";
import type { Prediction } from "./prediction.ts";

const FROM = "2026-01-20T00:00:00.000Z";
const TO = "2026-01-21T00:00:00.000Z";
const blackouts: readonly Blackout[] = [{ kind: "once", from: FROM, to: TO }];
/** 1 s of warm-up, 1 s of baseline, a window of 4 s. */
const drills = { ...aParsed(aUnit(2)).system.drills, blackouts };

/** Of a run that begins so many milliseconds before the blackout does. */
function ahead(
  msBefore: number,
  given: Partial<Prediction> & { readonly name?: DrillName; readonly runs?: number } = {},
): string | undefined {
  const { name = "kill-instance", runs = 1, ...predicted } = given;
  const prediction = {
    interval: { what: "none", fromMs: 0, toMs: 0 },
    figure: "restored",
    failingMsMax: 0,
    wholeMsMax: 3_000,
    lastsMsMax: undefined,
    ...predicted,
  } as const;
  const nowWallMs = Date.parse(FROM) - msBefore;
  return blackoutAhead(name, drills, { nowWallMs, prediction, runs })?.because;
}

test("a run that may not be whole again before a blackout is not begun", () => {
  assert.equal(ahead(9_001), undefined, "1 s, 1 s, 4 s and 3 s");
  assert.equal(
    ahead(9_000),
    `a run begun now may last into the blackout (drills.blackouts) of ${FROM} to ${TO}`,
  );
  assert.equal(ahead(0), `a blackout (drills.blackouts) holds until ${TO}`);
  assert.match(ahead(60_000, { lastsMsMax: 60_000 }) ?? "", /may last into/, "a roll takes longer");
  assert.equal(ahead(60_000), undefined);
  assert.equal(ahead(27_001, { runs: 3 }), undefined, "three times 9 s");
  assert.match(ahead(27_000, { runs: 3 }) ?? "", /may last into/);
});

test("of blackouts without an end it is said that they last at least so long", () => {
  const always = { kind: "recurring", cron: "* * * * *", forMs: 60_000 } as const;
  const nowWallMs = Date.parse(FROM);
  const seen = blackoutNow("kill-instance", { ...drills, blackouts: [always] }, nowWallMs);
  assert.match(seen?.because ?? "", /holds until at least 2026-01-2\d/);
  assert.match(seen?.fix ?? "", /^wait until at least 2026-01-2/);
});

test("a blackout speaks of this moment alone where nothing is predicted yet", () => {
  const at = (ms: number): boolean => blackoutNow("kill-instance", drills, ms) !== undefined;
  const fromMs = Date.parse(FROM);
  assert.deepEqual(
    [at(fromMs - 1), at(fromMs), at(Date.parse(TO) - 1), at(Date.parse(TO))],
    [false, true, true, false],
  );
  const fix = blackoutNow("kill-instance", drills, fromMs)?.fix;
  assert.equal(fix, `wait until ${TO}, or change drills.blackouts`);
});

test("a drill on a copy that nobody uses breaks nothing, and runs at any time", () => {
  assert.equal(ahead(0, { name: "certificate-expiry" }), undefined);
  assert.equal(blackoutNow("certificate-expiry", drills, Date.parse(FROM)), undefined);
});
