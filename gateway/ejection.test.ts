import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  EJECT_FIRST_MS,
  EJECT_LONGEST_MS,
  FORGET_MS,
  GOOD_STANDING,
  nextStanding,
  standingFrom,
  TRIAL_ANSWERS,
  type Standing,
  type StandingEvent,
  type StandingRules,
} from "./ejection.ts";
import { eventFor } from "./failure.ts";
import { nextHealth, UNKNOWN_HEALTH, type HealthEvent, type HealthState } from "./health.ts";

const CHECKS = { rise: 2, fall: 3 };

function checked(events: readonly HealthEvent[], from = UNKNOWN_HEALTH): HealthState {
  return events.reduce((state, event) => nextHealth(state, event, CHECKS), from);
}

const HEALTHY = checked(["check-passed", "check-passed"]);

test("new endpoints are unknown until rise passes in a row", () => {
  assert.equal(checked(["check-passed"]).health, "unknown");
  assert.equal(HEALTHY.health, "healthy");
  assert.equal(checked(["check-passed", "check-failed", "check-passed"]).health, "unknown");
});

test("fall failures in a row take out, a refusal takes out at once", () => {
  const twice = checked(["check-failed", "check-failed"], HEALTHY);
  assert.equal(twice.health, "healthy");
  assert.equal(checked(["check-failed"], twice).health, "unhealthy");
  assert.equal(checked(["check-passed", "check-failed"], twice).health, "healthy");
  const refused = checked(["refused"], HEALTHY);
  assert.equal(refused.health, "unhealthy");
  assert.equal(checked(["check-passed"], refused).health, "unhealthy");
  assert.equal(checked(["check-passed", "check-passed"], refused).health, "healthy");
});

const RULES: StandingRules = { nowMs: 0, mayEject: true, othersAnswer: true };

function after(
  events: readonly StandingEvent[],
  rules: Partial<StandingRules> = {},
  from = GOOD_STANDING,
): Standing {
  const all = { ...RULES, ...rules };
  return events.reduce((state, event) => nextStanding(state, event, all), from);
}

const times = (count: number, event: StandingEvent): StandingEvent[] =>
  new Array<StandingEvent>(count).fill(event);
const reasonOf = (state: Standing): string | undefined => state.ejected?.reason;

test("several bad answers in a row eject, each kind with its reason", () => {
  assert.equal(reasonOf(after(times(2, "timeout"))), undefined);
  assert.equal(reasonOf(after(times(3, "timeout"))), "timeouts");
  assert.equal(reasonOf(after(times(4, "error"))), undefined);
  assert.equal(reasonOf(after(times(5, "error"))), "errors");
  assert.equal(reasonOf(after(["reset"])), "lost");
  assert.equal(reasonOf(after(["slow"])), "slow");
  assert.equal(reasonOf(after(["error-rate"])), "error-rate");
  assert.equal(
    reasonOf(after([...times(4, "error"), "answered", ...times(4, "error")])),
    undefined,
  );
});

test("nothing is ejected where the pool cannot spare it, or for errors all have", () => {
  const all: StandingEvent[] = ["reset", "slow", "error-rate"];
  for (const event of [...all, ...times(9, "error"), ...times(9, "timeout")]) {
    assert.equal(reasonOf(after(times(9, event), { mayEject: false })), undefined);
  }
  assert.equal(reasonOf(after(times(99, "error"), { othersAnswer: false })), undefined);
});

test("what checks can see ends with the first that passes; the rest, in time only", () => {
  const lost = after(["reset"]);
  assert.equal(reasonOf(after(["time"], { nowMs: 1e9 }, lost)), "lost");
  assert.equal(reasonOf(after(["check-passed"], {}, lost)), undefined);
  const grey = after(times(5, "error"));
  assert.equal(reasonOf(after(["check-passed"], { nowMs: 1e9 }, grey)), "errors");
  assert.equal(reasonOf(after(["time"], { nowMs: EJECT_FIRST_MS - 1 }, grey)), "errors");
  const back = after(["time"], { nowMs: EJECT_FIRST_MS }, grey);
  assert.equal(reasonOf(back), undefined);
  assert.equal(back.trialLeft, TRIAL_ANSWERS);
});

test("on trial two bad answers are the end, and each ejection is twice as long", () => {
  let nowMs = 0;
  let state = after(times(5, "error"), { nowMs });
  const lengths: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    const untilMs = state.ejected!.untilMs;
    lengths.push(untilMs - nowMs);
    nowMs = untilMs;
    state = after(["time", "answered", "error", "error"], { nowMs }, state);
  }
  assert.deepEqual(lengths, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  const passed = after(
    times(TRIAL_ANSWERS, "answered"),
    { nowMs },
    after(["time"], { nowMs: 1e9 }, state),
  );
  assert.equal(reasonOf(after(["error"], { nowMs: 1e9 }, passed)), undefined);
});

test("a minute of good service, and earlier ejections are forgotten", () => {
  const grey = after(times(5, "error"));
  const back = after(["time", ...times(TRIAL_ANSWERS, "answered")], { nowMs: 5_000 }, grey);
  const soon = after(times(5, "error"), { nowMs: 5_000 + FORGET_MS }, back);
  assert.equal(soon.ejected?.untilMs, 5_000 + FORGET_MS + EJECT_FIRST_MS * 2);
  const later = after(times(5, "error"), { nowMs: 5_001 + FORGET_MS }, back);
  assert.equal(later.ejected?.untilMs, 5_001 + FORGET_MS + EJECT_FIRST_MS);
});

test("no history keeps an endpoint out for longer than a minute, or out for ever", () => {
  const events = fc.constantFrom<StandingEvent>(
    ...(["reset", "timeout", "error", "answered", "error-rate", "slow", "check-passed"] as const),
    "time",
  );
  const history = fc.array(fc.tuple(events, fc.nat({ max: 20_000 })), { maxLength: 200 });
  fc.assert(
    fc.property(history, (steps) => {
      let nowMs = 0;
      let state = GOOD_STANDING;
      for (const [event, ms] of steps) {
        nowMs += ms;
        state = after([event], { nowMs }, state);
        assert.ok((state.ejected?.untilMs ?? nowMs) - nowMs <= EJECT_LONGEST_MS);
      }
      const end = { nowMs: nowMs + EJECT_LONGEST_MS };
      assert.equal(after(["time", "check-passed"], end, state).ejected, undefined);
    }),
  );
});

test("what another worker knew goes on, and a clock that was set makes it no longer", () => {
  const clock = { now: () => 100, wall: () => 1_000_000, sleep: () => Promise.resolve() };
  const ejected = { reason: "slow", untilWallMs: 1_007_000, times: 3 } as const;
  const known = standingFrom(ejected, clock);
  assert.deepEqual(known.ejected, { reason: "slow", untilMs: 7_100 });
  assert.equal(known.times, 3);
  const far = standingFrom({ ...ejected, untilWallMs: 9e12 }, clock);
  assert.equal(far.ejected?.untilMs, 100 + EJECT_LONGEST_MS);
  assert.equal(standingFrom(undefined, clock), GOOD_STANDING);
});

test("what a failed try says: a cut reused connection is no proof, a cut fresh one is", () => {
  const sent = { isSent: true, isReused: false };
  assert.equal(eventFor("reset", { isSent: true, isReused: true }), "timeout");
  assert.equal(eventFor("reset", sent), "reset");
  assert.equal(eventFor("withdrawn", sent), undefined);
  assert.equal(eventFor("malformed", sent), "error");
  assert.equal(eventFor("malformed", { isSent: false, isReused: false }), undefined);
});
