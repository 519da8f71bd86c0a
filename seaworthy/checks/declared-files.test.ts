import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse as parseYaml } from "yaml";
import demo from "../../systems/model-router/system.ts";
import type { Finding } from "../system/finding.ts";
import { lower } from "../system/lower.ts";
import { parse } from "../system/parse.ts";
import type { Parsed } from "../system/system.ts";
import { checkDeclaredFacts, FACT_RULES } from "./declared-files.ts";
import { aService, aSystem, checked } from "./example.fixture.ts";

function understood(input: unknown, environment?: string): Parsed {
  const parsed = parse(input, { environment, platform: undefined });
  assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.error, null, 2));
  return parsed.value;
}

/** What the rules over files say of these services, one line a finding. */
function said(
  services: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): readonly string[] {
  return lines(checkDeclaredFacts(understood(aSystem({ services, ...more })), []));
}

function lines(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ severity, rule, places }) =>
      `${severity} ${rule}: ${places.map(({ path }) => path).join(", ")}`,
  );
}

function image(name: string, more: Readonly<Record<string, unknown>> = {}) {
  const { command, ...rest } = more;
  return { run: { image: name, ...(command === undefined ? {} : { command }) }, ...rest };
}

const PASSWORD = { secret: "DB_PASSWORD" };
const KEPT = { "/var/lib/postgresql/data": "orders" };

/** What is caught, with the paths to mend, and the nearest healthy twin, in which nothing is. */
const PAIRS: readonly {
  readonly caught: Readonly<Record<string, unknown>>;
  readonly as: readonly string[];
  readonly healthy: Readonly<Record<string, unknown>>;
}[] = [
  {
    caught: { cache: image("bitnami/redis:7.2") },
    as: ["error image-tag-gone: services.cache.run.image"],
    healthy: { cache: image("redis:7.2") },
  },
  {
    caught: { api: aService({ env: { SESSION_SECRET: "changeme" } }) },
    as: ["warning default-or-placeholder-secret: services.api.env.SESSION_SECRET"],
    healthy: { api: aService({ env: { SESSION_SECRET: { secret: "SESSION_SECRET" } } }) },
  },
  {
    caught: { cache: image("redis:7.2", { env: { REDIS_REPLICATION_MODE: "slave" } }) },
    as: ["warning foreign-image-env: services.cache.env.REDIS_REPLICATION_MODE"],
    healthy: { cache: image("redis:7.2", { env: { TZ: "UTC" } }) },
  },
  {
    caught: { db: mysql(["--default-authentication-plugin=caching_sha2_password"]) },
    as: ["error option-removed-in-version: services.db.run.command, services.db.run.image"],
    healthy: { db: mysql(["--authentication-policy=caching_sha2_password"]) },
  },
  {
    caught: { api: limited({ JAVA_OPTS: "-Xmx512m" }) },
    as: [
      "warning memory-budget-mismatch: services.api.env.JAVA_OPTS, services.api.resources.memory",
    ],
    healthy: { api: limited({ JAVA_OPTS: "-Xmx320m" }) },
  },
  {
    caught: { api: limited({ NODE_OPTIONS: "--max-old-space-size=512" }) },
    as: [
      "warning memory-budget-mismatch: " +
        "services.api.env.NODE_OPTIONS, services.api.resources.memory",
    ],
    healthy: { api: limited({ NODE_OPTIONS: "--max-old-space-size=320" }) },
  },
  {
    caught: { db: image("postgres:17", { env: { POSTGRES_PASSWORD: PASSWORD } }) },
    as: ["warning state-without-volume: services.db.run.image"],
    healthy: { db: image("postgres:17", { env: { POSTGRES_PASSWORD: PASSWORD }, volumes: KEPT }) },
  },
  {
    caught: { api: aService({ volumes: { "/var/lib/api/data": "shared" } }) },
    as: [
      "warning shared-single-writer-volume: " +
        'services.api.volumes["/var/lib/api/data"], services.api.replicas',
    ],
    healthy: { api: aService({ replicas: 1, volumes: { "/var/lib/api/data": "own" } }) },
  },
  {
    caught: withDatabase({ DB_HOST: "db", DB_NAME: "order" }),
    as: ["error database-name-mismatch: services.api.env.DB_NAME, services.db.env.POSTGRES_DB"],
    healthy: withDatabase({ DB_HOST: "db", DB_NAME: "orders" }),
  },
  {
    caught: withDatabase({ DATABASE_URL: { text: ["postgres://app:", PASSWORD, "@db/order"] } }),
    as: [
      "error database-name-mismatch: services.api.env.DATABASE_URL, services.db.env.POSTGRES_DB",
    ],
    healthy: withDatabase({ DATABASE_URL: { text: ["postgres://app:", PASSWORD, "@db/orders"] } }),
  },
  {
    caught: calling("http://bakend/v1"),
    as: ["warning upstream-nobody-listens: services.api.env.BACKEND_URL, services.backend"],
    // Another machine, which the system's own may know.
    healthy: calling("http://backend2/v1"),
  },
  {
    caught: calling("http://backend:8080/v1"),
    as: ["warning upstream-nobody-listens: services.api.env.BACKEND_URL, services.backend"],
    healthy: calling({ text: [{ ref: "backend" }, "/v1", "?by=http://stock.example.com"] }),
  },
  {
    caught: calling("postgres://app@backend/orders"),
    as: ["warning upstream-nobody-listens: services.api.env.BACKEND_URL, services.backend"],
    // A bucket, not a host.
    healthy: calling("s3://backend/orders"),
  },
];

function calling(url: unknown) {
  return { api: aService({ env: { BACKEND_URL: url } }), backend: aService() };
}

function mysql(command: readonly string[]) {
  const volumes = { "/var/lib/mysql": "orders" };
  return image("mysql:8.4", { command, volumes, env: { MYSQL_ROOT_PASSWORD: PASSWORD } });
}

function limited(env: Readonly<Record<string, string>>) {
  return aService({ env, resources: { memory: "512MiB" } });
}

function withDatabase(env: Readonly<Record<string, unknown>>) {
  const stored = { POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: "orders" };
  return { api: aService({ env }), db: image("postgres:17", { env: stored, volumes: KEPT }) };
}

for (const { caught, as, healthy } of PAIRS) {
  test(`declared: ${as.join("; ")}; the healthy twin is left alone`, () => {
    const edge = { routes: { "/": Object.keys(caught)[0] } };
    assert.deepEqual(said(caught, { edge }), as);
    assert.deepEqual(said(healthy, { edge }), []);
  });
}

test("a secret's value is in no sentence", () => {
  const services = { api: aService({ env: { SESSION_SECRET: "letmein" } }) };
  const found = checkDeclaredFacts(understood(aSystem({ services })), []);
  assert.equal(found.length, 1);
  assert.ok(!JSON.stringify(found).includes("letmein"));
});

test("what a surrounding for tests is given pages nobody; production is told", () => {
  const env = { SESSION_SECRET: "changeme" };
  const input = aSystem({
    services: { api: aService({ env }) },
    environments: { test: {}, production: {} },
  });
  assert.deepEqual(lines(checkDeclaredFacts(understood(input, "test"), [])), []);
  const production = checkDeclaredFacts(understood(input, "production"), []);
  assert.equal(production.length, 1);
});

test("what the graph's rule of the same name said is not said again, no more is lost", () => {
  const heap = { NODE_OPTIONS: "--max-old-space-size=512" };
  const input = aSystem({ services: { api: limited(heap) } });
  const graph = checked(input);
  assert.deepEqual(graph.map(({ rule }) => rule).toSorted(), ["memory-budget-mismatch"]);
  assert.deepEqual(checkDeclaredFacts(understood(input), graph), []);
  // Of two with the same figures, the graph's rule knows the variable of one.
  const api = limited({ JAVA_OPTS: "-Xmx512m" });
  const both = aSystem({ services: { api, queue: limited({ KAFKA_HEAP_OPTS: "-Xmx512m" }) } });
  assert.deepEqual(
    checked(both).map(({ places }) => places[0]?.path),
    ["services.api.env.JAVA_OPTS"],
  );
  const [further, ...others] = checkDeclaredFacts(understood(both), checked(both));
  assert.match(JSON.stringify(further), /services\.queue\.env\.KAFKA_HEAP_OPTS/);
  assert.deepEqual(others, []);
});

test("pools of one store are not held against the connections of another", () => {
  const stores = {
    cache: { provider: "valkey", connections: 50 },
    db: { provider: "postgres", connections: 500 },
  };
  const services = { api: aService({ pools: { db: 40 } }) };
  assert.deepEqual(said(services, { stores }), []);
});

test("every rule runs, and none speaks of the demo system in any environment", () => {
  assert.ok(FACT_RULES.length > 50);
  const data = lower(demo);
  for (const environment of ["rehearsal", "single", "python"]) {
    assert.deepEqual(lines(checkDeclaredFacts(understood(data, environment), [])), []);
  }
});

const PAGES = new URL("../../docs/checks/", import.meta.url);

test("no rule over files finds a fault in an example that is left alone", () => {
  const pages = readdirSync(PAGES).filter((name) => name.endsWith(".md"));
  let examples = 0;
  for (const name of pages) {
    const page = readFileSync(new URL(name, PAGES), "utf8");
    const [, section = ""] = page.split("\n## Left alone\n");
    const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
    if (yaml === undefined) continue;
    examples += 1;
    assert.deepEqual(lines(checkDeclaredFacts(understood(parseYaml(yaml)), [])), [], name);
  }
  assert.ok(examples >= 20, `${examples} examples`);
});

/** The design's example of a whole system, as far as the language goes today. */
const WHOLE = {
  name: "orders",
  services: {
    api: {
      run: { image: "registry.example/orders:1.4.2" },
      ...{ port: 8080, replicas: 3, health: "/health", ready: "/ready" },
      ...{ drain: "10s", stop: "30s", boot: "60s", volumes: { "/var/lib/app": "data" } },
      resources: { cpu: 0.5, memory: "512MiB" },
      env: {
        DATABASE_URL: { ref: "db" },
        SELF: { text: [{ ref: "api" }, "/v1"] },
        JWT_SECRET: { secret: "JWT_SECRET" },
      },
      files: { "/etc/app/limits.json": { json: { limit: 10 } } },
      pools: { db: 20 },
    },
  },
  jobs: {
    migrate: {
      run: { build: "./apps/api", command: ["node", "migrate.ts"] },
      ...{ when: "before-rollout", idempotent: true, deadline: "20m" },
    },
  },
  stores: {
    db: {
      ...{ provider: "postgres", version: 17, replicas: 2, synchronous: "any 1" },
      backup: { full: "24h", log: "continuous", to: "s3://backup.example/orders", verify: "7d" },
    },
    cache: { provider: "valkey", mode: "sentinel", replicas: 2, role: "cache" },
  },
  edge: {
    ...{ host: "orders.example.com", listen: ["0.0.0.0:8443"] },
    routes: { "/": "api", "/orders": { to: "api", idempotent: true, timeout: "5s" } },
    limits: { body: "1MiB", connections: 10_000 },
  },
};

test("a whole system has no finding", () => {
  assert.deepEqual(lines(checkDeclaredFacts(understood(WHOLE), [])), []);
});
