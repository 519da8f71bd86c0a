import type { Component } from "../../../facts/fact.ts";
import { addressOf } from "../../../facts/monitoring/address.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { PrometheusDocument, ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Located, SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample } from "./listing.ts";
import { missingMetricsPath, unexposedActuator } from "./metrics-path.ts";

export const scrapeEndpointMismatch: FileRule = {
  name: "scrape-endpoint-mismatch",
  summary: "a scraped target is there, and not at that port or path",
  check: (unit) =>
    monitoringIn(unit.documents, "prometheus").flatMap((document) => {
      const found = [
        ...document.jobs.flatMap((job) => ofJob(unit, job)),
        ...missingMetricsPath(unit, document),
        ...unexposedActuator(unit, document),
        ...unannotated(unit, document),
      ];
      return isSample(document.file.path)
        ? found.map((each) => ({ ...each, severity: "note" as const }))
        : found;
    }),
};

function ofJob(unit: Unit, job: ScrapeConfig): readonly Found[] {
  if (job.isProbe) return [];
  return [
    ...job.targets.flatMap((target) => wrongPort(unit, target)),
    ...job.targets.flatMap((target) => oneOfMany(unit, target)),
    ...silentProxy(unit, job),
  ];
}

function componentOf(unit: Unit, target: Located<string>): Component | undefined {
  const resolution = unit.resolve(addressOf(target.value)?.host ?? "");
  return resolution.state === "component" ? resolution.component : undefined;
}

/** The published port is for the host; inside the network it is the container's. */
function wrongPort(unit: Unit, target: Located<string>): readonly Found[] {
  const port = addressOf(target.value)?.port;
  const component = componentOf(unit, target);
  if (component?.platform !== "compose" || component.hostNetwork || port === undefined) return [];
  const published = component.ports.find((each) => each.published?.port === port);
  if (published === undefined || component.ports.some((each) => each.port === port)) return [];
  const host = addressOf(target.value)?.host ?? component.name;
  return [
    {
      severity: "warning",
      message: [
        `Prometheus scrapes ${target.value}, the port that the host publishes;`,
        `${component.name} listens on ${published.port}`,
      ].join(" "),
      places: [target.at, published.at],
      why: "Inside the network nobody listens there: the target is down for ever.",
      fix: `Scrape \`${host}:${published.port}\`.`,
    },
  ];
}

/** One DNS name, several copies: each scrape meets another one. */
function oneOfMany(unit: Unit, target: Located<string>): readonly Found[] {
  const component = componentOf(unit, target);
  const replicas = component?.replicas;
  if (component?.platform !== "compose" || replicas === undefined || replicas.value < 2) return [];
  return [
    {
      severity: "warning",
      message: `${target.value} is one target for ${replicas.value} copies of ${component.name}`,
      places: [target.at, replicas.at],
      why: [
        "Each scrape meets another copy: counters jump, rates are wrong by a multiple, and a copy",
        "that is dead is one missed scrape in a few.",
      ].join(" "),
      fix: "Use `dns_sd_configs` with `type: A`: every copy is a target of its own.",
    },
  ];
}

const HAPROXY_FIX =
  "Add a frontend with `http-request use-service prometheus-exporter if { path /metrics }`.";

/** What a proxy must be told before it serves metrics. */
const SWITCHES = [
  {
    name: /^haproxy(?:-\d{1,3})?$/,
    kind: "haproxy",
    word: "prometheus-exporter",
    fix: HAPROXY_FIX,
  },
  {
    name: /^nginx(?:-prometheus)?(?:-exporter)?(?:-\d{1,3})?$/,
    kind: "nginx",
    word: "stub_status",
    fix: "Add a `location` with `stub_status`, and scrape an exporter that reads it.",
  },
] as const;

function silentProxy(unit: Unit, job: ScrapeConfig): readonly Found[] {
  return SWITCHES.flatMap(({ name, kind, word, fix }): Found[] => {
    const target = job.targets.find((each) => isNamed(job, each, name));
    const files = unit.documents.of(kind).map(({ file }) => file);
    const [file] = files;
    if (target === undefined || file === undefined) return [];
    const isOn = files.some(({ text }) => text.includes(word) || text.includes("vhost_traffic"));
    if (isOn || isAnswered(files, job.path.value)) return [];
    const isItself = isStockNginx(componentOf(unit, target));
    return [
      {
        severity: "warning",
        message: isItself
          ? `the job ${job.job} scrapes ${target.value}: nginx itself, which has no such metrics`
          : `the job ${job.job} scrapes ${target.value}, and ${file.path} has no ${word}`,
        places: [target.at],
        why: "The proxy serves no metrics: its job is down, and every alert on it is quiet.",
        fix,
      },
    ];
  });
}

function isStockNginx(component: Component | undefined): boolean {
  return /(?:^|\/)nginx(?::|@|$)/.test(component?.image?.value ?? "");
}

/** A location of the proxy hands the path on to something that may serve metrics. */
function isAnswered(files: readonly SourceFile[], path: string): boolean {
  return files.some(({ text }) => text.includes(` ${path}`));
}

/** By the host's name, and by the job's: `haproxy`, not the exporter that old versions need. */
function isNamed(job: ScrapeConfig, target: Located<string>, name: RegExp): boolean {
  const host = addressOf(target.value)?.host ?? "";
  return [host, job.job].some((word) => name.test(word.toLowerCase().replaceAll("_", "-")));
}

const SCRAPE_ANNOTATION = "__meta_kubernetes_pod_annotation_prometheus_io_scrape";

/** Only annotated pods are kept, and none here is annotated. */
function unannotated(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const kept = document.jobs.flatMap(({ relabel }) =>
    relabel.filter(({ action, sources }) => action === "keep" && sources[0] === SCRAPE_ANNOTATION),
  );
  const [keep] = kept;
  const pods = unit.facts.of("component").filter(({ platform }) => platform === "kubernetes");
  const [pod] = pods;
  if (keep === undefined || pod === undefined) return [];
  const { tree } = unit.repository.documents;
  const isAnnotated = tree.files.some(
    ({ path, text }) => !/\.mdx?$/.test(path) && /prometheus\.io\/scrape/.test(text),
  );
  if (isAnnotated) return [];
  return [
    {
      severity: "warning",
      message: "only pods annotated with prometheus.io/scrape are scraped, and no file has that",
      places: [keep.at, pod.at],
      why: "Prometheus finds every pod and drops it: there is no target, and no error either.",
      fix: 'Annotate the pod templates: `prometheus.io/scrape: "true"`, with path and port.',
    },
  ];
}
