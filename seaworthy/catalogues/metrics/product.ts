import { once } from "../once.ts";
import { matchesPattern } from "../pattern.ts";

/** As stored: see README.md of this folder for the form of a row. */
export interface ProductFile {
  readonly name: string;
  readonly sources: readonly string[];
  readonly images?: readonly string[];
  readonly ports?: readonly number[];
  readonly names?: readonly string[];
  readonly paths?: readonly string[];
  readonly includes?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly bucketsWhen?: string;
  readonly renamed?: readonly string[];
  /** Exported too, under names that anything else may export as well. */
  readonly common?: readonly string[];
  readonly metrics: readonly string[];
}

export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "summary"
  | "timer"
  | "long-task-timer"
  | "untyped";

interface Metric {
  readonly name: string;
  readonly type: MetricType;
  /** Undefined: not known. An entry that ends in `*` stands for every label with that beginning. */
  readonly labels: readonly string[] | undefined;
  /** What has to be switched on before it is exported; undefined: exported by default. */
  readonly when: string | undefined;
}

/** Something that serves `/metrics`, and what is known of the names it serves there. */
export interface Product {
  readonly name: string;
  /** Where the facts are from: page, file of a version, or the program that was scraped. */
  readonly sources: readonly string[];
  /** Repositories of images that run it, without registry and tag. */
  readonly images: readonly string[];
  /** The ports it listens on by default. */
  readonly ports: readonly number[];
  /** Names that jobs and services for it are commonly given. */
  readonly hints: readonly string[];
  /** Whether a series of this name can come from it: `x_bucket` of a histogram `x` counts. */
  exports(metric: string): boolean;
  /** Whether a series of this name says that it is this product; `http_requests_total` does not. */
  isTold(metric: string): boolean;
  /** Whether the catalogue lists all that it exports under this name's beginning. */
  owns(metric: string): boolean;
  /** Undefined: unknown name, or labels not known. */
  labels(metric: string): readonly string[] | undefined;
  /** Whether the series can carry the label; undefined: not known. */
  hasLabel(metric: string, label: string): boolean | undefined;
  typeOf(metric: string): MetricType | undefined;
  /** What has to be switched on for this name; undefined: nothing, or the name is unknown. */
  optIn(metric: string): string | undefined;
  /** What this product calls a name that it never had, or has no longer. */
  renamed(metric: string): string | undefined;
  /** All complete names as in its `/metrics`, families without suffixes; patterns left out. */
  families(): readonly string[];
}

/** What a family of each type may append to its name; "" where the bare name is a series. */
const SUFFIXES = {
  counter: [""],
  gauge: [""],
  untyped: [""],
  histogram: ["_bucket", "_count", "_sum"],
  summary: ["", "_count", "_sum"],
  timer: ["", "_count", "_sum", "_max", "_bucket"],
  "long-task-timer": ["_active_count", "_duration_sum", "_max", "_bucket", "_count", "_sum"],
} as const satisfies Record<MetricType, readonly string[]>;

const ALL_SUFFIXES = [...new Set(Object.values(SUFFIXES).flat())];

interface Rows {
  readonly exact: ReadonlyMap<string, Metric>;
  readonly open: readonly Open[];
}

/** A family whose names the catalogue does not list, only how they begin. */
interface Open {
  readonly prefix: string;
  readonly metric: Metric;
}

/** Rows are parsed when the product is first asked about a name. */
export function productFrom(
  file: ProductFile,
  find: (name: string) => Product | undefined,
): Product {
  const rows = once(() => parseRows([...file.metrics, ...(file.common ?? [])]));
  const commonRows = once(() => parseRows(file.common ?? []));
  const parents = (): readonly Product[] =>
    (file.includes ?? []).flatMap((name) => find(name) ?? []);
  const seek = (metric: string): Found | undefined => seekIn(rows(), metric);
  const parentOf = (metric: string): Product | undefined =>
    parents().find((parent) => parent.exports(metric));
  const labels = (metric: string): readonly string[] | undefined => {
    const found = seek(metric);
    return found === undefined ? parentOf(metric)?.labels(metric) : labelsOfFound(found);
  };
  return {
    name: file.name,
    sources: file.sources,
    images: file.images ?? [],
    ports: file.ports ?? [],
    hints: file.names ?? [],
    exports: (metric) => seek(metric) !== undefined || parentOf(metric) !== undefined,
    isTold: (metric) =>
      (seek(metric) !== undefined && seekIn(commonRows(), metric) === undefined) ||
      parentOf(metric) !== undefined,
    owns: (metric) =>
      (file.namespaces ?? []).some((prefix) => metric.startsWith(prefix)) ||
      parents().some((parent) => parent.owns(metric)),
    labels,
    hasLabel: (metric, label) => labels(metric)?.some((known) => matchesPattern(known, label)),
    typeOf: (metric) => seek(metric)?.metric.type ?? parentOf(metric)?.typeOf(metric),
    optIn(metric) {
      const found = seek(metric);
      if (found === undefined) return parentOf(metric)?.optIn(metric);
      return bucketsOptIn(found, file.bucketsWhen) ?? found.metric.when;
    },
    renamed: (metric) =>
      newName(file.renamed, metric) ??
      parents()
        .map((parent) => parent.renamed(metric))
        .find((name) => name !== undefined),
    families: () => [...rows().exact.keys(), ...parents().flatMap((parent) => parent.families())],
  };
}

function newName(rows: readonly string[] | undefined, metric: string): string | undefined {
  return rows?.find((row) => row.startsWith(`${metric} `))?.split(" ")[1];
}

interface Found {
  readonly metric: Metric;
  readonly suffix: string;
}

function seekIn(rows: Rows, metric: string): Found | undefined {
  for (const suffix of ALL_SUFFIXES) {
    if (!metric.endsWith(suffix)) continue;
    const family = rows.exact.get(metric.slice(0, metric.length - suffix.length));
    if (family !== undefined && hasSuffix(family.type, suffix)) return { metric: family, suffix };
  }
  const open = rows.open.find(({ prefix }) => metric.startsWith(prefix));
  return open === undefined ? undefined : { metric: open.metric, suffix: "" };
}

function hasSuffix(type: MetricType, suffix: string): boolean {
  const suffixes: readonly string[] = SUFFIXES[type];
  return suffixes.includes(suffix);
}

function labelsOfFound({ metric, suffix }: Found): readonly string[] | undefined {
  if (metric.labels === undefined) return undefined;
  if (suffix === "_bucket") return [...metric.labels, "le"];
  const hasQuantiles = metric.type === "summary" || metric.type === "timer";
  return hasQuantiles && suffix === "" ? [...metric.labels, "quantile"] : metric.labels;
}

/** A Micrometer timer has buckets, and a series under its bare name, only where configured. */
function bucketsOptIn({ metric, suffix }: Found, when: string | undefined): string | undefined {
  const isTimer = metric.type === "timer" || metric.type === "long-task-timer";
  return isTimer && (suffix === "_bucket" || suffix === "") ? when : undefined;
}

function parseRows(rows: readonly string[]): Rows {
  const metrics = rows.map(parseRow);
  return {
    exact: new Map(
      metrics.filter(({ name }) => !name.includes("*")).map((metric) => [metric.name, metric]),
    ),
    open: metrics.flatMap((metric) =>
      metric.name.endsWith("*") ? [{ prefix: metric.name.slice(0, -1), metric }] : [],
    ),
  };
}

function parseRow(row: string): Metric {
  const [fields = "", when] = row.split(" when ");
  const [name = "", type = "", labels = "?"] = fields.split(" ");
  return {
    name,
    type: isMetricType(type) ? type : "untyped",
    labels: labels === "?" ? undefined : labels === "-" ? [] : labels.split(","),
    when,
  };
}

export function isMetricType(text: string): text is MetricType {
  return Object.hasOwn(SUFFIXES, text);
}
