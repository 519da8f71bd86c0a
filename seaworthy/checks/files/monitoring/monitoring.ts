import type { FileRule } from "../file-rule.ts";
import { alertFloodSettings } from "./alert-flood-settings.ts";
import { alertLabelNobodySets } from "./alert-label-nobody-sets.ts";
import { alertMetricNobodyExports } from "./alert-metric-nobody-exports.ts";
import { alertReceiverUnreachable } from "./alert-receiver-unreachable.ts";
import { alertThresholdNonsense } from "./alert-threshold-nonsense.ts";
import { alertUnitMismatch } from "./alert-unit-mismatch.ts";
import { alertmanagerNotDeployed } from "./alertmanager-not-deployed.ts";
import { grafanaDashboardWillNotRender } from "./grafana-dashboard-will-not-render.ts";
import { inhibitRuleDead } from "./inhibit-rule-dead.ts";
import { nativeConfigInvalid } from "./native-config-invalid.ts";
import { noDownAlert } from "./no-down-alert.ts";
import { placeholderNotExpanded } from "./placeholder-not-expanded.ts";
import { quantileWithoutSumByLe } from "./quantile-without-sum-by-le.ts";
import { scrapeEndpointMismatch } from "./scrape-endpoint-mismatch.ts";
import { scrapeTargetNobody } from "./scrape-target-nobody.ts";
import { selfRatioAlwaysOne } from "./self-ratio-always-one.ts";

/** Also `native-config-invalid`, which prints what the readers of every family refuse. */
export const MONITORING_RULES: readonly FileRule[] = [
  nativeConfigInvalid,
  placeholderNotExpanded,
  scrapeTargetNobody,
  scrapeEndpointMismatch,
  alertmanagerNotDeployed,
  noDownAlert,
  selfRatioAlwaysOne,
  alertUnitMismatch,
  alertMetricNobodyExports,
  alertReceiverUnreachable,
  alertLabelNobodySets,
  alertThresholdNonsense,
  quantileWithoutSumByLe,
  inhibitRuleDead,
  alertFloodSettings,
  grafanaDashboardWillNotRender,
];
