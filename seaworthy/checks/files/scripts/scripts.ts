import type { FileRule } from "../file-rule.ts";
import { backupNeverVerified, backupSameHost } from "./backup-absences.ts";
import { backupMissesState } from "./backup-misses-state.ts";
import { backupNotConsistent } from "./backup-not-consistent.ts";
import { backupPathMismatch } from "./backup-path-mismatch.ts";
import { backupUnbounded } from "./backup-unbounded.ts";
import { declaredTargetNeverCreated } from "./declared-target-never-created.ts";
import { destructiveCommandInScript } from "./destructive-command-in-script.ts";
import { expiryUnmanaged } from "./expiry-unmanaged.ts";
import { failoverDecisionUnsafe } from "./failover-decision-unsafe.ts";
import { failoverOrderUnsafe } from "./failover-order-unsafe.ts";
import { firewallBypassed } from "./firewall-bypassed.ts";
import { pipeHidesDumpFailure } from "./pipe-hides-dump-failure.ts";
import { pruneWithoutVerify } from "./prune-without-verify.ts";
import { relativePathUnderCron } from "./relative-path-under-cron.ts";
import { restoreDoesNotCoverBackup } from "./restore-does-not-cover-backup.ts";
import { restoreUnsafeOrder } from "./restore-unsafe-order.ts";
import { scriptContinuesAfterFailure } from "./script-continues-after-failure.ts";
import { scriptReferencesMissing } from "./script-references-missing.ts";
import { secretExposed } from "./secret-exposed.ts";
import { wrongNamespaceInScript } from "./wrong-namespace-in-script.ts";

export const SCRIPTS_RULES: readonly FileRule[] = [
  pipeHidesDumpFailure,
  pruneWithoutVerify,
  relativePathUnderCron,
  restoreDoesNotCoverBackup,
  failoverDecisionUnsafe,
  failoverOrderUnsafe,
  backupNotConsistent,
  backupSameHost,
  backupNeverVerified,
  restoreUnsafeOrder,
  backupUnbounded,
  declaredTargetNeverCreated,
  expiryUnmanaged,
  secretExposed,
  backupMissesState,
  backupPathMismatch,
  scriptReferencesMissing,
  destructiveCommandInScript,
  firewallBypassed,
  scriptContinuesAfterFailure,
  wrongNamespaceInScript,
];
