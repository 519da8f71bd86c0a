import type { ServiceUnit } from "../plan/graph.ts";
import type { Interval } from "../record/evidence.ts";
import type { Edge } from "../system/system.ts";
import type { DrillName } from "./catalogue.ts";

export interface Prediction {
  readonly interval: Interval;
  /** From injection: how long most requests may fail before the drill is aborted. */
  readonly failingMsMax: number;
  /** From undo: how long until the unit is whole again, at most. */
  readonly wholeMsMax: number;
  /** How long the broken part of the drill takes at most; undefined: its declared window. */
  readonly lastsMsMax: number | undefined;
}

export interface PredictionBasis {
  readonly drill: DrillName;
  readonly unit: ServiceUnit;
  readonly edge: Edge | undefined;
  readonly freezeMs: number;
}

/** Beyond the configured intervals: processes that start on a busy machine. */
const MARGIN_MS = 3_000;
/** A step of a roll is to take at most its boot and this (bar `rollout`). */
const ROLL_STEP_MS = 2_000;
/** Of a roll's own waits and look-backs, beyond every step at its deadline. */
const ROLL_MARGIN_MS = 60_000;

/** What should happen, from configured intervals alone; written before the run. */
export function predict(basis: PredictionBasis): Prediction {
  switch (basis.drill) {
    case "kill-instance":
      return predictKill(basis);
    case "freeze-instance":
      return predictFreeze(basis);
    case "roll-under-load":
      return predictRoll(basis);
    case "never-ready-release":
      return predictNeverReady(basis);
  }
}

/** The edge sees a dead one at once; being whole again takes a restart and its checks. */
function predictKill({ unit }: PredictionBasis): Prediction {
  const { backoffFirstMs, backoffMaxMs } = unit.restart;
  const readyMs = unit.ready.rise * unit.ready.everyMs;
  const toMs = backoffFirstMs + unit.bootMs + readyMs;
  const alone = unit.replicas <= 1;
  return {
    interval: {
      what: alone ? "outage until the only instance is back" : "until the unit is whole again",
      fromMs: backoffFirstMs,
      toMs,
    },
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
function predictFreeze({ unit, edge, freezeMs }: PredictionBasis): Prediction {
  const { everyMs, timeoutMs, fall, rise } = unit.ready;
  const routes = (edge?.routes ?? []).filter((route) => route.to === unit.name);
  const tries = routes.map((route) => route.tryTimeoutMs);
  // What answers nothing soon has the most open: it may never be chosen again.
  const avoided = routes.some((route) => route.balance === "least-connections");
  const foundMs = Math.min((fall - 1) * everyMs + timeoutMs, ...tries);
  const soonestMs = avoided ? 0 : foundMs;
  const latestMs = everyMs + (fall - 1) * Math.max(everyMs, timeoutMs) + timeoutMs;
  const failingMs = unit.replicas <= 1 ? freezeMs : latestMs;
  return {
    interval: {
      what: "exposure: injection to the last request sent to the frozen instance",
      fromMs: soonestMs,
      toMs: latestMs,
    },
    failingMsMax: failingMs + MARGIN_MS,
    // The health check may have had it restarted meanwhile.
    wholeMsMax: unit.restart.backoffMaxMs + unit.bootMs + rise * everyMs + MARGIN_MS,
    lastsMsMax: undefined,
  };
}

/** One instance after the other, there and back. */
function predictRoll({ unit }: PredictionBasis): Prediction {
  const steps = Math.ceil(unit.replicas / Math.max(1, unit.rollout.surge));
  const { bakeMs } = unit.rollout;
  const fromMs = 2 * bakeMs;
  const toMs = 2 * (steps * (unit.bootMs + unit.drainMs + ROLL_STEP_MS) + bakeMs);
  const slowestMs =
    2 * (steps * (unit.bootMs + unit.drainMs + unit.stopMs + ROLL_STEP_MS) + bakeMs);
  return {
    interval: { what: "the roll there and back", fromMs, toMs },
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: slowestMs + ROLL_MARGIN_MS,
  };
}

/** Nothing is gained by waiting less than the declared boot: a slow release is not a bad one. */
function predictNeverReady({ unit }: PredictionBasis): Prediction {
  const takenBackMs = unit.bootMs + unit.stopMs + ROLL_STEP_MS;
  return {
    interval: { what: "until it is taken back", fromMs: unit.bootMs, toMs: takenBackMs },
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: unit.replicas * takenBackMs + ROLL_MARGIN_MS,
  };
}
