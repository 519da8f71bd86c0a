import type { FileRule } from "../file-rule.ts";
import { ciOrderUnsafe } from "./ci-order-unsafe.ts";
import { ciStepCannotRun } from "./ci-step-cannot-run.ts";

export const DELIVERY_RULES: readonly FileRule[] = [ciOrderUnsafe, ciStepCannotRun];
