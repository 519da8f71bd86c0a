import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../system/parse.ts";
import { declaredFacts, type DeclaredFacts } from "./declared.ts";
import type { Fact } from "./fact.ts";

const RUN = { build: "./api", command: ["node", "main.ts"] };

function factsOf(change: Readonly<Record<string, unknown>>): DeclaredFacts {
  const input = { name: "shop", services: { api: { run: RUN } }, ...change };
  const parsed = parse(input, { environment: undefined, platform: undefined });
  assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.error, null, 2));
  return declaredFacts(parsed.value);
}

/** Facts as plain data, each place as the declaration's path. */
function plain(facts: DeclaredFacts, kind: Fact["kind"]): readonly unknown[] {
  const replaced = (_key: string, value: unknown): unknown => {
    if (value instanceof Map) return Object.fromEntries(value);
    if (typeof value !== "object" || value === null) return value;
    if (!("file" in value && "line" in value)) return value;
    const { file, line } = value;
    assert.ok(typeof file === "string" && typeof line === "number");
    return facts.pathOf({ file, line });
  };
  const found = facts.all.filter((fact) => fact.kind === kind);
  const data: unknown = JSON.parse(JSON.stringify(found, replaced));
  assert.ok(Array.isArray(data));
  return data;
}

const BARE = {
  ...{ kind: "component", platform: "declared", environmentFiles: [], networks: [] },
  ...{ hostNetwork: false, dependsOn: [], labels: {}, annotations: {} },
  ...{ ports: [], mounts: [], probes: [], environment: {}, hostNames: [] },
};

test("what nobody wrote is no fact: a default is none", () => {
  const facts = factsOf({ edge: { routes: { "/": "api" } } });
  assert.deepEqual(plain(facts, "component"), [
    {
      ...{ ...BARE, at: "services.api", name: "api", hostNames: ["api"] },
      build: { value: { context: "./api" }, at: "services.api.run.build" },
      command: { value: ["node", "main.ts"], at: "services.api.run.command" },
    },
  ]);
  const others = facts.all.filter(({ kind }) => kind !== "component");
  assert.deepEqual(
    others.map(({ kind }) => kind),
    ["call"],
  );
});

test("a service says its ports, limits, probes, mounts and replicas", () => {
  const api = {
    ...{ run: { image: "registry.example/api:1.2.3" }, port: 9000, replicas: 3, stop: "20s" },
    ...{ health: { path: "/live", every: "2s", fall: 4 }, boot: "40s", ready: "/ready" },
    ...{ resources: { memory: "512MiB" }, volumes: { "/data": "shared" } },
    files: { "/etc/api.json": { json: { limit: 10 } } },
  };
  const [component] = plain(factsOf({ services: { api } }), "component");
  assert.deepEqual(component, {
    ...{ ...BARE, at: "services.api", name: "api", hostNames: ["api"] },
    image: { value: "registry.example/api:1.2.3", at: "services.api.run.image" },
    memoryLimitBytes: { value: 536_870_912, at: "services.api.resources.memory" },
    replicas: { value: 3, at: "services.api.replicas" },
    stopGraceMs: { value: 20_000, at: "services.api.stop" },
    ports: [{ at: "services.api.port", port: 9000, protocol: "tcp" }],
    mounts: [
      {
        ...{ at: 'services.api.volumes["/data"]', type: "volume", source: "shared" },
        ...{ target: "/data", readOnly: false },
      },
      {
        ...{ at: 'services.api.files["/etc/api.json"]', type: "config-map" },
        ...{ target: "/etc/api.json", readOnly: true },
      },
    ],
    probes: [
      {
        ...{ at: "services.api.health", purpose: "liveness", startPeriodMs: 40_000 },
        ...{ check: { type: "http", path: "/live", port: 9000 }, periodMs: 2_000, failures: 4 },
      },
      {
        ...{ at: "services.api.ready", purpose: "readiness", startPeriodMs: 40_000 },
        check: { type: "http", path: "/ready", port: 9000 },
      },
    ],
  });
});

test("an environment keeps its secrets, and names whom it calls", () => {
  const env = {
    PLAIN: "http://stock:8080/v1?x",
    KEY: { secret: "API_KEY" },
    NEXT: { ref: "stock" },
    DSN: { text: ["postgres://app:", { secret: "DB_PASSWORD" }, "@db.example.com/orders"] },
  };
  const services = { api: { run: RUN, env }, stock: { run: RUN } };
  const facts = factsOf({ services });
  const [component] = facts.all;
  assert.ok(component?.kind === "component");
  const entries = [...component.environment].map(([name, { value, from }]) => ({
    ...{ name, value, from },
  }));
  assert.deepEqual(entries, [
    { name: "PLAIN", value: "http://stock:8080/v1?x", from: undefined },
    { name: "KEY", value: undefined, from: { kind: "secret", name: "API_KEY" } },
    { name: "NEXT", value: undefined, from: undefined },
    {
      ...{ name: "DSN", from: undefined },
      value: "postgres://app:${DB_PASSWORD}@db.example.com/orders",
    },
  ]);
  const call = { kind: "call", via: "configuration", scope: "network", component: "api" };
  assert.deepEqual(plain(facts, "call"), [
    {
      ...{ ...call, at: "services.api.env.PLAIN", scheme: "http" },
      ...{ host: "stock", port: 8080, path: "/v1" },
    },
    { ...call, at: "services.api.env.NEXT", host: "stock" },
    {
      ...{ ...call, at: "services.api.env.DSN", scheme: "postgres" },
      ...{ host: "db.example.com", path: "/orders" },
    },
  ]);
  assert.deepEqual(plain(facts, "database-use"), [
    {
      ...{ kind: "database-use", at: "services.api.env.DSN", engine: "postgres" },
      ...{ host: "db.example.com", database: "orders", user: "app" },
    },
  ]);
});

test("jobs, stores, pools and the edge say theirs", () => {
  const facts = factsOf({
    services: { api: { run: RUN, pools: { db: 20 } } },
    jobs: { migrate: { run: RUN, when: "before-rollout", idempotent: true, deadline: "20m" } },
    stores: { db: { provider: "postgres", connections: 200 } },
    edge: {
      ...{ host: "shop.example.com", listen: ["0.0.0.0:8443", "127.0.0.1:0"] },
      routes: { "/": { to: "api", timeout: "5s" } },
      limits: { body: "1MiB", connections: 500 },
    },
  });
  assert.deepEqual(plain(facts, "time-limit"), [
    { kind: "time-limit", at: "jobs.migrate.deadline", hop: "job", of: "work", ms: 1_200_000 },
    {
      ...{ kind: "time-limit", at: 'edge.routes["/"].timeout', hop: "gateway" },
      ...{ of: "read", ms: 5_000 },
    },
  ]);
  const limit = { kind: "connection-limit" };
  assert.deepEqual(plain(facts, "connection-limit"), [
    { ...limit, hop: "application", side: "pool", connections: 20, at: "services.api.pools.db" },
    { ...limit, hop: "database", side: "server", connections: 200, at: "stores.db.connections" },
    { ...limit, hop: "gateway", side: "server", connections: 500, at: "edge.limits.connections" },
  ]);
  const job = facts.all.find((fact) => fact.kind === "component" && fact.name === "migrate");
  assert.ok(job?.kind === "component" && job.workload === "Job");
  assert.equal(plain(facts, "body-limit").length, 1);
  assert.equal(plain(facts, "listener").length, 1);
  assert.equal(plain(facts, "host-name").length, 1);
});

test("a store that somebody else runs is no component here", () => {
  const names = (external: unknown) => {
    const stores = { db: { provider: "postgres", ...(external ? { external } : {}) } };
    const components = factsOf({ stores }).all.filter(({ kind }) => kind === "component");
    return components.flatMap((fact) => (fact.kind === "component" ? [fact.name] : []));
  };
  assert.deepEqual(names({ secret: "DATABASE_URL" }), ["api"]);
  assert.deepEqual(names(undefined), ["api", "db"]);
});
