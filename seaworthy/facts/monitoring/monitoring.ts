import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";

/** Prometheus, its rules, Alertmanager and Grafana. */
export type MonitoringDocument =
  | PrometheusDocument
  | PrometheusRulesDocument
  | AlertmanagerDocument
  | DashboardDocument
  | GrafanaProvisioningDocument;

export interface PrometheusDocument extends DocumentBase {
  readonly kind: "prometheus";
}

export interface PrometheusRulesDocument extends DocumentBase {
  readonly kind: "prometheus-rules";
}

export interface AlertmanagerDocument extends DocumentBase {
  readonly kind: "alertmanager";
}

export interface DashboardDocument extends DocumentBase {
  readonly kind: "dashboard";
}

export interface GrafanaProvisioningDocument extends DocumentBase {
  readonly kind: "grafana-provisioning";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readMonitoring(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together. */
export function monitoringFacts(_documents: Documents): readonly Fact[] {
  return [];
}
