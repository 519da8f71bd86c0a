import type { FileRule } from "../file-rule.ts";
import { alertMetricNobodyExports } from "./alert-metric-nobody-exports.ts";
import { alertUnitMismatch } from "./alert-unit-mismatch.ts";
import { alertmanagerNotDeployed } from "./alertmanager-not-deployed.ts";
import { nativeConfigInvalid } from "./native-config-invalid.ts";
import { noDownAlert } from "./no-down-alert.ts";
import { placeholderNotExpanded } from "./placeholder-not-expanded.ts";
import { scrapeTargetNobody } from "./scrape-target-nobody.ts";
import { selfRatioAlwaysOne } from "./self-ratio-always-one.ts";

export const MONITORING_RULES: readonly FileRule[] = [
  nativeConfigInvalid,
  placeholderNotExpanded,
  scrapeTargetNobody,
  alertmanagerNotDeployed,
  noDownAlert,
  selfRatioAlwaysOne,
  alertUnitMismatch,
  alertMetricNobodyExports,
];
