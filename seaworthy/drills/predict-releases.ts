import { backoffMs } from "@seaworthy/std/retry";
import type { Load } from "../system/system.ts";
import { routeOf } from "../system/route-of.ts";
import { type BadRelease, servesMsMax, takenBack } from "./bad-release.ts";
import { MARGIN_MS } from "./predict.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";

/** Of a roll's own waits and look-backs, beyond every step at its deadline. */
const ROLL_MARGIN_MS = 60_000;
const SECOND_MS = 1_000;

/** How long until a release that is bad in this way is taken back, on every instance. */
export function predictTakenBack(bad: BadRelease): (basis: PredictionBasis) => Prediction {
  return (basis) => {
    const { unit } = basis;
    const enough = bakesInTime(basis);
    // Where requests are too few, the rollout waits for them, and that is no configured interval.
    const { fromMs, toMs, varies } = takenBack(bad, unit, true);
    const fails = bad === "failing" || bad === "grey" || bad === "slow";
    return {
      interval: intervalOf({ what: "until it is taken back", fromMs, toMs, varies }),
      figure: "took",
      // Until it is found out, each second has errors; and a slow one is slow.
      failingMsMax: (fails ? servesMsMax(unit, enough) : 0) + MARGIN_MS,
      wholeMsMax: unit.bootMs + MARGIN_MS,
      lastsMsMax: takenBack(bad, unit, enough).toMs + ROLL_MARGIN_MS,
    };
  };
}

/** The declared load alone gives each bake its requests while it lasts. */
function bakesInTime(basis: PredictionBasis): boolean {
  const { bakeMs, bakeRequestsMin } = basis.unit.rollout;
  return (rateTo(basis) * bakeMs) / SECOND_MS >= bakeRequestsMin;
}

/** Requests a second of the declared load that come to the unit from outside. */
function rateTo({ unit, edge, load }: Omit<PredictionBasis, "drills" | "needs">): number {
  if (load === undefined) return 0;
  const sum = (mix: Load["mix"]): number => mix.reduce((all, { weight }) => all + weight, 0);
  const all = sum(load.mix);
  if (all === 0) return 0;
  const routes = edge?.routes;
  const ours = load.mix.filter(
    ({ path }) => routes === undefined || routeOf(path, routes)?.to === unit.name,
  );
  return load.ratePerSecond * (sum(ours) / all);
}

export const KILLS = 5;

/** Five ends in a row: each wait is twice the one before, up to its limit. */
export function predictCrashLoop({ unit }: PredictionBasis): Prediction {
  const bounds = { firstMs: unit.restart.backoffFirstMs, maxMs: unit.restart.backoffMaxMs };
  const waits = Array.from({ length: KILLS }, (_, at) => backoffMs(at, bounds));
  const lastMs = waits.at(-1) ?? 0;
  const readyMs = unit.ready.rise * unit.ready.everyMs;
  const outageMs = waits.reduce((all, ms) => all + ms, 0) + unit.bootMs + readyMs;
  return {
    interval: intervalOf({
      what: "from the last kill until the unit is whole again",
      fromMs: lastMs,
      toMs: lastMs + unit.bootMs + readyMs,
      varies: [
        { of: "boot", ms: unit.bootMs },
        { of: "ready.rise × ready.every", ms: readyMs },
      ],
    }),
    figure: "restored",
    failingMsMax: (unit.replicas <= 1 ? outageMs : 0) + MARGIN_MS,
    wholeMsMax: bounds.maxMs + unit.bootMs + readyMs + MARGIN_MS,
    lastsMsMax: outageMs + KILLS * unit.bootMs + ROLL_MARGIN_MS,
  };
}

/** Of fewer answers an edge does not compare one instance with the others (gateway/outlier.ts). */
const ANSWERS_COMPARED = 30;

/** Its own errors are what shows it: the more requests it is sent, the sooner it is left out. */
export function predictGrey(basis: PredictionBasis): Prediction {
  const { unit, drills } = basis;
  const rate = rateTo(basis);
  const comparedMs = (ANSWERS_COMPARED * unit.replicas * SECOND_MS) / rate;
  const toMs = rate === 0 ? drills.windowMs : comparedMs;
  return {
    interval: intervalOf({
      what: "until the instance that answers errors is sent no more requests",
      fromMs: 0,
      toMs,
      varies: [{ of: `${ANSWERS_COMPARED} answers of one instance at load.rate`, ms: toMs }],
    }),
    figure: "took",
    failingMsMax: (unit.replicas <= 1 ? drills.windowMs : toMs) + MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: 2 * servesMsMax(unit, false) + drills.windowMs + ROLL_MARGIN_MS,
  };
}

/** Two jobs, one that fails and one that hangs, each with `drills.freeze` as its deadline. */
export function predictBadJob({ unit, drills }: PredictionBasis): Prediction {
  const { freezeMs } = drills;
  return {
    interval: intervalOf({
      what: "until both releases with a bad job are refused",
      fromMs: freezeMs,
      toMs: 2 * freezeMs,
      varies: [{ of: "drills.freeze, the deadline of the job that fails", ms: freezeMs }],
    }),
    figure: "took",
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: 2 * freezeMs + servesMsMax(unit, false) + ROLL_MARGIN_MS,
  };
}
