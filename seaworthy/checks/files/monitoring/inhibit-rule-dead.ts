import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { AlertmanagerDocument, Inhibition } from "../../../facts/monitoring/alertmanager.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { alertsIn } from "./alert-receiver-unreachable.ts";
import { passes, type FiredAlert } from "./routing.ts";

/** Pairs grow with the square: beyond this many alerts, only so many are looked at. */
const ALERTS_MAX = 400;

export const inhibitRuleDead: FileRule = {
  name: "inhibit-rule-dead",
  summary: "an inhibition that no pair of alerts can meet",
  check: (unit) => {
    const alerts = alertsIn(unit).slice(0, ALERTS_MAX);
    if (alerts.length < 2) return [];
    return monitoringIn(unit.documents, "alertmanager").flatMap((document) =>
      dead(document, alerts),
    );
  },
};

function dead(
  { inhibitions }: AlertmanagerDocument,
  alerts: readonly FiredAlert[],
): readonly Found[] {
  const found = inhibitions.filter((inhibition) => !hasPair(inhibition, alerts));
  const [first, ...others] = found;
  if (first === undefined) return [];
  const byName = first.equal.find(({ value }) => value === "alertname");
  return [
    {
      severity: "note",
      message:
        byName === undefined
          ? `${found.length} of ${inhibitions.length} inhibitions fit no pair of alerts here`
          : "an inhibition asks for equal alert names, and no two alerts here share one",
      places: [byName?.at ?? first.at, ...others.map(({ at }) => at)],
      why: "The warning that a critical alert should have kept quiet is sent as well.",
      fix:
        byName === undefined
          ? "Compare the matchers with the labels that the alerts set."
          : "Drop `alertname` from `equal` and name what they share: `instance`, `job`.",
    },
  ];
}

function hasPair(inhibition: Inhibition, alerts: readonly FiredAlert[]): boolean {
  const sources = alerts.filter((alert) => passes(alert, inhibition.source) !== "no");
  const targets = alerts.filter((alert) => passes(alert, inhibition.target) !== "no");
  return sources.some((source) =>
    targets.some((target) => source !== target && isEqual(inhibition, source, target)),
  );
}

/** Labels that a series may bring are taken to be equal. */
function isEqual({ equal }: Inhibition, source: FiredAlert, target: FiredAlert): boolean {
  return equal.every(({ value: name }) => {
    const [left, right] = [source.labels.get(name), target.labels.get(name)];
    if (left !== undefined && right !== undefined) return left === right;
    if (left === undefined && right === undefined) return true;
    const open = left === undefined ? source : target;
    return open.brought === undefined || open.brought.has(name);
  });
}
