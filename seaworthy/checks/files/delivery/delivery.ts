import type { FileRule } from "../file-rule.ts";
import { ciNeverRuns } from "./ci-never-runs.ts";
import { ciOrderUnsafe } from "./ci-order-unsafe.ts";
import { ciStepCannotRun } from "./ci-step-cannot-run.ts";
import { deployDoesNotChangeImage } from "./deploy-does-not-change-image.ts";
import { logPathNobodyShips } from "./log-path-nobody-ships.ts";
import { logTimeSkew } from "./log-time-skew.ts";
import { objectiveNotMet } from "./objective-not-met.ts";

export const DELIVERY_RULES: readonly FileRule[] = [
  ciOrderUnsafe,
  ciStepCannotRun,
  ciNeverRuns,
  deployDoesNotChangeImage,
  logPathNobodyShips,
  logTimeSkew,
  objectiveNotMet,
];
