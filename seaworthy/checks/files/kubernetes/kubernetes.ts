import type { FileRule } from "../file-rule.ts";

export const KUBERNETES_RULES: readonly FileRule[] = [];
