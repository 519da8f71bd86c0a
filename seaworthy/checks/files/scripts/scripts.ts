import type { FileRule } from "../file-rule.ts";

export const SCRIPTS_RULES: readonly FileRule[] = [];
