import type { FileRule } from "../file-rule.ts";
import { backupNeverVerified, backupSameHost } from "./backup-absences.ts";
import { backupNotConsistent } from "./backup-not-consistent.ts";
import { backupUnbounded } from "./backup-unbounded.ts";
import { destructiveCommandInScript } from "./destructive-command-in-script.ts";
import { failoverDecisionUnsafe } from "./failover-decision-unsafe.ts";
import { failoverOrderUnsafe } from "./failover-order-unsafe.ts";
import { firewallBypassed } from "./firewall-bypassed.ts";
import { pipeHidesDumpFailure } from "./pipe-hides-dump-failure.ts";
import { pruneWithoutVerify } from "./prune-without-verify.ts";
import { relativePathUnderCron } from "./relative-path-under-cron.ts";
import { restoreDoesNotCoverBackup } from "./restore-does-not-cover-backup.ts";
import { restoreUnsafeOrder } from "./restore-unsafe-order.ts";
import { scriptContinuesAfterFailure } from "./script-continues-after-failure.ts";
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
  destructiveCommandInScript,
  firewallBypassed,
  scriptContinuesAfterFailure,
  wrongNamespaceInScript,
];
