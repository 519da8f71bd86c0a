import type { FileRule } from "../file-rule.ts";
import { k8sReferenceMissing } from "./k8s-reference-missing.ts";
import { namesFromOtherPlatform } from "./names-from-other-platform.ts";
import { networkPolicyBlocksDeclaredFlow } from "./network-policy-blocks-declared-flow.ts";

export const KUBERNETES_RULES: readonly FileRule[] = [
  k8sReferenceMissing,
  namesFromOtherPlatform,
  networkPolicyBlocksDeclaredFlow,
];
