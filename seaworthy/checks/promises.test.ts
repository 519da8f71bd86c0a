import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { aService, aSystem, checked } from "./example.fixture.ts";

const BACKUP = { full: "24h", log: "continuous", to: "s3://backups/orders" };
const DB = { provider: "postgres", replicas: 2, synchronous: "any 1", backup: BACKUP };

interface Promised {
  readonly stores: Readonly<Record<string, object>>;
  readonly objectives?: object;
}

/** What the rules say of stores against promises, without the rest of a system. */
function found({ stores, objectives = {} }: Promised): readonly Finding[] {
  return checked(aSystem({ objectives, stores }));
}

function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ rule, severity, places }) => `${severity} ${rule} ${places[0]?.path}`);
}

test("a whole system whose mechanisms keep its promises has no finding", () => {
  const api = aService({
    env: { DATABASE_URL: { ref: "db" } },
    drain: "10s",
    stop: "30s",
    resources: { cpu: 0.5, memory: "512MiB" },
    pools: { db: 10 },
  });
  const system = aSystem({
    services: { api },
    stores: { db: DB, cache: { provider: "valkey", replicas: 2, role: "cache" } },
    edge: {
      routes: { "/": "api", "/orders": { to: "api", idempotent: true, timeout: "5s" } },
      limits: { connections: 10_000 },
    },
    objectives: {
      availability: "99.9%",
      errors: "0.1%",
      latency: { p95: "500ms" },
      connections: 10_000,
      recovery: { time: "60s", point: "0s" },
    },
    capacity: { cpu: 4, memory: "8GiB" },
  });
  assert.deepEqual(checked(system), []);
});

test("recovery-point: each way to lose writes is one finding, at the field that decides", () => {
  const none = { recovery: { point: "0s" } };
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{}, []],
    [{ synchronous: undefined }, ["replicas"]],
    [{ onDegrade: "accept" }, ["onDegrade"]],
    [{ backup: undefined }, ["backup"]],
    [{ backup: { ...BACKUP, log: "5m" } }, ["backup.log"]],
    [{ backup: { ...BACKUP, log: "none" } }, ["backup.full"]],
    [{ replicas: 0, synchronous: undefined }, ["replicas"]],
    [{ onDegrade: "accept", backup: undefined }, ["onDegrade", "backup"]],
  ];
  for (const [change, fields] of cases) {
    const findings = found({ stores: { db: { ...DB, ...change } }, objectives: none });
    assert.deepEqual(
      brief(findings),
      fields.map((field) => `error recovery-point-not-met stores.db.${field}`),
      JSON.stringify(change),
    );
  }
});

test("recovery-point: a promise that leaves room is kept by less", () => {
  const stores = { db: { ...DB, synchronous: undefined, backup: { ...BACKUP, log: "30s" } } };
  assert.deepEqual(found({ stores, objectives: { recovery: { point: "30s" } } }), []);
  const [lost] = found({ stores, objectives: { recovery: { point: "29s" } } });
  assert.match(lost?.message ?? "", /loses up to 30s of writes: .*asynchronous.* at most 29s/);
});

test("recovery-point: Valkey, Galera and NATS by their own mechanisms", () => {
  const objectives = { recovery: { point: "5s" } };
  const backup = { full: "1m", to: "s3://b/x" };
  const daily = { full: "24h", log: "continuous", to: "s3://b/x" };
  const galera = { provider: "mariadb", mode: "galera", replicas: 2, backup: daily };
  assert.deepEqual(found({ stores: { galera }, objectives }), []);
  const state = { provider: "valkey", replicas: 2, persistence: "none", backup };
  assert.deepEqual(brief(found({ stores: { state }, objectives })), [
    "error recovery-point-not-met stores.state.replicas",
    "error recovery-point-not-met stores.state.persistence",
    "error recovery-point-not-met stores.state.backup.full",
  ]);
  const cache = { ...state, role: "cache" };
  const queue = { provider: "nats", servers: 3 };
  assert.deepEqual(found({ stores: { cache, queue }, objectives }), []);
  const alone = { provider: "nats" };
  const [synced] = brief(found({ stores: { alone }, objectives }));
  assert.equal(synced, "error recovery-point-not-met stores.alone.servers");
});

test("recovery-time: the worst case, and whether any setting reaches the promise", () => {
  const within = (time: string, store: object): readonly Finding[] =>
    found({ stores: { db: store }, objectives: { recovery: { time } } }).filter(
      ({ places }) => places[0]?.path?.startsWith("stores.") === true,
    );
  assert.deepEqual(within("32s", DB), []);
  const [late] = within("31s", DB);
  assert.match(late?.fix ?? "", /Shorten failover\.after: at best it takes 22s/);
  const [never] = within("10s", { ...DB, failover: { after: "20s" } });
  assert.match(never?.fix ?? "", /Promise 22s or more: its floor is above/);
  const valkey = { provider: "valkey", replicas: 2 };
  assert.deepEqual(within("6500ms", valkey), []);
  assert.equal(within("6s", valkey).length, 1);
  assert.equal(within("8s", { provider: "nats", servers: 3 }).length, 1);
  assert.deepEqual(within("9s", { provider: "nats", servers: 3 }), []);
});

test("recovery-time: where nothing takes over, a restore is a warning, and none an error", () => {
  const objectives = { recovery: { time: "60s" } };
  const stores = { kept: { provider: "postgres", backup: BACKUP }, lost: { provider: "postgres" } };
  assert.deepEqual(brief(found({ stores, objectives })), [
    "warning recovery-time-not-met stores.kept.replicas",
    "error recovery-time-not-met stores.lost.replicas",
  ]);
});

test("recovery-time: a frozen instance is found, killed and started again", () => {
  const services = { api: aService({ stop: "5s", health: { every: "1s" } }) };
  const within = (time: string): readonly Finding[] =>
    checked(aSystem({ services, objectives: { recovery: { time } }, load: undefined })).filter(
      ({ rule }) => rule === "recovery-time-not-met",
    );
  // 3 × 1 s + 1 s until it is found, 5 s to stop it, 250 ms pause, 2 × 200 ms until ready.
  assert.deepEqual(within("9650ms"), []);
  assert.deepEqual(brief(within("9600ms")), ["warning recovery-time-not-met services.api.health"]);
});

test("store-not-redundant: two of a majority, and commits that wait for every replica", () => {
  const objectives = { availability: "99.9%" };
  const bad = {
    two: { provider: "nats", servers: 2 },
    galera: { provider: "mariadb", mode: "galera", replicas: 1 },
    all: { provider: "postgres", replicas: 2, synchronous: "any 2" },
    one: { provider: "valkey" },
  };
  const findings = found({ stores: bad, objectives });
  assert.deepEqual(
    findings.map(({ rule, fix }) => `${rule} ${fix.split(",")[0]}`),
    [
      "store-not-redundant Write servers: 3.",
      "store-not-redundant Write replicas: 2.",
      "store-not-redundant Write replicas: 3 or more",
      "store-not-redundant Write replicas: 1 or more",
    ],
  );
  const accepting = { ...bad.all, onDegrade: "accept" };
  assert.deepEqual(found({ stores: { accepting }, objectives }), []);
});

test("of an external store only what is declared is judged", () => {
  const external = { secret: "DB_URL" };
  const objectives = { availability: "99.9%", recovery: { time: "60s", point: "0s" } };
  const unknown = { provider: "postgres", external };
  assert.deepEqual(found({ stores: { unknown }, objectives }), []);
  const single = { provider: "postgres", external, replicas: 0 };
  assert.deepEqual(brief(found({ stores: { single }, objectives })), [
    "error store-not-redundant stores.single.replicas",
  ]);
  const daily = { provider: "postgres", external, backup: { full: "24h", to: "s3://b/x" } };
  assert.deepEqual(brief(found({ stores: { daily }, objectives })), [
    "error recovery-point-not-met stores.daily.backup.full",
  ]);
});
