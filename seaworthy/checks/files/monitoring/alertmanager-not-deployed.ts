import { addressOf } from "../../../facts/monitoring/address.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { PrometheusDocument } from "../../../facts/monitoring/prometheus.ts";
import { at, type Located, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { listed } from "./listing.ts";
import { absenceFor, consumerFor, isMissing, isStock, placesOf } from "./running.ts";

export const alertmanagerNotDeployed: FileRule = {
  name: "alertmanager-not-deployed",
  summary: "alerts fire, and no Alertmanager is there to send them",
  check: (unit) =>
    unit.facts.of("component").length === 0
      ? []
      : monitoringIn(unit.documents, "prometheus").flatMap((document) =>
          document.ruleFiles.length === 0 ? [] : unsent(unit, document),
        ),
};

function unsent(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const { alerting } = document;
  if (alerting !== undefined && alerting.discovery.length > 0) return [];
  const targets = alerting?.targets ?? [];
  if (targets.length === 0) return toldNobody(unit, document);
  const gone = targets.filter((target) => isGone(unit, document, target));
  const [first, ...others] = gone;
  if (first === undefined || gone.length < targets.length) return [];
  const { severity, seen, because } = absenceFor(unit, document);
  const idle = idleConfiguration(unit);
  return [
    {
      severity,
      message: [
        `Prometheus sends its alerts to ${listed(gone.map(({ value }) => value))},`,
        ` which nothing here runs${because && `, ${because}`}`,
        idle === undefined ? "" : "; the Alertmanager configuration is mounted by nothing",
      ].join(""),
      places: [first.at, ...others.map(({ at: where }) => where), ...seen, ...(idle ?? [])],
      why: "Every alert fires into nothing: the first outage is reported by customers.",
      fix: "Run an Alertmanager under this name, with its configuration mounted.",
      ...causeOf(first),
    },
  ];
}

/** Alerts, and no word about where they go. */
function toldNobody(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const alerts = unit.facts.of("alert");
  const [alert] = alerts;
  if (alert === undefined) return [];
  const { severity, seen } = absenceFor(unit, document);
  const where = document.alerting?.at ?? document.ruleFiles[0]?.at ?? at(document.file, 1);
  return [
    {
      severity: severity === "error" ? "warning" : "note",
      message: `${alerts.length} alerts are evaluated here, and Prometheus names no Alertmanager`,
      places: [where, alert.at, ...seen],
      why: "Alerts are visible on Prometheus's own page alone; nobody is called.",
      fix: "Run an Alertmanager and name it under `alerting: alertmanagers:`.",
      cause: `no-alertmanager ${document.file.path}`,
    },
  ];
}

function isGone(unit: Unit, document: PrometheusDocument, target: Located<string>): boolean {
  const address = addressOf(target.value);
  if (address === undefined) return false;
  if (address.host === "localhost" || address.host === "127.0.0.1") {
    return isAloneInside(unit, document);
  }
  return isMissing(unit, document, address.host);
}

/** `localhost` in a container is the container: only a pod's or the host's network has more. */
function isAloneInside(unit: Unit, document: PrometheusDocument): boolean {
  const places = placesOf(unit, document);
  return (
    places.length > 0 &&
    isStock(unit, document) &&
    places.every(({ component }) => component.platform === "compose" && !component.hostNetwork)
  );
}

/** An Alertmanager's configuration that nothing runs. */
function idleConfiguration(unit: Unit): readonly Location[] | undefined {
  const documents = monitoringIn(unit.documents, "alertmanager");
  const [idle] = documents.filter((document) => consumerFor(unit, document) === undefined);
  return idle === undefined ? undefined : [idle.route.at];
}

function causeOf(target: Located<string>): { readonly cause?: string } {
  const host = addressOf(target.value)?.host;
  return host === undefined ? {} : { cause: `missing-host ${host}` };
}
