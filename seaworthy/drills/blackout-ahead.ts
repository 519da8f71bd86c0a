import { type BlackoutStretch, blackoutWithin, type Stretch } from "../system/blackout.ts";
import type { DrillSettings } from "../system/system.ts";
import { CATALOGUE, type DrillName } from "./catalogue.ts";
import type { Prediction } from "./prediction.ts";

/** A declared time in which this drill breaks nothing. */
export interface BlackoutAhead extends BlackoutStretch {
  readonly because: string;
  readonly fix: string;
}

/** The blackout that it is in at this moment; undefined: none, or it breaks nothing anyway. */
export function blackoutNow(
  name: DrillName,
  drills: DrillSettings,
  nowWallMs: number,
): BlackoutAhead | undefined {
  return ahead({ name, drills, fromMs: nowWallMs, toMs: nowWallMs });
}

/** The same of runs that begin now, one after the other: until all is whole again, at most. */
export function blackoutAhead(
  name: DrillName,
  drills: DrillSettings,
  { nowWallMs, prediction, runs }: RunsFromNow,
): BlackoutAhead | undefined {
  const { lastsMsMax, wholeMsMax } = prediction;
  const { warmUpMs, baselineMs, windowMs } = drills;
  const runMs = warmUpMs + baselineMs + (lastsMsMax ?? windowMs) + wholeMsMax;
  return ahead({ name, drills, fromMs: nowWallMs, toMs: nowWallMs + runs * runMs });
}

interface RunsFromNow {
  readonly nowWallMs: number;
  readonly prediction: Prediction;
  readonly runs: number;
}

function ahead(
  asked: Stretch & { readonly name: DrillName; readonly drills: DrillSettings },
): BlackoutAhead | undefined {
  // On a copy that nobody uses.
  if (CATALOGUE[asked.name].tier === "T0") return undefined;
  const blackout = blackoutWithin(asked.drills.blackouts ?? [], asked);
  if (blackout === undefined) return undefined;
  const [from, to] = [blackout.fromMs, blackout.toMs].map((ms) => new Date(ms).toISOString());
  const until = blackout.isLonger ? `at least ${to}` : to;
  const isNow = blackout.fromMs <= asked.fromMs;
  const because = isNow
    ? `a blackout (drills.blackouts) holds until ${until}`
    : `a run begun now may last into the blackout (drills.blackouts) of ${from} to ${until}`;
  return { ...blackout, because, fix: `wait until ${until}, or change drills.blackouts` };
}
