import { badJobRun } from "./bad-job-run.ts";
import type { BadRelease } from "./bad-release.ts";
import type { DrillName } from "./catalogue.ts";
import { certificateRun, predictCertificate } from "./certificate-run.ts";
import { crashLoopRun } from "./crash-loop-run.ts";
import {
  chooseDependencyDown,
  chooseDependencySlow,
  chooseDrop,
  chooseEdgeHolder,
  chooseEdgeWorker,
  chooseFreeze,
  chooseKill,
  chooseLogs,
  chooseMemory,
  chooseReload,
  chooseSlow,
  chooseUpgrade,
  chooseVolume,
  type ChooseFault,
} from "./fault-choice.ts";
import { faultRun } from "./fault-run.ts";
import { idleRun, predictIdle } from "./idle-run.ts";
import { predictEdgeHolder, predictEdgeWorker, predictHandover } from "./predict-edges.ts";
import {
  predictDependency,
  predictDrop,
  predictLogs,
  predictSlow,
  predictVolume,
} from "./predict-faults.ts";
import { predictFreeze, predictKill, predictNeverReady, predictRoll } from "./predict.ts";
import type { Prediction, PredictionBasis } from "./prediction.ts";
import { greyRun } from "./grey-run.ts";
import {
  predictBadJob,
  predictCrashLoop,
  predictGrey,
  predictTakenBack,
} from "./predict-releases.ts";
import { predictRestart, restartRun } from "./restart-run.ts";
import { rollRun } from "./roll-run.ts";
import { predictSaturation, saturationRun } from "./saturation-run.ts";
import { predictSpike, spikeRun } from "./spike-run.ts";
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
    run: (setting) => rollRun(setting, "same"),
  },
  "restart-under-load": { predict: predictRestart, run: restartRun },
  "kill-instance": faultPlay(predictKill, chooseKill),
  "freeze-instance": faultPlay(predictFreeze, chooseFreeze),
  "drop-instance": faultPlay(predictDrop, chooseDrop),
  "slow-instance": faultPlay(predictSlow, chooseSlow),
  "exhaust-memory": faultPlay(predictKill, chooseMemory),
  "fill-logs": faultPlay(predictLogs, chooseLogs),
  "fill-volume": faultPlay(predictVolume, chooseVolume),
  "dependency-down": faultPlay(predictDependency, chooseDependencyDown),
  "dependency-slow": faultPlay(predictDependency, chooseDependencySlow),
  "kill-edge": faultPlay(predictEdgeWorker, chooseEdgeWorker),
  "kill-edge-holder": faultPlay(predictEdgeHolder, chooseEdgeHolder),
  "reload-edge": faultPlay(predictHandover, chooseReload),
  "upgrade-edge": faultPlay(predictHandover, chooseUpgrade),
  "idle-connections": { predict: predictIdle, run: idleRun },
  spike: { predict: predictSpike, run: spikeRun },
  saturation: { predict: predictSaturation, run: saturationRun },
  "never-ready-release": {
    predict: predictNeverReady,
    run: (setting) => rollRun(setting, "never-ready"),
  },
  "exiting-release": releasePlay("exiting"),
  "crashing-release": releasePlay("crashing"),
  "failing-release": releasePlay("failing"),
  "slow-release": releasePlay("slow"),
  "leaking-release": releasePlay("leaking"),
  "bad-job-release": { predict: predictBadJob, run: badJobRun },
  "grey-instance": { predict: predictGrey, run: greyRun },
  "crash-loop": { predict: predictCrashLoop, run: crashLoopRun },
  "certificate-expiry": { predict: predictCertificate, run: certificateRun },
};

function faultPlay(predict: Play["predict"], choose: ChooseFault): Play {
  return { predict, run: (setting) => faultRun(setting, choose) };
}

function releasePlay(bad: BadRelease): Play {
  return { predict: predictTakenBack(bad), run: (setting) => rollRun(setting, bad) };
}
