import { productsExporting, renaming } from "../../../catalogues/metrics/metrics.ts";
import type { MetricUsed } from "../../../facts/fact.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { folded, type Fault } from "./folding.ts";
import { nearestOf } from "./near-miss.ts";
import { scrapedIn, type Scraped } from "./scraped.ts";
import { hasSource, isSpokenOf, mayBeLibrary, sourceWords } from "./source-words.ts";
import { isSwitchedOn } from "./switched-on.ts";

export const alertMetricNobodyExports: FileRule = {
  name: "alert-metric-nobody-exports",
  summary: "an alert or panel asks for a metric that nothing scraped exports",
  check: (unit) => {
    const scraped = scrapedIn(unit);
    if (scraped === undefined) return [];
    const world: World = { unit, scraped, recorded: recordedIn(unit), faults: new Map() };
    const byFile = Map.groupBy(
      unit.facts.of("metric-used"),
      ({ at, in: { type } }) => `${at.as ?? at.file} ${type === "panel" ? "panel" : "rule"}`,
    );
    return [...byFile.values()].flatMap((uses) => {
      const faults = uses.flatMap((use) => faultOf(world, use));
      return folded(uses[0]?.at.as ?? uses[0]?.at.file ?? "", faults).map(quietPanels(uses));
    });
  },
};

interface World {
  readonly unit: Unit;
  readonly scraped: Scraped;
  readonly recorded: ReadonlySet<string>;
  /** What was found for a metric; each is looked up once. */
  readonly faults: Map<string, Reason | undefined>;
}

/** Why a metric is not there; `name` is what the finding lists. */
interface Reason {
  readonly severity: Fault["severity"];
  readonly message: string;
  readonly fix: string;
}

/** Alerts that Prometheus itself makes series of. */
const OWN: ReadonlySet<string> = new Set(["ALERTS", "ALERTS_FOR_STATE"]);

function recordedIn(unit: Unit): ReadonlySet<string> {
  return new Set(
    monitoringIn(unit.documents, "prometheus-rules").flatMap(({ rules }) =>
      rules.flatMap(({ type, name }) => (type === "record" ? [name] : [])),
    ),
  );
}

function faultOf(world: World, use: MetricUsed): readonly Fault[] {
  const { metric } = use;
  if (!world.faults.has(metric)) world.faults.set(metric, reasonFor(world, metric));
  const reason = world.faults.get(metric);
  if (reason === undefined) return [];
  return [
    {
      ...reason,
      name: metric,
      places: [use.at],
      why: [
        "An expression over a series that is not there is never true: the alert cannot fire,",
        "and its panel says that there is nothing to see.",
      ].join(" "),
    },
  ];
}

/** An empty panel wakes nobody and hides nothing that an alert would not say. */
function quietPanels(uses: readonly MetricUsed[]): (found: Found) => Found {
  const isPanel = uses.every(({ in: { type } }) => type === "panel");
  return (found) => (isPanel ? { ...found, severity: "note" } : found);
}

function reasonFor(world: World, metric: string): Reason | undefined {
  const { scraped, recorded, unit } = world;
  if (OWN.has(metric) || recorded.has(metric) || metric.includes("grafana_variable")) return;
  const exporter = scraped.products.find((product) => product.exports(metric));
  if (exporter !== undefined) return optedOut(unit, exporter.name, exporter.optIn(metric));
  const { documents } = unit.repository;
  const isMade = unit.repository.facts.of("metric-exported").some(({ name }) => name === metric);
  if (isMade || isSpokenOf(sourceWords(documents), metric)) return undefined;
  return (
    renamedIn(world, metric) ??
    misspelt(world, metric) ??
    unscraped(world, metric) ??
    unknown(world, metric)
  );
}

function optedOut(unit: Unit, product: string, option: string | undefined): Reason | undefined {
  if (option === undefined || isSwitchedOn(unit.repository.documents, option)) return undefined;
  return {
    severity: "warning",
    message: `${product} exports this only with ${option}, which is switched on nowhere`,
    fix: `Switch on ${option}, or ask for a metric that is there without it.`,
  };
}

function renamedIn({ scraped, unit }: World, metric: string): Reason | undefined {
  const known = renaming(metric);
  if (known === undefined) return undefined;
  const isScraped = scraped.products.some((product) => product.exports(known.to));
  const isSpring = unit.documents.of("spring-configuration").length > 0;
  if (!isScraped && !(isSpring && SPRING.has(known.product))) return undefined;
  return {
    severity: "warning",
    message: `nothing that is scraped exports this name; it is ${known.to} there`,
    fix: `Write ${known.to}.`,
  };
}

/** What a Spring application shows, whoever finds it. */
const SPRING: ReadonlySet<string> = new Set(["spring-boot", "micrometer", "java-client"]);

function misspelt({ scraped }: World, metric: string): Reason | undefined {
  const owner = scraped.products.find((product) => product.owns(metric));
  if (owner === undefined) return undefined;
  const near = nearestOf(metric, owner.families());
  return {
    severity: "warning",
    message: `${owner.name} exports no such metric${near ? `; nearest: ${near}` : ""}`,
    fix: near === undefined ? `Look in ${owner.name}'s /metrics for the name.` : `Write ${near}.`,
  };
}

function unscraped({ scraped }: World, metric: string): Reason | undefined {
  const names = productsExporting(metric);
  const [name] = names;
  if (name === undefined) return undefined;
  return {
    severity: scraped.world === "closed" ? "warning" : "note",
    message: `this is exported by ${names.slice(0, 3).join(" or ")}, which no job scrapes`,
    fix: `Run ${name} and add a scrape job for it, or drop what is built on it.`,
  };
}

/** Nothing scraped is unknown, and the source of what is one's own is here. */
function unknown({ scraped, unit }: World, metric: string): Reason | undefined {
  const { documents } = unit.repository;
  const isSeen = hasSource(documents) || documents.tree.guide !== undefined;
  if (scraped.world !== "closed" || !isSeen || !/_/.test(metric)) return undefined;
  if (mayBeLibrary(documents, metric)) return undefined;
  return {
    severity: "warning",
    message: "no exporter that is scraped has this metric, and no source here makes it",
    fix: "Export it in the application, or ask for a metric that exists.",
  };
}
