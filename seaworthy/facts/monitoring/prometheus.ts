import type { DocumentBase, Problem } from "../document.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type MapNode, type Node } from "../node.ts";
import { at, type Located, type Location, type SourceFile } from "../source.ts";
import { durationMs } from "./duration.ts";
import type { EmbeddedIn } from "./embedded.ts";

/** Prometheus's own configuration file. */
export interface PrometheusDocument extends DocumentBase {
  readonly kind: "prometheus";
  readonly root: Node;
  readonly embedded?: EmbeddedIn;
  readonly jobs: readonly ScrapeConfig[];
  readonly ruleFiles: readonly Located<string>[];
  /** Undefined when no `alerting:` block is there. */
  readonly alerting: Alerting | undefined;
  readonly externalLabels: ReadonlyMap<string, Located<string>>;
}

export interface ScrapeConfig {
  /** The line of `job_name`. */
  readonly at: Location;
  readonly job: string;
  readonly node: Node;
  /** `/metrics`, at the job's line, when none is written. */
  readonly path: Located<string>;
  readonly scheme: string;
  readonly targets: readonly StaticTarget[];
  /** Keys of the discoveries that are used, without `static_configs`. */
  readonly discovery: readonly Located<string>[];
  readonly relabel: readonly Relabel[];
  /** Labels that `metric_relabel_configs` write. */
  readonly metricLabels: readonly string[];
  readonly intervalMs: number | undefined;
  /** A blackbox or SNMP exporter is asked about each target, and the target is not scraped. */
  readonly isProbe: boolean;
}

export interface StaticTarget extends Located<string> {
  readonly labels: ReadonlyMap<string, Located<string>>;
}

export interface Relabel {
  readonly at: Location;
  readonly action: string;
  readonly sources: readonly string[];
  readonly regex: string | undefined;
  readonly target: string | undefined;
  readonly replacement: Located<string> | undefined;
}

export interface Alerting {
  readonly at: Location;
  readonly targets: readonly Located<string>[];
  readonly discovery: readonly Located<string>[];
}

/** Promtail, Loki and Tempo have `scrape_configs` or `global` too; these keys are only theirs. */
const FOREIGN_KEYS = ["positions", "clients", "client", "ingester", "schema_config"];

/** Is this the top of a Prometheus configuration? */
export function isPrometheus(root: Node): boolean {
  if (root.type !== "map" || FOREIGN_KEYS.some((key) => root.entries.has(key))) return false;
  const jobs = nodeAt(root, "scrape_configs");
  if (jobs?.type === "list") {
    return !jobs.items.some((job) => nodeAt(job, "pipeline_stages") !== undefined);
  }
  const isTimed = entryAt(root, "global", "scrape_interval") !== undefined;
  return isTimed && ["rule_files", "alerting", "remote_write"].some((key) => root.entries.has(key));
}

export function readPrometheus(
  file: SourceFile,
  root: MapNode,
  problems: readonly Problem[],
): PrometheusDocument {
  const jobs = itemsAt(root, "scrape_configs").map((node) => scrapeConfig(file, node));
  return {
    kind: "prometheus",
    file,
    root,
    jobs,
    ruleFiles: scalars(file, nodeAt(root, "rule_files")),
    alerting: alertingOf(file, root),
    externalLabels: labelsOf(file, nodeAt(root, "global", "external_labels")),
    problems: [...problems, ...sameJobs(jobs), ...lateScrapes(file, root)],
  };
}

/** `key: value` pairs with the lines of their values. */
export function labelsOf(
  file: SourceFile,
  node: Node | undefined,
): ReadonlyMap<string, Located<string>> {
  const labels = new Map<string, Located<string>>();
  for (const [name, { line, node: value }] of entriesAt(node)) {
    if (value.type === "scalar") labels.set(name, { value: value.text, at: at(file, line) });
  }
  return labels;
}

/** The texts of a list, or of one scalar. */
export function scalars(file: SourceFile, node: Node | undefined): readonly Located<string>[] {
  const items = node?.type === "list" ? node.items : node === undefined ? [] : [node];
  return items.flatMap((item) =>
    item.type === "scalar" && item.value !== null
      ? [{ value: item.text, at: at(file, item.line) }]
      : [],
  );
}

function scrapeConfig(file: SourceFile, node: Node): ScrapeConfig {
  const name = entryAt(node, "job_name");
  const where = at(file, name?.line ?? node.line);
  const path = entryAt(node, "metrics_path");
  const relabel = itemsAt(node, "relabel_configs").map((step) => relabelOf(file, step));
  return {
    at: where,
    job: textAt(node, "job_name") ?? "",
    node,
    path: {
      value: textAt(node, "metrics_path") ?? "/metrics",
      at: path === undefined ? where : at(file, path.line),
    },
    scheme: textAt(node, "scheme") ?? "http",
    targets: staticTargets(file, node),
    discovery: discoveryOf(file, node),
    relabel,
    metricLabels: itemsAt(node, "metric_relabel_configs").flatMap(
      (step) => textAt(step, "target_label") ?? [],
    ),
    intervalMs: durationMs(textAt(node, "scrape_interval")),
    isProbe: relabel.some(({ target }) => target === "__param_target"),
  };
}

function staticTargets(file: SourceFile, node: Node): readonly StaticTarget[] {
  return itemsAt(node, "static_configs").flatMap((group) => {
    const labels = labelsOf(file, nodeAt(group, "labels"));
    return scalars(file, nodeAt(group, "targets")).map((target) => ({ ...target, labels }));
  });
}

function discoveryOf(file: SourceFile, node: Node): readonly Located<string>[] {
  return entriesAt(node)
    .filter(([key]) => key.endsWith("_sd_configs"))
    .map(([value, { line }]) => ({ value, at: at(file, line) }));
}

function relabelOf(file: SourceFile, node: Node): Relabel {
  const replacement = entryAt(node, "replacement");
  return {
    at: at(file, node.line),
    action: (textAt(node, "action") ?? "replace").toLowerCase(),
    sources: scalars(file, nodeAt(node, "source_labels")).map(({ value }) => value),
    regex: textAt(node, "regex"),
    target: textAt(node, "target_label"),
    replacement:
      replacement?.node.type === "scalar"
        ? { value: replacement.node.text, at: at(file, replacement.line) }
        : undefined,
  };
}

function alertingOf(file: SourceFile, root: Node): Alerting | undefined {
  const entry = entryAt(root, "alerting");
  if (entry === undefined) return undefined;
  const managers = itemsAt(entry.node, "alertmanagers");
  return {
    at: at(file, entry.line),
    targets: managers.flatMap((manager) => staticTargets(file, manager)),
    discovery: managers.flatMap((manager) => discoveryOf(file, manager)),
  };
}

function sameJobs(jobs: readonly ScrapeConfig[]): readonly Problem[] {
  const seen = new Set<string>();
  return jobs.flatMap((job): Problem[] => {
    if (job.job === "" || !seen.has(job.job)) {
      seen.add(job.job);
      return [];
    }
    const message = `two scrape jobs are called ${JSON.stringify(job.job)}: Prometheus refuses`;
    return [{ at: job.at, message, fix: "Give the second job a name of its own." }];
  });
}

/** config.go, `ScrapeConfig.Validate`: a scrape ends before the next one begins. */
function lateScrapes(file: SourceFile, root: Node): readonly Problem[] {
  const everyMs = durationMs(textAt(root, "global", "scrape_interval")) ?? 60_000;
  return itemsAt(root, "scrape_configs").flatMap((job): Problem[] => {
    const timeout = entryAt(job, "scrape_timeout");
    const timeoutMs = durationMs(textAt(job, "scrape_timeout"));
    const intervalMs = durationMs(textAt(job, "scrape_interval")) ?? everyMs;
    if (timeout === undefined || timeoutMs === undefined || timeoutMs <= intervalMs) return [];
    return [
      {
        at: at(file, timeout.line),
        message: `scrape_timeout is longer than scrape_interval (${intervalMs / 1000}s): refused`,
        fix: "Make scrape_timeout at most as long as scrape_interval.",
      },
    ];
  });
}
