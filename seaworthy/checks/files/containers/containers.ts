import type { FileRule } from "../file-rule.ts";

export const CONTAINERS_RULES: readonly FileRule[] = [];
