import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import type { Finding } from "./finding.ts";
import { parse, type ParseOptions } from "./parse.ts";
import type { Parsed } from "./system.ts";

const NONE: ParseOptions = { environment: undefined, platform: undefined };
const run = { build: "./api", command: ["node", "main.ts"] };
const BACKUP = { full: "24h", to: "s3://backups/orders" };

function withStores(stores: object, change: object = {}): Record<string, unknown> {
  return { name: "shop", services: { api: { run } }, stores, ...change };
}

function understood(input: unknown, options: ParseOptions = NONE): Parsed {
  const result = parse(input, options);
  assert.ok(result.ok, result.ok ? "" : JSON.stringify(result.error, null, 2));
  return result.value;
}

function faults(input: unknown): readonly Finding[] {
  const result = parse(input, NONE);
  return result.ok ? [] : result.error;
}

function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ rule, places }) => `${rule} ${places[0]?.path ?? ""}`).toSorted();
}

test("a store's defaults are explicit", () => {
  const { system, sources } = understood(withStores({ db: { provider: "postgres" } }));
  const unlimited = { cpu: undefined, memoryBytes: undefined };
  assert.deepEqual(system.stores["db"], {
    name: "db",
    provider: "postgres",
    version: "17",
    as: "postgres",
    gap: undefined,
    external: undefined,
    connections: 100,
    resources: unlimited,
    replicas: 0,
    synchronous: undefined,
    onDegrade: "block",
    failover: { afterMs: 30_000 },
    backup: undefined,
  });
  assert.equal(sources["stores.db.failover.afterMs"], "default");
  assert.equal(sources["stores.db.provider"], "declared");
});

test("every provider is read, and what follows from another field says so by its value", () => {
  const { stores } = understood(
    withStores({
      db: {
        provider: "postgres",
        replicas: 2,
        synchronous: "any 1",
        backup: { ...BACKUP, log: "5m", keep: { weekly: 8 } },
      },
      galera: { provider: "mariadb", mode: "galera", replicas: 2 },
      cache: { provider: "valkey", replicas: 2, role: "cache" },
      alone: { provider: "valkey" },
      queue: { provider: "nats", as: "rocketmq", gap: ["a delay"], servers: 3 },
    }),
  ).system;
  const db = stores["db"];
  assert.ok(db?.provider === "postgres");
  assert.deepEqual(db.synchronous, { method: "any", replicas: 1 });
  assert.deepEqual(db.backup, {
    fullEveryMs: 86_400_000,
    keep: { daily: 7, weekly: 8, monthly: 12 },
    to: "s3://backups/orders",
    verifyEveryMs: 604_800_000,
    log: { kind: "every", everyMs: 300_000 },
  });
  const { galera, cache, alone, queue } = stores;
  assert.ok(galera?.provider === "mariadb" && cache?.provider === "valkey");
  assert.ok(alone?.provider === "valkey" && queue?.provider === "nats");
  assert.equal(galera.failover.afterMs, 5_000);
  assert.deepEqual([cache.mode, cache.persistence], ["sentinel", "none"]);
  assert.deepEqual([alone.mode, alone.persistence], ["standalone", "log"]);
  assert.deepEqual([queue.as, queue.gap, queue.servers], ["rocketmq", ["a delay"], 3]);
});

test("a reference to a store is its address; to one of a service as before", () => {
  const env = { DB: { ref: "db" }, SELF: { ref: "api" }, BOTH: { text: [{ ref: "db" }, "/x"] } };
  const stores = { db: { provider: "postgres" } };
  const parsed = understood(withStores(stores, { services: { api: { run, env } } }));
  const store = { kind: "store", store: "db" };
  assert.deepEqual(parsed.system.services["api"]?.env, {
    DB: store,
    SELF: { kind: "url", service: "api" },
    BOTH: { kind: "parts", parts: [store, { kind: "text", text: "/x" }] },
  });
  const lines = explain(parsed).map(({ path, value }) => `${path} ${value}`);
  assert.ok(lines.includes("services.api.env.BOTH <address of db>/x"));
  assert.ok(lines.includes("stores.db.failover.afterMs 30s"), lines.join("\n"));
});

test("all faults of stores are found at once, each at its path", () => {
  const stores = {
    db: {
      provider: "postgres",
      synchronous: "any two",
      replica: 1,
      backup: { full: "1s", to: "s3://key:secret@host/x", log: "often" },
      failover: { after: "10s" },
    },
    sync: { provider: "postgres", replicas: 1, synchronous: "any 2" },
    sql: { provider: "mysql", mode: "galera" },
    alone: { provider: "valkey", mode: "standalone", replicas: 1 },
    galera: { provider: "mariadb", mode: "galera", replicas: 2, synchronous: "any 1" },
    plain: { provider: "nats", external: "nats://user:password@host" },
    none: {},
    number: { provider: "mariadb", version: 10.1 },
  };
  const services = { api: { run, pools: { bd: 10, db: 0 }, env: { DB: { ref: "bd" } } } };
  const found = faults(withStores(stores, { services }));
  assert.deepEqual(brief(found), [
    "bad-duration stores.db.backup.full",
    "bad-duration stores.db.failover.after",
    "bad-value services.api.pools.db",
    "bad-value stores.db.backup.log",
    "bad-value stores.db.backup.to",
    "bad-value stores.db.synchronous",
    "bad-value stores.number.version",
    "bad-value stores.plain.external",
    "contradiction stores.alone.mode",
    "contradiction stores.galera.synchronous",
    "contradiction stores.sync.synchronous",
    "missing-field stores.none.provider",
    "not-yet stores.sql.provider",
    "unknown-field stores.db.replica",
    "unknown-service services.api.env.DB.ref",
    "unknown-store services.api.pools.bd",
  ]);
  for (const written of ["password", "key:secret"]) {
    assert.ok(!JSON.stringify(found).includes(written), `${written} is repeated`);
  }
  const pool = found.find(({ rule }) => rule === "unknown-store");
  assert.match(pool?.message ?? "", /no store `bd`\. Did you mean `db`\?/);
  const mysql = found.find(({ rule }) => rule === "not-yet");
  assert.match(mysql?.fix ?? "", /as: "mysql"/);
});

test("an environment narrows a store, and adds or removes none", () => {
  const input = withStores(
    { db: { provider: "postgres", replicas: 2, backup: BACKUP } },
    {
      environments: {
        staging: { stores: { db: { replicas: 0, backup: { full: "7d" } } } },
        other: { stores: { db: { external: { secret: "DB" } } } },
      },
    },
  );
  const { system, sources } = understood(input, { ...NONE, environment: "staging" });
  const db = system.stores["db"];
  assert.ok(db?.provider === "postgres");
  assert.deepEqual([db.replicas, db.backup?.fullEveryMs], [0, 604_800_000]);
  assert.equal(sources["stores.db.replicas"], "environment");
  assert.equal(sources["stores.db.backup.to"], "declared");
  const other = understood(input, { ...NONE, environment: "other" });
  assert.equal(other.system.stores["db"]?.external, "DB");
  const grown = { environments: { p: { stores: { x: { provider: "nats" } } } } };
  assert.deepEqual(brief(faults(withStores({}, grown))), [
    "environment-changes-units environments.p.stores.x",
    "environment-required environments",
  ]);
});

test("resources, capacity and the newer objectives are read", () => {
  const { system } = understood({
    name: "shop",
    services: { api: { run, resources: { cpu: 0.5, memory: "512MiB" } } },
    capacity: { memory: "8GiB" },
    objectives: { connections: 500, recovery: { point: "0s", time: "1m" } },
  });
  assert.deepEqual(system.services["api"]?.resources, { cpu: 0.5, memoryBytes: 536_870_912 });
  assert.deepEqual(system.capacity, { cpu: undefined, memoryBytes: 8_589_934_592 });
  assert.deepEqual([system.objectives.connections, system.objectives.recoveryPointMs], [500, 0]);
});
