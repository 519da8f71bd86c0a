import type { Component } from "../../../facts/fact.ts";
import { addressOf } from "../../../facts/monitoring/address.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { PrometheusDocument, ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Located } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { counted, listed } from "./listing.ts";
import { absenceFor, isMissing, placesOf } from "./running.ts";

export const scrapeTargetNobody: FileRule = {
  name: "scrape-target-nobody",
  summary: "Prometheus scrapes a host that no file defines",
  check: (unit) =>
    unit.facts.of("component").length === 0
      ? []
      : monitoringIn(unit.documents, "prometheus").flatMap((document) => [
          ...missing(unit, document),
          ...apart(unit, document),
        ]),
};

interface Missing extends Located<string> {
  readonly host: string;
  readonly nearest: string | undefined;
}

function missing(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const targets = document.jobs.flatMap(dialled).flatMap((target): Missing[] => {
    const address = addressOf(target.value);
    if (address === undefined) return [];
    const { host } = address;
    if (!isMissing(unit, document, host)) return [];
    const resolution = unit.resolve(host);
    const nearest = resolution.state === "missing" ? resolution.nearest : undefined;
    return [{ ...target, host, nearest }];
  });
  const [first, ...others] = targets;
  if (first === undefined) return [];
  const { severity, seen, because } = absenceFor(unit, document);
  const hosts = [...new Set(targets.map(({ host }) => host))];
  const near = first.nearest === undefined ? "" : ` (nearest: ${first.nearest})`;
  return [
    {
      severity,
      message: [
        `Prometheus scrapes ${counted(hosts.length, "host")} that nothing here defines:`,
        `${listed(targets.map(({ value }) => value))}${near}${because && `, ${because}`}`,
      ].join(" "),
      places: [first.at, ...others.map(({ at }) => at), ...seen],
      why: [
        "These targets are down from the first day. Their alerts and panels stay empty,",
        "which looks the same as nothing being wrong.",
      ].join(" "),
      fix: "Add the service that serves these metrics, or delete the job and what is built on it.",
      ...(hosts.length === 1 ? { cause: `missing-host ${first.host}` } : {}),
    },
  ];
}

/** The host is there, on networks that Prometheus is not attached to. */
function apart(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const [place, other] = placesOf(unit, document);
  if (place === undefined || other !== undefined) return [];
  const own = place.component;
  const targets = document.jobs.flatMap(dialled).flatMap((target) => {
    const resolution = unit.resolve(addressOf(target.value)?.host ?? "");
    if (resolution.state !== "component" || !isApart(own, resolution.component)) return [];
    return [{ ...target, component: resolution.component }];
  });
  const [first, ...others] = targets;
  if (first === undefined) return [];
  return [
    {
      severity: unit.openEdges.length > 0 ? "note" : "error",
      message: [
        `${listed(targets.map(({ value }) => value))}: on no network that ${own.name} is on`,
        `(${listed(first.component.networks)}; ${listed(own.networks)})`,
      ].join(" "),
      places: [first.at, own.at, ...others.map(({ at }) => at)],
      why: "The name does not resolve across networks: these targets are down from the first day.",
      fix: `Attach ${own.name} to ${first.component.networks[0] ?? "their network"}.`,
    },
  ];
}

function isApart(own: Component, other: Component): boolean {
  if (own.platform !== "compose" || other.platform !== "compose") return false;
  if (own.hostNetwork || other.hostNetwork || own === other) return false;
  if (own.networks.length === 0 || other.networks.length === 0) return false;
  return !other.networks.some((network) => own.networks.includes(network));
}

/** What Prometheus itself connects to: a probe's targets are asked for by its exporter. */
function dialled(job: ScrapeConfig): readonly Located<string>[] {
  const fixed = job.relabel.flatMap(({ target, replacement }) =>
    target === "__address__" && replacement !== undefined && !replacement.value.includes("$")
      ? [replacement]
      : [],
  );
  return fixed.length > 0 ? fixed : job.targets;
}
