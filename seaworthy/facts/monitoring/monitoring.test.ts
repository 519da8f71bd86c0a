import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsOf, factsOf, readDocument } from "../facts.ts";
import type { SourceFile } from "../source.ts";
import { embeddedIn } from "./embedded.ts";
import { readMonitoring } from "./monitoring.ts";

const file = (path: string, text: string): SourceFile => ({ path, text });

function factsIn(...files: readonly SourceFile[]) {
  const all = files.flatMap((each) => readDocument(each) ?? []);
  const tree = { files, has: () => false, isIgnored: () => false, unread: [], guide: undefined };
  return factsOf(documentsOf(all, tree));
}

const PROMETHEUS = `global:
  external_labels: {cluster: main}
rule_files:
  - rules/*.yml
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["alertmanager:9093"]
scrape_configs:
  - job_name: shop
    metrics_path: /internal/metrics
    static_configs:
      - targets:
          - shop:8080
          - shop-2:8080
        labels: {tier: front}
  - job_name: probe
    static_configs: [{targets: ["https://shop.example.com"]}]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - target_label: __address__
        replacement: blackbox:9115
`;

const RULES = `groups:
  - name: shop
    rules:
      - alert: Slow
        expr: |
          sum(rate(a_total[5m]))
            / sum(rate(b_total[5m])) > 0.5
        for: 1m30s
        labels: {severity: page}
      - record: shop:b
        expr: >-
          sum(b)
          + c
`;

test("a Prometheus file says its jobs, targets and where alerts go, with their lines", () => {
  const facts = factsIn(file("prometheus.yml", PROMETHEUS));
  const [job, probe] = facts.of("scrape-job");
  assert.deepEqual(
    [job?.job, job?.at.line, job?.path.value, job?.path.at.line],
    ["shop", 10, "/internal/metrics", 11],
  );
  assert.deepEqual(
    job?.targets.map(({ value, at }) => [value, at.line]),
    [
      ["shop:8080", 14],
      ["shop-2:8080", 15],
    ],
  );
  assert.equal(probe?.path.value, "/metrics");
  assert.deepEqual(
    facts.of("call").map(({ via, host, port }) => [via, host, port]),
    [
      ["scrape", "shop", 8080],
      ["scrape", "shop-2", 8080],
      ["alerting", "alertmanager", 9093],
    ],
    "the targets of a probe are not scraped",
  );
});

test("Promtail, Loki and a compose file called prometheus.yml are none", () => {
  const promtail = "positions: {filename: /p}\nscrape_configs: [{job_name: a}]\n";
  assert.equal(readMonitoring(file("promtail.yml", promtail)), undefined);
  const piped = "scrape_configs: [{job_name: a, pipeline_stages: []}]\n";
  assert.equal(readMonitoring(file("p.yml", piped)), undefined);
  const compose = "services: {prometheus: {image: prom/prometheus}}\n";
  assert.equal(readMonitoring(file("prometheus.yml", compose)), undefined);
  assert.equal(readMonitoring(file("setup.md", PROMETHEUS)), undefined, "prose quotes it");
});

test("rules know the line of a selector in a literal block, and the key's in a folded one", () => {
  const facts = factsIn(file("rules.yml", RULES));
  assert.deepEqual(
    facts.of("metric-used").map(({ metric, at, in: { type } }) => [metric, at.line, type]),
    [
      ["a_total", 6, "alert"],
      ["b_total", 7, "alert"],
      ["b", 12, "record"],
      ["c", 12, "record"],
    ],
  );
  const [alert] = facts.of("alert");
  assert.deepEqual(
    [alert?.name, alert?.forMs, alert?.labels.get("severity")?.value],
    ["Slow", 90_000, "page"],
  );
});

test("a rule that is no PromQL is a problem; Loki's rules are not ours", () => {
  const broken = RULES.replace("sum(b)", "sum(b");
  assert.equal(readMonitoring(file("rules.yml", broken))?.problems.length, 1);
  const query = `rate({app="x"} |= "err" [5m]) > 1`;
  const loki = `groups: [{name: a, rules: [{alert: A, expr: '${query}'}]}]`;
  assert.equal(readMonitoring(file("loki.yml", loki)), undefined);
});

test("an Alertmanager's route names a receiver that is not there", () => {
  const text = `route:
  receiver: team
  routes:
    - matchers: ['severity = "page"', '{a="b,c",d!~"e"}']
      receiver: nobody
      continue: true
receivers:
  - name: team
    webhook_configs: [{url: "http://hook:5001/x"}]
`;
  const document = readMonitoring(file("alertmanager.yml", text));
  assert.ok(document?.kind === "alertmanager");
  assert.deepEqual(
    document.problems.map(({ at }) => at.line),
    [5],
  );
  const [route] = document.route.routes;
  assert.equal(route?.continues, true);
  assert.deepEqual(
    route?.matchers.map(({ name, op, value }) => `${name}${op}${value}`),
    ["severity=page", "a=b,c", "d!~e"],
  );
  const [call] = factsIn(file("alertmanager.yml", text)).of("call");
  assert.deepEqual(
    [call?.via, call?.host, call?.port, call?.path],
    ["webhook", "hook", 5001, "/x"],
  );
});

test("fields that Alertmanager and Prometheus do not know are problems, each with its line", () => {
  const mail = `route: {receiver: team}
receivers:
  - name: team
    email_configs:
      - to: a@example.com
        smarthost: mail:25
        subject: Alert
      - to: b@example.com
`;
  const linesOf = (text: string) =>
    readMonitoring(file("a.yml", text))?.problems.map(({ at: { line } }) => line);
  assert.deepEqual(linesOf(mail), [7, 8], "an unknown field; no host to send through");
  assert.deepEqual(linesOf(mail.replace("subject: Alert", "html: Alert")), [8]);
  assert.deepEqual(linesOf(`${PROMETHEUS}storage: {tsdb: {path: /data}}\n`), [24]);
  assert.deepEqual(linesOf(PROMETHEUS), []);
  assert.deepEqual(linesOf(RULES.replace("for:", "fro:")), [8]);
});

test("a dashboard is read with or without the API's wrapper, its variables put aside", () => {
  const board = `{"title": "Shop", "panels": [
    {"type": "row", "panels": [{"type": "graph", "title": "A",
      "targets": [{"expr": "rate(a_total{job=\\"$job\\"}[$__rate_interval]) by (x)"}]}]}
  ]}`;
  const plain = readMonitoring(file("shop.json", board));
  assert.ok(plain?.kind === "dashboard");
  assert.equal(plain.wrapper, undefined);
  assert.deepEqual(
    plain.panels.map(({ type, at }) => [type.value, at.line]),
    [
      ["row", 2],
      ["graph", 2],
    ],
  );
  const wrapped = readMonitoring(file("shop.json", `{"dashboard":\n${board}}`));
  assert.ok(wrapped?.kind === "dashboard");
  assert.equal(wrapped.wrapper?.line, 1);
  const [used] = factsIn(file("shop.json", board)).of("metric-used");
  assert.equal(used?.metric, "a_total");
});

test("files inside a ConfigMap and a PrometheusRule keep the manifest's lines", () => {
  const indented = (text: string, by: number): string =>
    text.replaceAll(/^(?=.)/gm, " ".repeat(by));
  const text = `apiVersion: v1
kind: ConfigMap
metadata: {name: monitoring, namespace: ops}
data:
  rules.yml: |
${indented(RULES, 4)}---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop}
spec:
${indented(RULES, 2)}`;
  const documents = embeddedIn(file("k8s/monitoring.yml", text));
  assert.deepEqual(
    documents.map(({ embedded }) => [embedded?.resource, embedded?.name, embedded?.key]),
    [
      ["ConfigMap", "monitoring", "rules.yml"],
      ["PrometheusRule", "shop", ""],
    ],
  );
  const lines = documents.flatMap((document) =>
    document.kind === "prometheus-rules" ? document.rules.map(({ at }) => at) : [],
  );
  assert.deepEqual(
    lines.map(({ file: path, line }) => [path, text.split("\n")[line - 1]?.trim()]),
    [
      ["k8s/monitoring.yml", "- alert: Slow"],
      ["k8s/monitoring.yml", "- record: shop:b"],
      ["k8s/monitoring.yml", "- alert: Slow"],
      ["k8s/monitoring.yml", "- record: shop:b"],
    ],
  );
});

test("a key that stands twice, and a file cut in the middle, are problems", () => {
  const twice = `${PROMETHEUS}rule_files: [b.yml]\n`;
  assert.match(readMonitoring(file("p.yml", twice))?.problems[0]?.message ?? "", /twice/);
  for (let length = 0; length < PROMETHEUS.length; length += 7) {
    assert.doesNotThrow(() => readMonitoring(file("p.yml", PROMETHEUS.slice(0, length))));
  }
});

test("hostile files are answered in time", () => {
  const deep = "route: {receiver: a, routes: [".repeat(400);
  assert.doesNotThrow(() => readMonitoring(file("a.yml", `receivers: []\n${deep}`)));
  const long = `scrape_configs: [{job_name: "${"a".repeat(1_000_000)}"}]`;
  assert.doesNotThrow(() => readMonitoring(file("p.yml", long)));
  const spaces = `groups: [{rules: [{alert: A, expr: "a}${" ".repeat(100_000)}"}]}]`;
  assert.doesNotThrow(() => readMonitoring(file("r.yml", spaces)));
});
