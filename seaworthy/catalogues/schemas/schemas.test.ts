import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsOf, ROOT_TYPE, type SchemaName, schemaSources, typeAt } from "./schemas.ts";

const SCHEMAS: readonly SchemaName[] = [
  "alertmanager",
  "compose",
  "prometheus",
  "prometheus-rules",
];

function knows(schema: SchemaName, type: string, field: string): boolean | undefined {
  return fieldsOf(schema, type)?.has(field);
}

test("Alertmanager's e-mail receiver has html and headers, and neither subject nor body", () => {
  const type = typeAt("alertmanager", ["receivers", "email_configs"]) ?? "";
  for (const field of ["to", "html", "headers", "send_resolved", "auth_password_file"]) {
    assert.equal(knows("alertmanager", type, field), true, field);
  }
  for (const field of ["subject", "body"]) {
    assert.equal(knows("alertmanager", type, field), false, field);
  }
});

test("every receiver integration has fields, send_resolved among them", () => {
  const receiver = fieldsOf("alertmanager", "receiver") ?? new Map();
  const integrations = [...receiver.keys()].filter((field) => field.endsWith("_configs"));
  assert.ok(integrations.length >= 17);
  for (const field of integrations) {
    const type = typeAt("alertmanager", ["receivers", field]) ?? "";
    assert.equal(knows("alertmanager", type, "send_resolved"), true, field);
  }
});

test("Prometheus keeps retention on its command line or under storage, not elsewhere", () => {
  assert.equal(knows("prometheus", ROOT_TYPE, "alertmanager_config"), false);
  assert.equal(knows("prometheus", ROOT_TYPE, "recording_rules"), false);
  assert.equal(knows("prometheus", ROOT_TYPE, "scrape_configs"), true);
  assert.equal(typeAt("prometheus", ["scrape_configs"]), "scrape_config");
  for (const field of ["job_name", "static_configs", "tls_config", "proxy_url", "sample_limit"]) {
    assert.equal(knows("prometheus", "scrape_config", field), true, field);
  }
  assert.equal(knows("prometheus", "scrape_config", "path"), false);
  assert.equal(knows("prometheus", "relabel_config", "source_labels"), true);
});

test("rules and Compose services know their fields", () => {
  assert.equal(knows("prometheus-rules", "rule", "for"), true);
  assert.equal(knows("prometheus-rules", "rule", "severity"), false);
  const service = typeAt("compose", ["services"]) ?? "";
  for (const field of ["image", "healthcheck", "depends_on", "deploy", "mem_limit"]) {
    assert.equal(knows("compose", service, field), true, field);
  }
  assert.equal(knows("compose", service, "replicas"), false);
  const healthcheck = typeAt("compose", ["services", "healthcheck"]) ?? "";
  assert.equal(knows("compose", healthcheck, "start_period"), true);
  assert.equal(knows("compose", healthcheck, "command"), false);
  assert.equal(typeAt("compose", ["services", "image"]), undefined);
});

test("an unknown type or path is undefined", () => {
  assert.equal(fieldsOf("compose", "no-such"), undefined);
  assert.equal(typeAt("compose", ["no-such", "x"]), undefined);
  assert.equal(fieldsOf("compose", "constructor"), undefined);
});

test("every type that a field names exists, and every schema has a source", () => {
  for (const schema of SCHEMAS) {
    const seen = new Set<string>();
    const queue = [ROOT_TYPE];
    for (let type = queue.pop(); type !== undefined; type = queue.pop()) {
      if (seen.has(type)) continue;
      seen.add(type);
      const fields = fieldsOf(schema, type);
      assert.ok(fields, `${schema}: ${type}`);
      queue.push(...[...fields.values()].filter((next) => next !== undefined));
    }
  }
  for (const [name, sources] of schemaSources()) assert.ok(sources.length > 0, name);
});
