import type { FileRule } from "../file-rule.ts";

export const APPLICATIONS_RULES: readonly FileRule[] = [];
