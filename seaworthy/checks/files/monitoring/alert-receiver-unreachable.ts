import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import {
  routesIn,
  type AlertmanagerDocument,
  type Receiver,
} from "../../../facts/monitoring/alertmanager.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "./listing.ts";
import { firedBy, routesFor, type FiredAlert } from "./routing.ts";

export const alertReceiverUnreachable: FileRule = {
  name: "alert-receiver-unreachable",
  summary: "no alert can reach a receiver",
  check: (unit) => {
    const alerts = alertsIn(unit);
    if (alerts.length === 0) return [];
    return monitoringIn(unit.documents, "alertmanager").flatMap((document) =>
      unreached(document, alerts),
    );
  },
};

/** The alerts of a unit, as they come to its Alertmanager. */
export function alertsIn(unit: Unit): readonly FiredAlert[] {
  return monitoringIn(unit.documents, "prometheus-rules")
    .flatMap(({ rules }) => rules)
    .filter(({ type }) => type === "alert")
    .map(firedBy);
}

/** Receivers that are meant to send nothing. */
const SILENT = /^(?:null|none|blackhole|black-hole|devnull|drop|silent|noop|default\w*)$/i;

function unreached(
  document: AlertmanagerDocument,
  alerts: readonly FiredAlert[],
): readonly Found[] {
  const reached = new Set(
    alerts
      .flatMap((alert) => routesFor(alert, document.route))
      .map(({ receiver }) => receiver?.value),
  );
  const root = document.route.receiver?.value;
  const dead = document.receivers.filter(
    ({ name, integrations }) =>
      name !== root && !reached.has(name) && !SILENT.test(name) && integrations.length > 0,
  );
  const [first, ...others] = dead;
  if (first === undefined) return [];
  const names = dead.map(({ name }) => name);
  const routes = dead.flatMap((receiver) => routesOf(document, receiver));
  const severities = [...new Set(alerts.flatMap(({ labels }) => labels.get("severity") ?? []))];
  return [
    {
      severity: isSample(document.file.path) ? "note" : "warning",
      message: [
        `none of the ${alerts.length} alerts here can reach ${listed(names)}`,
        wayOf(document, first),
      ].join(": "),
      places: [
        routes[0] ?? first.at,
        ...others.map(({ at }) => at),
        ...routes.slice(1),
        ...(routes.length > 0 ? [first.at] : []),
      ],
      why: "The people behind this receiver believe that they are on call, and hear nothing.",
      fix: [
        "Give the alerts that are meant the labels of the route, or put the route before the one",
        `that takes them (\`continue: true\`). Severities here: ${listed(severities) || "none"}.`,
      ].join(" "),
    },
  ];
}

/** Why the first one is not reached. */
function wayOf(document: AlertmanagerDocument, { name }: Receiver): string {
  const route = routesIn(document.route).find(({ receiver }) => receiver?.value === name);
  if (route === undefined) return `no route names ${name}`;
  const written = route.matchers.map((matcher) => `${matcher.name}${matcher.op}"${matcher.value}"`);
  return `its route asks for ${listed(written) || "nothing, and an earlier one takes all"}`;
}

function routesOf(document: AlertmanagerDocument, { name }: Receiver): readonly Location[] {
  return routesIn(document.route)
    .filter(({ receiver }) => receiver?.value === name)
    .map(({ at }) => at);
}
