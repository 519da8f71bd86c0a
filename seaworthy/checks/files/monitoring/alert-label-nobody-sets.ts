import type { MetricUsed } from "../../../facts/fact.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { alertsIn } from "./alert-receiver-unreachable.ts";
import { folded, type Fault } from "./folding.ts";
import { matches } from "./label-match.ts";
import { listed } from "./listing.ts";
import { scrapedIn } from "./scraped.ts";

export const alertLabelNobodySets: FileRule = {
  name: "alert-label-nobody-sets",
  summary: "a matcher or a grouping asks for a label that nothing sets",
  check: (unit) => [...strangeMatchers(unit), ...idleGroupings(unit), ...shadowedTags(unit)],
};

/** Labels that scraping itself sets, and those that queries make. */
const ALWAYS: ReadonlySet<string> = new Set(["job", "instance", "le", "quantile", "__name__"]);

/** Selectors that no series of their metric can meet. */
function strangeMatchers(unit: Unit): readonly Found[] {
  const jobs = monitoringIn(unit.documents, "prometheus").flatMap((document) => document.jobs);
  const added = addedBy(jobs);
  const scraped = scrapedIn(unit);
  if (added === undefined || scraped === undefined || scraped.world !== "closed") return [];
  const faultsOf = (use: MetricUsed): readonly Fault[] => {
    const makers = scraped.products.filter((product) => product.exports(use.metric));
    // Applications add tags of their own to what their framework counts.
    if (makers.length === 0 || makers.some(({ name }) => TAGGED.has(name))) return [];
    return use.labels.flatMap((matcher): Fault[] => {
      const { name } = matcher;
      if (ALWAYS.has(name) || added.has(name) || matches(matcher, "")) return [];
      if (makers.some((product) => product.hasLabel(use.metric, name) !== false)) return [];
      return [strangerOf(use, name, makers[0]?.labels(use.metric) ?? [])];
    });
  };
  const byFile = Map.groupBy(unit.facts.of("metric-used"), (use) => use.at.as ?? use.at.file);
  return [...byFile].flatMap(([path, uses]) => folded(path, uses.flatMap(faultsOf)));
}

const TAGGED: ReadonlySet<string> = new Set(["spring-boot", "micrometer", "jmx-exporter"]);

function strangerOf(use: MetricUsed, label: string, labels: readonly string[]): Fault {
  return {
    name: use.in.name,
    severity: use.in.type === "panel" ? "note" : "warning",
    message: `${use.metric} has no label ${label}: nothing matches, and nothing fires`,
    places: [use.at],
    why: "A matcher on a label that is not there selects no series: the alert can never fire.",
    fix: `${use.metric} has ${listed(labels) || "no labels of its own"}: use one of them.`,
  };
}

/** Labels that jobs put on their targets; undefined when some job's labels cannot be told. */
function addedBy(jobs: readonly ScrapeConfig[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const job of jobs) {
    if (job.relabel.some(({ action }) => action === "labelmap")) return undefined;
    if (job.discovery.length > 0) return undefined;
    for (const { labels } of job.targets) for (const name of labels.keys()) names.add(name);
    for (const { target } of job.relabel) if (target !== undefined) names.add(target);
    for (const name of job.metricLabels) names.add(name);
  }
  return names;
}

/** `group_by` of labels that no alert has. */
function idleGroupings(unit: Unit): readonly Found[] {
  const alerts = alertsIn(unit);
  const external = new Set(
    monitoringIn(unit.documents, "prometheus").flatMap((document) => [
      ...document.externalLabels.keys(),
    ]),
  );
  if (alerts.length === 0) return [];
  const rules = unit.facts.of("metric-used");
  const isSet = (name: string): boolean =>
    ALWAYS.has(name) ||
    name === "alertname" ||
    name === "..." ||
    external.has(name) ||
    rules.some(({ labels }) => labels.some((label) => label.name === name)) ||
    alerts.some(({ labels, brought }) => labels.has(name) || brought?.has(name) === true) ||
    (COMMON.has(name) && alerts.some(({ brought }) => brought === undefined));
  return monitoringIn(unit.documents, "alertmanager").flatMap(({ route }) => {
    const idle = route.groupBy.filter(({ value }) => !isSet(value));
    const [first, ...others] = idle;
    if (first === undefined) return [];
    return [
      {
        severity: "note" as const,
        message: `alerts are grouped by ${listed(idle.map(({ value }) => value))}, which none sets`,
        places: [first.at, ...others.map((other) => other.at)] as const,
        why: "The grouping is by the remaining labels alone: unrelated alerts share a message.",
        fix: "Set the label in the rules or as an external label, or group by one that is there.",
      },
    ];
  });
}

/** Series bring these so often that their absence from the rules says nothing. */
const COMMON: ReadonlySet<string> = new Set([
  "namespace",
  "pod",
  "container",
  "node",
  "device",
  "mountpoint",
  "name",
]);

/** A tag of the application under a name that the scrape gives: it becomes `exported_…`. */
function shadowedTags(unit: Unit): readonly Found[] {
  return unit.documents.of("spring-configuration").flatMap(({ keys, file }) =>
    keys.flatMap(({ key, line }): Found[] => {
      const tag = /^management\.(?:metrics\.tags|observations\.key-values)\.(instance|job)$/.exec(
        key,
      );
      const [, name] = tag ?? [];
      if (name === undefined) return [];
      return [
        {
          severity: "note",
          message: `the common tag ${name} collides with the label that Prometheus gives a target`,
          places: [at(file, line)],
          why: `Prometheus stores it as exported_${name}: queries by ${name} see the address.`,
          fix: `Call the tag something else, or set \`honor_labels: true\` on the job.`,
        },
      ];
    }),
  );
}
