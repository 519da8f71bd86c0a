import type { Document, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";
import type { AlertmanagerDocument } from "./alertmanager.ts";
import type { DashboardDocument } from "./dashboard.ts";
import { monitoringIn } from "./embedded.ts";
import type { GrafanaProvisioningDocument } from "./grafana-provisioning.ts";
import {
  alertmanagerFacts,
  dashboardFacts,
  prometheusFacts,
  ruleFacts,
} from "./monitoring-facts.ts";
import type { PrometheusDocument } from "./prometheus.ts";
import type { PrometheusRulesDocument } from "./prometheus-rules.ts";
import { readByContent } from "./read-by-content.ts";

/** Prometheus, its rules, Alertmanager and Grafana. */
export type MonitoringDocument =
  | PrometheusDocument
  | PrometheusRulesDocument
  | AlertmanagerDocument
  | DashboardDocument
  | GrafanaProvisioningDocument;

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readMonitoring(file: SourceFile): Document | undefined {
  return readByContent(file);
}

/** What the documents of one unit say together, those inside manifests among them. */
export function monitoringFacts(documents: Documents): readonly Fact[] {
  return [
    ...monitoringIn(documents, "prometheus").flatMap(prometheusFacts),
    ...monitoringIn(documents, "prometheus-rules").flatMap(ruleFacts),
    ...monitoringIn(documents, "alertmanager").flatMap(alertmanagerFacts),
    ...monitoringIn(documents, "dashboard").flatMap(dashboardFacts),
  ];
}
