import type { Documents } from "../../../facts/document.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { PrometheusDocument, ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Rule } from "../../../facts/monitoring/prometheus-rules.ts";
import { expressionsIn, type Matcher } from "../../../facts/monitoring/promql.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { remembered } from "../../../facts/remembered.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { matchesAll } from "./label-match.ts";
import { counted, isSample, listed } from "./listing.ts";
import { isStock, placesOf } from "./running.ts";

export const noDownAlert: FileRule = {
  name: "no-down-alert",
  summary: "a scraped job can vanish without an alert",
  check: (unit) =>
    monitoringIn(unit.documents, "prometheus").flatMap((document) =>
      unwatched(unit, document, rulesFor(unit, document)),
    ),
};

/** The unit's own rules; where nothing says what it mounts, any rules of the repository. */
function rulesFor(unit: Unit, document: PrometheusDocument): readonly Rule[] {
  const own = alertsOf(unit.documents);
  const isOpen = own.length === 0 && placesOf(unit, document).length === 0;
  return isOpen ? alertsOf(unit.repository.documents) : own;
}

function alertsOf(documents: Documents): readonly Rule[] {
  return monitoringIn(documents, "prometheus-rules").flatMap(({ rules }) =>
    rules.filter(({ type }) => type === "alert"),
  );
}

function unwatched(
  unit: Unit,
  document: PrometheusDocument,
  rules: readonly Rule[],
): readonly Found[] {
  // Without rules and without alerting, this Prometheus is for looking, not for waking people.
  const isWatching = document.ruleFiles.length > 0 || document.alerting !== undefined;
  const watches = rules.flatMap(watchesOf);
  const jobs = document.jobs.filter((job) => !isOwn(job) && !isWatched(job, watches));
  const [first, ...others] = jobs;
  if (first === undefined || !isWatching) return [];
  const hasRules = rules.length > 0;
  const names = listed(jobs.map(({ job }) => job));
  const isUnread = !hasRules && (unit.openEdges.length > 0 || !isStock(unit, document));
  return [
    {
      severity: isSample(document.file.path) || isUnread ? "note" : "warning",
      message: hasRules
        ? `no alert fires when ${counted(jobs.length, "job")} can no longer be scraped: ${names}`
        : `no alert rule is here at all; nothing fires when ${names} is down`,
      places: [first.at, ...others.map((job) => job.at), rules[0]?.at ?? at(document.file, 1)],
      why: [
        "A dead target has no series: every other alert on it goes quiet at that moment,",
        "so a total outage is the one that pages nobody.",
      ].join(" "),
      fix: `Add an alert on \`up{job="${first.job}"} == 0\`, and one on \`absent(…)\` of the same.`,
    },
  ];
}

/** Prometheus's own job: when it is down, nobody evaluates an alert. */
function isOwn(job: ScrapeConfig): boolean {
  const hosts = job.targets.map(({ value }) => value);
  return job.job === "prometheus" || (hosts.length > 0 && hosts.every(isSelf));
}

function isSelf(target: string): boolean {
  return target === "localhost:9090" || target === "127.0.0.1:9090";
}

/** The jobs that an alert would miss: undefined means any. */
type Watch = readonly Matcher[];

/** Metrics that tell by themselves that their job is gone. */
const ALIVE = /^(?:up|scrape_samples_scraped|scrape_duration_seconds)$/;
/** Metrics by which somebody else sees it: a probe from outside, the cluster's own state. */
const SEEN = /^probe_success$|^kube_\w*(?:replicas|ready|pod_status)/;

const watchesOf = remembered((rule: Rule): readonly Watch[] =>
  [...expressionsIn(rule.query.expression)].flatMap((part): Watch[] => {
    if (part.type === "selector" && part.metric !== undefined && ALIVE.test(part.metric)) {
      return [part.matchers];
    }
    if (part.type === "selector" && SEEN.test(part.metric ?? "")) return [[]];
    if (part.type !== "call" || !part.name.startsWith("absent")) return [];
    const [of] = part.arguments;
    return of?.type === "selector" ? [of.matchers] : [[]];
  }),
);

function isWatched(job: ScrapeConfig, watches: readonly Watch[]): boolean {
  // `relabel_configs` and `labels` may write another job's name.
  const isRenamed = job.relabel.some(({ target }) => target === "job");
  const written = job.targets.flatMap(({ labels }) => labels.get("job")?.value ?? []);
  const names = [job.job, ...written];
  return watches.some(
    (watch) => isRenamed || names.some((name) => matchesAll(watch, new Map([["job", name]]))),
  );
}
