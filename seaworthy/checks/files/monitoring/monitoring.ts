import type { FileRule } from "../file-rule.ts";

export const MONITORING_RULES: readonly FileRule[] = [];
