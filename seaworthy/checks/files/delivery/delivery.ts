import type { FileRule } from "../file-rule.ts";
import { ciOrderUnsafe } from "./ci-order-unsafe.ts";

export const DELIVERY_RULES: readonly FileRule[] = [ciOrderUnsafe];
