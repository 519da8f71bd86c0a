import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { aService, aSystem, checked } from "./example.fixture.ts";

function rules(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ rule, severity }) => `${severity} ${rule}`);
}

test("a healthy system has no finding", () => {
  assert.deepEqual(checked(aSystem()), []);
});

test("every finding says where, why and how to mend it", () => {
  const service = { replicas: 1, drain: "1m", boot: "100ms", ready: "/health" };
  const rollout = { surge: 0 };
  const findings = checked(
    aSystem({
      services: { api: aService({ ...service, rollout }) },
      load: { rate: "1/s", mix: [{ GET: "/" }] },
      edge: {
        listen: ["[::1]:80", "[::]:80"],
        routes: { "/": { to: "api", timeout: "1s", tryTimeout: "2s" } },
      },
    }),
  );
  assert.ok(findings.length >= 6);
  for (const finding of findings) {
    assert.ok(finding.message !== "" && finding.why !== "" && finding.fix !== "", finding.rule);
    assert.ok(
      finding.places.every(({ path }) => path !== undefined && path !== ""),
      finding.rule,
    );
  }
});

test("single-replica: an error against availability, a warning against errors alone", () => {
  const services = { api: aService({ replicas: 1 }) };
  assert.deepEqual(rules(checked(aSystem({ services }))), ["error single-replica"]);
  const objectives = { errors: "0.1%" };
  assert.deepEqual(rules(checked(aSystem({ services, objectives }))), ["warning single-replica"]);
  const less = { availability: "98%" };
  assert.deepEqual(rules(checked(aSystem({ services, objectives: less }))), []);
});

test("single-replica: services behind others are reached, idle ones are not", () => {
  const api = aService({ env: { STORE: { text: [{ ref: "store" }, "/v1"] } } });
  const services = { api, store: aService({ replicas: 1 }), idle: aService({ replicas: 1 }) };
  const [finding, ...others] = checked(aSystem({ services }));
  assert.deepEqual(others, []);
  assert.match(finding?.message ?? "", /`store` has one replica/);
});

test("retry-budget: a short time-out without a try's own is no contradiction", () => {
  const edge = { routes: { "/": { to: "api", timeout: "300ms" } } };
  assert.deepEqual(checked(aSystem({ edge })), []);
});

test("freeze-exposure: p99 forgives less than p95", () => {
  const objectives = { latency: { p95: "500ms", p99: "1s" } };
  const [finding] = checked(aSystem({ objectives }));
  assert.match(
    finding?.message ?? "",
    /noticed after up to 700ms: 1\.6 % .* p99 is promised as 1s/,
  );
  const edge = { routes: { "/": { to: "api", tryTimeout: "1s" } } };
  assert.deepEqual(checked(aSystem({ objectives, edge })), []);
});

test("name-clash: routes that differ in a slash and lead elsewhere", () => {
  const services = { api: aService(), web: aService() };
  const clash = { routes: { "/": "api", "/a": "api", "/a/": "web" } };
  assert.deepEqual(rules(checked(aSystem({ services, edge: clash }))), ["warning name-clash"]);
  const same = { routes: { "/": "api", "/a": "api", "/a/": "api" } };
  assert.deepEqual(checked(aSystem({ services, edge: same })), []);
  const ports = { listen: ["127.0.0.1:0", "127.0.0.1:0"], routes: { "/": "api" } };
  assert.deepEqual(checked(aSystem({ edge: ports })), []);
});

test("load-without-route: prefixes end at a slash, and without an edge nothing is reached", () => {
  const load = { rate: "1/s", mix: [{ GET: "/v1/x" }, { GET: "/v1x" }] };
  const findings = checked(aSystem({ load, edge: { routes: { "/v1": "api" } } }));
  assert.deepEqual(
    findings.map(({ places }) => places[0]?.path),
    ["load.mix[1]"],
  );
  const alone = checked(aSystem({ edge: undefined }));
  assert.deepEqual(rules(alone), ["error load-without-route"]);
});
