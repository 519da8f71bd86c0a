import { watchedMs } from "../plan/strategy.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";

/** Beyond the configured intervals: processes that start on a busy machine. */
export const MARGIN_MS = 3_000;
/** Of a roll's own waits and look-backs, beyond every step at its deadline. */
const ROLL_MARGIN_MS = 60_000;

/** The edge sees a dead one at once; being whole again takes a restart and its checks. */
export function predictKill({ unit }: PredictionBasis): Prediction {
  const { backoffFirstMs, backoffMaxMs } = unit.restart;
  const readyMs = unit.ready.rise * unit.ready.everyMs;
  const toMs = backoffFirstMs + unit.bootMs + readyMs;
  const alone = unit.replicas <= 1;
  return {
    interval: intervalOf({
      what: alone ? "outage until the only instance is back" : "until the unit is whole again",
      fromMs: backoffFirstMs,
      toMs,
      varies: [
        { of: "boot", ms: unit.bootMs },
        { of: "ready.rise × ready.every", ms: readyMs },
      ],
    }),
    figure: alone ? "unavailable" : "restored",
    failingMsMax: (alone ? toMs : 0) + MARGIN_MS,
    // An instance that was restarted before waits longer: its backoff has grown.
    wholeMsMax: backoffMaxMs + unit.bootMs + readyMs + MARGIN_MS,
    lastsMsMax: undefined,
  };
}

/**
 * A frozen one accepts and never answers: it is found by `fall` checks that time out, or by a
 * request's own time-out. Only this tells how long requests still go to it.
 */
export function predictFreeze(basis: PredictionBasis): Prediction {
  const { unit, edge } = basis;
  if (unit.replicas <= 1) return predictFreezeOfAll(basis);
  const { everyMs, timeoutMs, fall, rise } = unit.ready;
  const routes = (edge?.routes ?? []).filter((route) => route.to === unit.name);
  const tries = routes.map((route) => route.tryTimeoutMs);
  // What answers nothing soon has the most open: it may never be chosen again.
  const avoided = routes.some((route) => route.balance === "least-connections");
  const foundMs = Math.min((fall - 1) * everyMs + timeoutMs, ...tries);
  const soonestMs = avoided ? 0 : foundMs;
  const latestMs = everyMs + (fall - 1) * Math.max(everyMs, timeoutMs) + timeoutMs;
  return {
    interval: intervalOf({
      what: "exposure: injection to the last request sent to the frozen instance",
      fromMs: soonestMs,
      toMs: latestMs,
      varies: [
        { of: "ready.every", ms: everyMs },
        { of: "(ready.fall - 1) rounds", ms: (fall - 1) * Math.max(everyMs, timeoutMs) },
        { of: "ready.timeout", ms: timeoutMs },
      ],
    }),
    figure: "exposure",
    failingMsMax: latestMs + MARGIN_MS,
    // The health check may have had it restarted meanwhile.
    wholeMsMax: unit.restart.backoffMaxMs + unit.bootMs + rise * everyMs + MARGIN_MS,
    lastsMsMax: undefined,
  };
}

/** Where there is nobody else, the edge goes on to ask the frozen one until it thaws. */
function predictFreezeOfAll({ unit, drills }: PredictionBasis): Prediction {
  const { everyMs, rise } = unit.ready;
  const frozenMs = Math.min(drills.freezeMs, drills.windowMs);
  return {
    interval: intervalOf({
      what: "exposure: injection to the last request sent to the only, frozen instance",
      fromMs: Math.max(0, frozenMs - everyMs),
      toMs: frozenMs,
      varies: [{ of: "ready.every", ms: everyMs }],
    }),
    figure: "exposure",
    failingMsMax: frozenMs + MARGIN_MS,
    // The health check may have had it restarted meanwhile.
    wholeMsMax: unit.restart.backoffMaxMs + unit.bootMs + rise * everyMs + MARGIN_MS,
    lastsMsMax: undefined,
  };
}

/** One instance after the other, there and back; only what is new bakes. */
export function predictRoll({ unit }: PredictionBasis): Prediction {
  const steps = Math.ceil(unit.replicas / Math.max(1, unit.rollout.surge));
  const bakeMs = watchedMs(unit.rollout);
  const stepMs = unit.bootMs + unit.drainMs + unit.stopMs;
  return {
    interval: intervalOf({
      what: "the roll there and back",
      fromMs: bakeMs,
      toMs: 2 * (steps * stepMs + bakeMs),
      varies: [
        { of: `${2 * steps} × boot`, ms: 2 * steps * unit.bootMs },
        { of: `${2 * steps} × drain`, ms: 2 * steps * unit.drainMs },
        { of: `${2 * steps} × stop`, ms: 2 * steps * unit.stopMs },
        { of: "rollout.bake, on the way back", ms: bakeMs },
      ],
    }),
    figure: "took",
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: 2 * (steps * stepMs + bakeMs) + ROLL_MARGIN_MS,
  };
}

/** Nothing is gained by waiting less than the declared boot: a slow release is not a bad one. */
export function predictNeverReady({ unit }: PredictionBasis): Prediction {
  const toMs = unit.bootMs + unit.stopMs;
  return {
    interval: intervalOf({
      what: "until it is taken back",
      fromMs: unit.bootMs,
      toMs,
      varies: [{ of: "stop", ms: unit.stopMs }],
    }),
    figure: "took",
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: unit.replicas * toMs + ROLL_MARGIN_MS,
  };
}
