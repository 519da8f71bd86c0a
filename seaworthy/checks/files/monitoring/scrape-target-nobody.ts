import { addressOf } from "../../../facts/monitoring/address.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { PrometheusDocument, ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Located } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { counted, listed } from "./listing.ts";
import { absenceFor, isMissing } from "./running.ts";

export const scrapeTargetNobody: FileRule = {
  name: "scrape-target-nobody",
  summary: "Prometheus scrapes a host that no file defines",
  check: (unit) =>
    unit.facts.of("component").length === 0
      ? []
      : monitoringIn(unit.documents, "prometheus").flatMap((document) => missing(unit, document)),
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

/** What Prometheus itself connects to: a probe's targets are asked for by its exporter. */
function dialled(job: ScrapeConfig): readonly Located<string>[] {
  const fixed = job.relabel.flatMap(({ target, replacement }) =>
    target === "__address__" && replacement !== undefined && !replacement.value.includes("$")
      ? [replacement]
      : [],
  );
  return fixed.length > 0 ? fixed : job.targets;
}
