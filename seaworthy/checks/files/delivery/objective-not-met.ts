import type { FileRule } from "../file-rule.ts";
import { auditRetention } from "./audit-retention.ts";
import { encryptionPromise } from "./encryption-promise.ts";
import { errorShare } from "./error-share.ts";
import { promisesInProse } from "./promises-in-prose.ts";
import { recoveryPoint } from "./recovery-point.ts";

/** A number or a feature that is promised, and a mechanism that does not give it. */
export const objectiveNotMet: FileRule = {
  name: "objective-not-met",
  summary: "what a document promises is not what the files beside it do",
  check: (unit) => [
    ...recoveryPoint(unit),
    ...encryptionPromise(unit),
    ...errorShare(unit),
    ...auditRetention(unit),
    ...promisesInProse(unit),
  ],
};
