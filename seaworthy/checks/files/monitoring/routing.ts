import type { LabelMatcher, Route } from "../../../facts/monitoring/alertmanager.ts";
import type { Rule } from "../../../facts/monitoring/prometheus-rules.ts";
import { expressionsIn } from "../../../facts/monitoring/promql.ts";
import { matches } from "./label-match.ts";

/** An alert's labels as far as its rule fixes them. */
export interface FiredAlert {
  readonly rule: Rule;
  readonly labels: ReadonlyMap<string, string>;
  /** Labels that its series may bring; undefined means any. */
  readonly brought: ReadonlySet<string> | undefined;
}

/** The alert that a rule fires: a label with a template in it is not known. */
export function firedBy(rule: Rule): FiredAlert {
  const labels = new Map([["alertname", rule.name]]);
  const open = new Set<string>();
  for (const [name, { value }] of rule.labels) {
    if (value.includes("{{")) open.add(name);
    else labels.set(name, value);
  }
  const carried = labelsOfSeries(rule);
  return { rule, labels, brought: carried && new Set([...carried, ...open]) };
}

/** `sum by (a, b)` at the top leaves a and b; anything else may carry what its series carry. */
function labelsOfSeries({ query }: Rule): ReadonlySet<string> | undefined {
  const aggregations = [...expressionsIn(query.expression)].filter(
    (part) => part.type === "aggregation" || part.type === "selector",
  );
  const [outer] = aggregations;
  if (outer?.type !== "aggregation" || aggregations.length === 0) return undefined;
  if (["topk", "bottomk", "limitk"].includes(outer.operation)) return undefined;
  if (outer.grouping?.type === "without") return undefined;
  return new Set(outer.grouping?.labels);
}

export type Certainty = "yes" | "maybe" | "no";

/** Whether an alert passes matchers; a label that only its series could bring makes it a maybe. */
export function passes(alert: FiredAlert, matchers: readonly LabelMatcher[]): Certainty {
  let certainty: Certainty = "yes";
  for (const matcher of matchers) {
    const value = alert.labels.get(matcher.name);
    const isOpen =
      value === undefined && (alert.brought === undefined || alert.brought.has(matcher.name));
    if (isOpen) certainty = "maybe";
    // A label that is not there is an empty one.
    else if (!matches(matcher, value ?? "")) return "no";
  }
  return certainty;
}

/** Every route that might notify about an alert. */
export function routesFor(alert: FiredAlert, route: Route): readonly Route[] {
  const found: Route[] = [];
  let isTaken = false;
  for (const child of route.routes) {
    const passing = passes(alert, child.matchers);
    if (passing === "no") continue;
    found.push(...routesFor(alert, child));
    isTaken ||= passing === "yes";
    if (passing === "yes" && !child.continues) break;
  }
  return isTaken ? found : [...found, route];
}
