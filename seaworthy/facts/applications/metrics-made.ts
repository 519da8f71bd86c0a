import type { Fact, MetricExported } from "../fact.ts";
import { at } from "../source.ts";
import type { Code } from "./source-facts.ts";

type Type = NonNullable<MetricExported["type"]>;

/** `Counter("name"`, `new Counter({ name: "…"`, `NewCounterVec(…Opts{ Name: "…"`. */
const CLASS = /\b(?:new\s+|New|prometheus\.New)?(Counter|Gauge|Histogram|Summary)(?:Vec)?\s*\(/g;
const QUOTED = /["'`]([a-zA-Z_:][\w:.]{2,150})["'`]/;
/** Micrometer: `Counter.builder("a.b")`, `registry.timer("a.b")`, `@Timed("a.b")`. */
const MICROMETER = new RegExp(
  String.raw`(?:(Counter|Gauge|Timer|DistributionSummary)\.builder` +
    String.raw`|[rR]egistry\.(counter|gauge|timer|summary)|@(Timed|Counted))` +
    String.raw`\(\s*(?:value\s*=\s*)?"([a-z][\w.-]{2,150})"`,
  "g",
);

/** Metrics that source code makes, named as the exposition shows them. */
export function metricsMade({ document, lines }: Code): readonly Fact[] {
  const text = lines.join("\n");
  if (!/counter|gauge|histogram|summary|@timed|\.timer\(/i.test(text)) return [];
  return lines.flatMap((line, index) => {
    const place = at(document.file, index + 1);
    return document.language === "java" ? micrometer(line, place) : client(lines, index, place);
  });
}

function micrometer(line: string, place: MetricExported["at"]): readonly Fact[] {
  return [...line.matchAll(MICROMETER)].flatMap(([, builder, method, annotation, dotted = ""]) => {
    const kind = (builder ?? method ?? annotation ?? "").toLowerCase();
    const base = dotted.replace(/[.-]/g, "_");
    const named = (name: string, type: Type): Fact => ({
      kind: "metric-exported",
      at: place,
      name,
      type,
    });
    if (kind === "counter" || kind === "counted") {
      return [named(base.endsWith("_total") ? base : `${base}_total`, "counter")];
    }
    if (kind === "gauge") return [named(base, "gauge")];
    if (kind === "timer" || kind === "timed") return [named(`${base}_seconds`, "summary")];
    return [named(base, "summary")];
  });
}

function client(
  lines: readonly string[],
  index: number,
  place: MetricExported["at"],
): readonly Fact[] {
  const line = lines[index] ?? "";
  return [...line.matchAll(CLASS)].flatMap((match): readonly Fact[] => {
    const rest = [line.slice(match.index + match[0].length), ...lines.slice(index + 1, index + 4)];
    const name = QUOTED.exec(rest.join("\n"))?.[1];
    const type = TYPES.get(match[1] ?? "");
    if (name === undefined || type === undefined) return [];
    return [{ kind: "metric-exported", at: place, name, type }];
  });
}

const TYPES: ReadonlyMap<string, Type> = new Map([
  ["Counter", "counter"],
  ["Gauge", "gauge"],
  ["Histogram", "histogram"],
  ["Summary", "summary"],
]);
