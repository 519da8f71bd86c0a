import type { FileRule } from "../file-rule.ts";

export const DELIVERY_RULES: readonly FileRule[] = [];
