import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anEdge } from "../targets/declared.ts";
import type { Interval } from "../record/evidence.ts";
import type { Edge } from "../system/system.ts";
import { aUnit } from "./planted.fixture.ts";
import { PLAYS } from "./plays.ts";
import { intervalOf, type PredictionBasis } from "./prediction.ts";

/** Whole milliseconds, so that doubling them is exact. */
const ms = fc.integer({ min: 1, max: 120_000 });
const times = fc.integer({ min: 1, max: 10 });
const check = fc.record({
  path: fc.constant("/ready"),
  everyMs: ms,
  timeoutMs: ms,
  rise: times,
  fall: times,
});

const unit = fc
  .record({
    replicas: times,
    health: check,
    ready: check,
    drainMs: ms,
    stopMs: ms,
    bootMs: ms,
    bakeMs: fc.integer({ min: 0, max: 600_000 }),
    surge: fc.integer({ min: 0, max: 5 }),
    backoffFirstMs: ms,
    backoffMaxMs: ms,
  })
  .map(({ bakeMs, surge, backoffFirstMs, backoffMaxMs, ...rest }) => {
    const base = aUnit(rest.replicas);
    return {
      ...base,
      ...rest,
      rollout: { ...base.rollout, bakeMs, surge },
      restart: { backoffFirstMs, backoffMaxMs },
    };
  });

const edge: fc.Arbitrary<Edge> = fc
  .record({
    balance: fc.constantFrom("round-robin", "least-connections", "consistent-hash"),
    timeoutMs: ms,
    tryTimeoutMs: ms,
    idleMs: ms,
    connectMs: ms,
  })
  .map(({ connectMs, ...given }) => ({
    ...anEdge(),
    routes: [{ prefix: "/", to: "api", idempotent: false, hashBy: undefined, ...given }],
    timeouts: { ...anEdge().timeouts, connectMs },
  }));

const drills = fc.record({
  warmUpMs: ms,
  baselineMs: ms,
  windowMs: ms,
  freezeMs: ms,
  everyMs: fc.constant(undefined),
});

const load = fc.record({
  ratePerSecond: fc.integer({ min: 1, max: 10_000 }),
  mix: fc.constant([]),
  timeoutMs: ms,
  history: fc.constant(undefined),
});

const basis: fc.Arbitrary<PredictionBasis> = fc.record({
  unit,
  needs: fc.array(unit, { maxLength: 2 }),
  edge: fc.option(edge, { nil: undefined }),
  drills,
  load: fc.option(load, { nil: undefined }),
});

type Predict = (given: PredictionBasis) => { readonly interval: Interval };

function assertNoWider(predict: Predict): void {
  fc.assert(
    fc.property(basis, (given) => {
      const { fromMs, toMs, varies } = predict(given).interval;
      const widthMsMax = (varies ?? []).reduce((all, term) => all + term.ms, 0);
      assert.ok(fromMs >= 0 && toMs >= fromMs, `${fromMs} to ${toMs}`);
      assert.ok(toMs - fromMs <= widthMsMax, `${toMs - fromMs} > ${widthMsMax}`);
    }),
  );
}

/** Whatever else it held (a margin, an earlier sample) would not double when they do. */
function assertOfIntervals(predict: Predict): void {
  fc.assert(
    fc.property(basis, (given) => {
      const once = predict(given).interval;
      const twice = predict(doubled(given)).interval;
      assert.deepEqual([twice.fromMs, twice.toMs], [2 * once.fromMs, 2 * once.toMs]);
    }),
  );
}

for (const [name, { predict }] of Object.entries(PLAYS)) {
  test(`${name}: no prediction is wider than the configured intervals that vary`, () => {
    assertNoWider(predict);
  });

  test(`${name}: a prediction is made of configured intervals alone`, () => {
    assertOfIntervals(predict);
  });
}

test("a guess, a margin and an earlier sample are all seen for what they are", () => {
  const what = "planted";
  const varies = [{ of: "boot", ms: 1 }];
  assert.throws(() => assertNoWider(() => ({ interval: { what, fromMs: 0, toMs: 2, varies } })));
  const margin: Predict = ({ unit: { bootMs } }) => ({
    interval: { what, fromMs: 0, toMs: bootMs + 3_000 },
  });
  assert.throws(() => assertOfIntervals(margin));
  assert.throws(() => assertOfIntervals(() => ({ interval: { what, fromMs: 700, toMs: 700 } })));
});

/** Every interval that can be declared, twice as long. */
function doubled(given: PredictionBasis): PredictionBasis {
  const { unit: of, needs, edge: front, drills: windows, load: sent } = given;
  return {
    unit: doubledUnit(of),
    needs: needs.map(doubledUnit),
    edge: front && {
      ...front,
      routes: front.routes.map((route) => ({
        ...route,
        timeoutMs: 2 * route.timeoutMs,
        tryTimeoutMs: 2 * route.tryTimeoutMs,
        idleMs: 2 * route.idleMs,
      })),
      timeouts: {
        connectMs: 2 * front.timeouts.connectMs,
        headerMs: 2 * front.timeouts.headerMs,
        bodyMs: 2 * front.timeouts.bodyMs,
        keepAliveMs: 2 * front.timeouts.keepAliveMs,
      },
    },
    drills: {
      ...windows,
      warmUpMs: 2 * windows.warmUpMs,
      baselineMs: 2 * windows.baselineMs,
      windowMs: 2 * windows.windowMs,
      freezeMs: 2 * windows.freezeMs,
    },
    // From one request to the next it is twice as long.
    load: sent && {
      ...sent,
      timeoutMs: 2 * sent.timeoutMs,
      ratePerSecond: sent.ratePerSecond / 2,
    },
  };
}

function doubledUnit(of: PredictionBasis["unit"]): PredictionBasis["unit"] {
  const twice = (one: typeof of.ready): typeof of.ready => ({
    ...one,
    everyMs: 2 * one.everyMs,
    timeoutMs: 2 * one.timeoutMs,
  });
  return {
    ...of,
    health: twice(of.health),
    ready: twice(of.ready),
    drainMs: 2 * of.drainMs,
    stopMs: 2 * of.stopMs,
    bootMs: 2 * of.bootMs,
    rollout: { ...of.rollout, bakeMs: 2 * of.rollout.bakeMs },
    restart: {
      backoffFirstMs: 2 * of.restart.backoffFirstMs,
      backoffMaxMs: 2 * of.restart.backoffMaxMs,
    },
  };
}

test("an interval that is wider than what varies cannot be made", () => {
  const varies = [{ of: "boot", ms: 99 }];
  assert.throws(() => intervalOf({ what: "a guess", fromMs: 0, toMs: 100, varies }), /wider than/);
  assert.throws(() => intervalOf({ what: "none", fromMs: 2, toMs: 1, varies }), /from 2 to 1/);
});
