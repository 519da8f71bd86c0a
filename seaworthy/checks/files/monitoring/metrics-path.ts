import type { SpringConfigurationDocument } from "../../../facts/applications/applications.ts";
import type { Documents } from "../../../facts/document.ts";
import type { ServedPath } from "../../../facts/fact.ts";
import type { PrometheusDocument, ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import { remembered } from "../../../facts/remembered.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { listed } from "./listing.ts";
import { applicationsOf } from "./own-programs.ts";

/** Programs that serve metrics on their own, at a path that no route of theirs names. */
const LIBRARIES = [
  "start_http_server make_asgi_app make_wsgi_app Instrumentator PrometheusMetrics",
  "prom-bundle promhttp collectDefaultMetrics prom-client django_prometheus prometheus_client",
  "prometheus-net opentelemetry micrometer",
];
const SERVES = new RegExp(LIBRARIES.join(" ").replaceAll(" ", "|"), "i");

/** Applications of one's own are scraped at a path that no source answers. */
export function missingMetricsPath(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const served = unit.facts.of("served-path").filter(({ by }) => by === "application");
  const [route] = served;
  if (route === undefined) return [];
  const jobs = document.jobs.filter((job) => {
    const [application] = applicationsOf(unit, job);
    const path = job.path.value;
    if (application === undefined) return false;
    const isRoute = served.some((each) => each.path === path || isBelow(each, path));
    return !isRoute && !isServedSomehow(unit, path);
  });
  const [first, ...others] = jobs;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message: [
        `${listed(jobs.map(({ job }) => job))}: ${first.path.value} is scraped,`,
        `and no source here answers it (there is ${route.path})`,
      ].join(" "),
      places: [first.path.at, ...others.map(({ path }) => path.at), route.at],
      why: "Each scrape is a 404: the target is down, and none of its metrics exists.",
      fix: "Serve metrics there with the language's Prometheus client, or drop the job.",
    },
  ];
}

function isBelow({ prefix, path: own }: ServedPath, path: string): boolean {
  return prefix && own !== "/" && path.startsWith(own);
}

/** The path, or a library that serves it, stands in some file that is not Prometheus's own. */
function isServedSomehow(unit: Unit, path: string): boolean {
  const { hasLibrary, files, asked } = programsOf(unit.repository.documents);
  if (hasLibrary) return true;
  const known =
    asked.get(path) ??
    files.some(({ text }) => text.includes(`"${path}"`) || text.includes(`'${path}'`));
  asked.set(path, known);
  return known;
}

/** What every unit asks of the whole repository. */
const programsOf = remembered(({ tree, all }: Documents) => {
  const monitoring = new Set(
    all.flatMap(({ kind, file }) => (kind.startsWith("prometheus") ? [file.path] : [])),
  );
  const files = tree.files.filter(
    ({ path }) => !/\.(?:mdx?|rst)$/.test(path) && !monitoring.has(path),
  );
  const hasLibrary = files.some(({ text }) => SERVES.test(text));
  return { files, hasLibrary, asked: new Map<string, boolean>() };
});

/** `${NAME:info}`, and a container is given NAME. */
function isSetElsewhere(unit: Unit, value: string): boolean {
  const [, name] = /^\$\{([\w.-]{1,100})/.exec(value) ?? [];
  if (name === undefined) return false;
  const { documents, facts } = unit.repository;
  return (
    facts.of("component").some(({ environment }) => environment.has(name)) ||
    documents.of("environment").some(({ file }) => file.text.includes(`${name}=`))
  );
}

const EXPOSURE = "management.endpoints.web.exposure.include";

/** Spring's actuator shows what it is told: `metrics` is JSON for people, not for Prometheus. */
export function unexposedActuator(unit: Unit, document: PrometheusDocument): readonly Found[] {
  const job = document.jobs.find((each) => mayScrapeSpring(unit, each));
  if (job === undefined) return [];
  const isSet = unit.facts
    .of("component")
    .some(({ environment }) => environment.has("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE"));
  if (isSet) return [];
  const configurations = unit.documents.of("spring-configuration");
  const exposing = configurations.flatMap((configuration) => exposures(configuration));
  if (exposing.some(({ value }) => /\*|prometheus/.test(value))) return [];
  return exposing
    .filter(({ value }) => !isSetElsewhere(unit, value))
    .filter(({ value }) => /\bmetrics\b/.test(value) || job.path.value === "/actuator/prometheus")
    .map(
      ({ value, place }): Found => ({
        severity: "warning",
        message: `the actuator shows ${value}, without the prometheus that ${job.job} scrapes`,
        places: [place, job.path.at],
        why: "`/actuator/prometheus` is a 404: no metric of the application is ever stored.",
        fix: `Write \`include: ${value},prometheus\`, with micrometer-registry-prometheus.`,
      }),
    );
}

/** By its path, or by finding pods whose annotations give the path. */
function mayScrapeSpring(unit: Unit, job: ScrapeConfig): boolean {
  if (job.path.value.startsWith("/actuator/")) return true;
  return (
    job.discovery.some(({ value }) => value === "kubernetes_sd_configs") &&
    job.relabel.some(
      ({ target, sources }) =>
        target === "__metrics_path__" && sources.some((source) => source.includes("_annotation_")),
    ) &&
    unit.facts.of("component").some(({ platform }) => platform === "kubernetes")
  );
}

function exposures({ keys, file }: SpringConfigurationDocument) {
  const all = keys.filter(({ key }) => key === EXPOSURE || key.startsWith(`${EXPOSURE}[`));
  const [first] = all;
  if (first === undefined) return [];
  const value = all.map((each) => each.value).join(",");
  return [{ value, place: at(file, first.line) }];
}
