import type { FileRule } from "../file-rule.ts";

export const PROXIES_RULES: readonly FileRule[] = [];
