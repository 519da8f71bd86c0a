import { assert } from "@seaworthy/std/assert";
import type { ServiceUnit } from "../plan/graph.ts";
import type { DrillRun, Interval } from "../record/evidence.ts";
import type { DrillSettings, Edge, Load } from "../system/system.ts";

/** What should happen, from configured intervals alone; written before the run. */
export interface Prediction {
  readonly interval: Interval;
  /** Which figure of a run the interval speaks of. */
  readonly figure: PredictedFigure;
  /** From injection: how long most requests may fail before the drill is aborted. */
  readonly failingMsMax: number;
  /** From undo: how long until the unit is whole again, at most. */
  readonly wholeMsMax: number;
  /** How long the broken part of the drill takes at most; undefined: its declared window. */
  readonly lastsMsMax: number | undefined;
}

/**
 * `restored`: injection to redundancy. `unavailable`: first failure to steady again. `exposure`:
 * injection to the last request that was sent to the victim. `took`: what the runner says itself.
 */
export type PredictedFigure = "restored" | "unavailable" | "exposure" | "took";

/** All that a prediction may be made of: nothing that an earlier run showed. */
export interface PredictionBasis {
  /** With as many replicas as the target is meant to run now. */
  readonly unit: ServiceUnit;
  /** The services that it needs. */
  readonly needs: readonly ServiceUnit[];
  readonly edge: Edge | undefined;
  readonly drills: DrillSettings;
  readonly load: Load | undefined;
}

/** A configured interval, by its path in the declaration, as often as it can occur. */
export interface Term {
  readonly of: string;
  readonly ms: number;
}

/**
 * From what is sure to pass to all that may pass. It is never wider than the sum of the configured
 * intervals that vary: a wide guess would make every sample a predicted one.
 */
export function intervalOf(given: {
  readonly what: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly varies: readonly Term[];
}): Interval {
  const { what, fromMs, toMs, varies } = given;
  const widthMsMax = varies.reduce((all, { ms }) => all + ms, 0);
  assert(fromMs <= toMs, `${what}: from ${fromMs} to ${toMs}`);
  assert(toMs - fromMs <= widthMsMax, `${what}: wider than what varies (${widthMsMax} ms)`);
  return { what, fromMs, toMs, varies };
}

/** The sample that a run gives of what was predicted; undefined: it was not seen. */
export function predictedFigure(run: DrillRun, figure: PredictedFigure): number | undefined {
  switch (figure) {
    case "restored":
      return run.restoredMs;
    case "unavailable":
      return run.outage.unavailableMs;
    case "exposure":
      return run.exposureMs;
    case "took":
      return run.tookMs;
  }
}
