import type { DrillName } from "./catalogue.ts";
import { faultRun } from "./fault-run.ts";
import { predictFreeze, predictKill, predictNeverReady, predictRoll } from "./predict.ts";
import type { Prediction, PredictionBasis } from "./prediction.ts";
import { rollRun } from "./roll-run.ts";
import type { RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";

/** How one drill is played. Its description stands in the catalogue under the same name. */
export interface Play {
  /** Pure, and from the declaration alone: it is written down before anything runs. */
  readonly predict: (basis: PredictionBasis) => Prediction;
  /** One run: steady, broken, undone on every way out, and what was seen of it. */
  readonly run: (setting: RunSetting) => Promise<RunFinding>;
}

export const PLAYS: Readonly<Record<DrillName, Play>> = {
  "roll-under-load": {
    predict: predictRoll,
    run: (setting) => rollRun(setting, "roll-under-load"),
  },
  "kill-instance": { predict: predictKill, run: (setting) => faultRun(setting, "kill") },
  "freeze-instance": { predict: predictFreeze, run: (setting) => faultRun(setting, "freeze") },
  "never-ready-release": {
    predict: predictNeverReady,
    run: (setting) => rollRun(setting, "never-ready-release"),
  },
};
