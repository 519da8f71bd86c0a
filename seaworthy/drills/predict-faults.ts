import type { ServiceUnit } from "../plan/graph.ts";
import { MARGIN_MS, predictFreeze } from "./predict.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";

/**
 * What is dropped is found like what is frozen, and sooner where a connection has to be made: that
 * one times out by itself.
 */
export function predictDrop(basis: PredictionBasis): Prediction {
  const frozen = predictFreeze(basis);
  const { fromMs, toMs, varies = [] } = frozen.interval;
  if (basis.unit.replicas <= 1) {
    const interval = intervalOf({
      what: "exposure: injection to the last request sent to the only, unreachable instance",
      fromMs: 0,
      toMs,
      varies: [{ of: "drills.freeze", ms: toMs }],
    });
    return { ...frozen, interval };
  }
  const what = "exposure: injection to the last request sent to the unreachable instance";
  const connectMs = basis.edge?.timeouts.connectMs;
  if (connectMs === undefined) return { ...frozen, interval: { ...frozen.interval, what } };
  const interval = intervalOf({
    what,
    fromMs: Math.min(fromMs, connectMs),
    toMs,
    varies: [...varies, { of: "edge.timeouts.connect", ms: connectMs }],
  });
  return { ...frozen, interval };
}

/** It answers, so that no check fails: it is avoided where the edge minds how long it takes. */
export function predictSlow(basis: PredictionBasis): Prediction {
  const { freezeMs } = basis.drills;
  const { unit } = basis;
  return {
    interval: intervalOf({
      what: "exposure: injection to the last request sent to the slow instance",
      fromMs: 0,
      toMs: freezeMs,
      varies: [{ of: "drills.freeze", ms: freezeMs }],
    }),
    figure: "exposure",
    failingMsMax: (unit.replicas <= 1 ? freezeMs : 0) + MARGIN_MS,
    wholeMsMax: restartMs(basis),
    lastsMsMax: undefined,
  };
}

/** Nobody should notice. */
export function predictLogs(basis: PredictionBasis): Prediction {
  return {
    interval: intervalOf({
      what: "outage while its log takes no line (EPERM)",
      fromMs: 0,
      toMs: 0,
      varies: [],
    }),
    figure: "unavailable",
    failingMsMax: MARGIN_MS,
    // One that died of it cannot be started before its log can be written.
    wholeMsMax: restartMs(basis),
    lastsMsMax: undefined,
  };
}

/** With room again the next write succeeds; what left the routes must pass its checks. */
export function predictVolume(basis: PredictionBasis): Prediction {
  const { everyMs, rise } = basis.unit.ready;
  return {
    interval: intervalOf({
      what: "from the undo until all is ready",
      fromMs: 0,
      toMs: rise * everyMs,
      varies: [{ of: "ready.rise × ready.every", ms: rise * everyMs }],
    }),
    figure: "restored",
    // All the time that it is full, every write may fail.
    failingMsMax: basis.drills.freezeMs + MARGIN_MS,
    wholeMsMax: restartMs(basis),
    lastsMsMax: undefined,
  };
}

/** What was unreachable was restarted again and again: its backoff may just have begun. */
export function predictDependency(basis: PredictionBasis): Prediction {
  const slowest = (of: (unit: ServiceUnit) => number): number =>
    Math.max(0, ...basis.needs.map(of));
  const backoffMaxMs = slowest(({ restart }) => restart.backoffMaxMs);
  const bootMs = slowest((unit) => unit.bootMs);
  const readyMs = slowest(({ ready }) => ready.rise * ready.everyMs);
  const toMs = backoffMaxMs + bootMs + readyMs;
  return {
    interval: intervalOf({
      what: "from the undo until all is ready",
      fromMs: 0,
      toMs,
      varies: [
        { of: "restart.backoff, at most", ms: backoffMaxMs },
        { of: "boot", ms: bootMs },
        { of: "ready.rise × ready.every", ms: readyMs },
      ],
    }),
    figure: "restored",
    failingMsMax: basis.drills.freezeMs + MARGIN_MS,
    wholeMsMax: toMs + MARGIN_MS,
    lastsMsMax: undefined,
  };
}

/** A restart at the end of its backoff, and the checks after it. */
function restartMs({ unit }: PredictionBasis): number {
  const { everyMs, rise } = unit.ready;
  return unit.restart.backoffMaxMs + unit.bootMs + rise * everyMs + MARGIN_MS;
}
