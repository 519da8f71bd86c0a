import type { Call, Fact } from "../fact.ts";
import { entryAt } from "../node.ts";
import { at, type Located } from "../source.ts";
import { addressOf } from "./address.ts";
import type { AlertmanagerDocument } from "./alertmanager.ts";
import type { DashboardDocument } from "./dashboard.ts";
import type { PrometheusDocument, ScrapeConfig } from "./prometheus.ts";
import type { PrometheusRulesDocument, Rule } from "./prometheus-rules.ts";
import { selectorsIn, type Query } from "./promql.ts";

/** Selectors of one expression that are read; a hostile one may have thousands. */
const SELECTORS_MAX = 200;

/** Jobs, what they scrape, and where alerts go. */
export function prometheusFacts(document: PrometheusDocument): readonly Fact[] {
  const scope = scopeOf(document);
  return [
    ...document.jobs.flatMap((job): Fact[] => [
      jobFact(job),
      ...(job.isProbe ? [] : job.targets).flatMap((target) =>
        callTo(target, { via: "scrape", scope, path: job.path.value, scheme: job.scheme }),
      ),
    ]),
    ...(document.alerting?.targets ?? []).flatMap((target): Fact[] => [
      { kind: "alerting-target", at: target.at, target: target.value },
      ...callTo(target, { via: "alerting", scope }),
    ]),
  ];
}

/** Alerts, and the metrics that alerts and recordings ask for. */
export function ruleFacts({ rules }: PrometheusRulesDocument): readonly Fact[] {
  return rules.flatMap((rule) => [
    ...(rule.type === "alert" ? [alertFact(rule)] : []),
    ...metricsUsed(rule.query, rule.locate, { type: rule.type, name: rule.name }),
  ]);
}

/** Addresses that Alertmanager posts to. */
export function alertmanagerFacts(document: AlertmanagerDocument): readonly Fact[] {
  const scope = scopeOf(document);
  return document.receivers.flatMap(({ integrations }) =>
    integrations.flatMap(({ type, node }): readonly Fact[] => {
      const url = type === "webhook_configs" ? entryAt(node, "url") : undefined;
      if (url?.node.type !== "scalar") return [];
      const written = { value: url.node.text, at: at(document.file, url.line) };
      return callTo(written, { via: "webhook", scope });
    }),
  );
}

/** The metrics that panels ask for. */
export function dashboardFacts({ panels }: DashboardDocument): readonly Fact[] {
  return panels.flatMap(({ queries, title }) =>
    queries.flatMap(({ query, at: where }) =>
      metricsUsed(query, () => where, { type: "panel", name: title }),
    ),
  );
}

function scopeOf(document: { readonly embedded?: unknown }): Call["scope"] {
  return document.embedded === undefined ? "network" : "cluster";
}

function callTo(
  target: Located<string>,
  how: Pick<Call, "via" | "scope"> & { readonly path?: string; readonly scheme?: string },
): readonly Fact[] {
  const address = addressOf(target.value);
  if (address === undefined) return [];
  const scheme = address.scheme ?? how.scheme;
  const path = address.path ?? how.path;
  return [
    {
      kind: "call",
      at: target.at,
      via: how.via,
      scope: how.scope,
      host: address.host,
      ...(address.port === undefined ? {} : { port: address.port }),
      ...(scheme === undefined ? {} : { scheme }),
      ...(path === undefined ? {} : { path }),
    },
  ];
}

function jobFact(job: ScrapeConfig): Fact {
  return {
    kind: "scrape-job",
    at: job.at,
    job: job.job,
    path: job.path,
    scheme: job.scheme,
    targets: job.targets,
    discovery: job.discovery.map(({ value }) => value),
    ...(job.intervalMs === undefined ? {} : { intervalMs: job.intervalMs }),
  };
}

function alertFact(rule: Rule): Fact {
  return {
    kind: "alert",
    at: rule.at,
    name: rule.name,
    expression: rule.expression,
    ...(rule.forMs === undefined ? {} : { forMs: rule.forMs }),
    labels: rule.labels,
    annotations: rule.annotations,
  };
}

function metricsUsed(
  query: Query,
  locate: Rule["locate"],
  within: { readonly type: "alert" | "record" | "panel"; readonly name: string },
): readonly Fact[] {
  return selectorsIn(query.expression)
    .slice(0, SELECTORS_MAX)
    .flatMap(({ metric, matchers, from }): Fact[] =>
      metric === undefined
        ? []
        : [
            {
              kind: "metric-used",
              at: locate(from),
              metric,
              in: within,
              labels: matchers.map(({ name, op, value }) => ({ name, op, value })),
            },
          ],
    );
}
