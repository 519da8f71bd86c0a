import type { FileRule } from "../file-rule.ts";
import { connectionBudgetExceeded } from "./connection-budget-exceeded.ts";
import { healthPathMismatch } from "./health-path-mismatch.ts";
import { hpaConflict } from "./hpa-conflict.ts";
import { ingressRewriteDropsPath } from "./ingress-rewrite-drops-path.ts";
import { k8sReferenceMissing } from "./k8s-reference-missing.ts";
import { k8sRemovedApi } from "./k8s-removed-api.ts";
import { livenessChecksDependency } from "./liveness-checks-dependency.ts";
import { livenessWithoutStartupGrace } from "./liveness-without-startup-grace.ts";
import { namesFromOtherPlatform } from "./names-from-other-platform.ts";
import { networkPolicyBlocksDeclaredFlow } from "./network-policy-blocks-declared-flow.ts";
import { pdbMissingOrBlocking } from "./pdb-missing-or-blocking.ts";
import { portChainBroken } from "./port-chain-broken.ts";
import { rolloutDeadlock } from "./rollout-deadlock.ts";
import { terminationShorterThanWork } from "./termination-shorter-than-work.ts";
import { unknownIngressAnnotation } from "./unknown-ingress-annotation.ts";

export const KUBERNETES_RULES: readonly FileRule[] = [
  k8sReferenceMissing,
  namesFromOtherPlatform,
  networkPolicyBlocksDeclaredFlow,
  ingressRewriteDropsPath,
  unknownIngressAnnotation,
  k8sRemovedApi,
  rolloutDeadlock,
  pdbMissingOrBlocking,
  hpaConflict,
  livenessChecksDependency,
  livenessWithoutStartupGrace,
  terminationShorterThanWork,
  portChainBroken,
  healthPathMismatch,
  connectionBudgetExceeded,
];
