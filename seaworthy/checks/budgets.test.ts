import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { aService, aSystem, checked } from "./example.fixture.ts";

function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ rule, severity, places }) => `${severity} ${rule} ${places[0]?.path}`);
}

test("connection-budget: an error when always, a warning when only a roll exceeds it", () => {
  const withPools = (pool: number, db: object = {}): readonly Finding[] =>
    checked(
      aSystem({
        services: { api: aService({ pools: { db: pool } }), web: aService({ pools: { db: 10 } }) },
        stores: { db: { provider: "postgres", replicas: 1, connections: 100, ...db } },
      }),
    );
  // 3 × 16 + 3 × 10 = 78, and 16 more while api rolls: 94 of 97.
  assert.deepEqual(withPools(16), []);
  assert.deepEqual(brief(withPools(17)), [
    "warning connection-budget-exceeded stores.db.connections",
  ]);
  assert.deepEqual(brief(withPools(23)), [
    "error connection-budget-exceeded stores.db.connections",
  ]);
  const external = { external: { secret: "DB_URL" }, connections: undefined };
  assert.deepEqual(withPools(500, external), []);
});

test("capacity: replicas of stores, the largest surge and the largest job count", () => {
  const GIB = { memory: "1GiB", cpu: 1 };
  const withCapacity = (capacity: object): readonly Finding[] =>
    checked(
      aSystem({
        services: { api: aService({ resources: GIB }) },
        jobs: {
          migrate: { run: { build: "./api", command: ["node", "m.ts"] }, resources: GIB },
        },
        stores: {
          db: { provider: "postgres", replicas: 1, resources: GIB },
          other: { provider: "nats", external: { secret: "N" }, resources: GIB },
        },
        capacity,
      }),
    );
  assert.deepEqual(withCapacity({ memory: "6GiB", cpu: 6 }), []);
  assert.deepEqual(brief(withCapacity({ memory: "5GiB" })), [
    "warning capacity-exceeded capacity.memory",
  ]);
  assert.deepEqual(brief(withCapacity({ memory: "4GiB", cpu: 4 })), [
    "error capacity-exceeded capacity.memory",
    "warning capacity-exceeded capacity.cpu",
  ]);
});

test("capacity: blue-green runs all of a service once more", () => {
  const GIB = { memory: "1GiB" };
  const rolledBy = (strategy: string, memory: string): readonly Finding[] =>
    checked(
      aSystem({
        services: { api: aService({ resources: GIB, rollout: { strategy, surge: 0 } }) },
        capacity: { memory },
      }),
    );
  const exceeded = ["warning capacity-exceeded capacity.memory"];
  assert.deepEqual(brief(rolledBy("blue-green", "6GiB")), []);
  assert.deepEqual(brief(rolledBy("blue-green", "5GiB")), exceeded);
  const surge = "warning surge-zero services.api.rollout.surge";
  assert.deepEqual(brief(rolledBy("canary", "4GiB")), [surge]);
});

test("memory-budget: Node in MiB, Java with its unit, wherever they are said", () => {
  const withHeap = (change: object): readonly Finding[] =>
    checked(aSystem({ services: { api: aService({ resources: { memory: "1GiB" }, ...change }) } }));
  const java = (flag: string): object => ({
    run: { build: "./api", command: ["java", flag, "-jar", "app.jar"] },
  });
  assert.deepEqual(withHeap(java("-Xmx768m")), []);
  assert.deepEqual(brief(withHeap(java("-Xmx900m"))), [
    "warning memory-budget-mismatch services.api.run.command",
  ]);
  assert.deepEqual(brief(withHeap(java("-Xmx1g"))), [
    "error memory-budget-mismatch services.api.run.command",
  ]);
  const env = { JAVA_OPTS: "-Xms256m -Xmx2G" };
  assert.deepEqual(brief(withHeap({ env })), [
    "error memory-budget-mismatch services.api.env.JAVA_OPTS",
  ]);
  assert.deepEqual(withHeap({ env: { NODE_OPTIONS: { secret: "OPTIONS" } } }), []);
});

test("missing-build: the folder first, then the file that an interpreter is given", () => {
  const withRun = (command: readonly string[], beside: readonly string[]): readonly string[] => {
    const services = { api: aService({ run: { build: "./api", command } }) };
    return checked(aSystem({ services }), new Set(beside)).map(({ message }) => message);
  };
  const node = ["node", "--enable-source-maps", "./main.ts", "other.ts"];
  assert.deepEqual(withRun(node, []), ["the folder ./api is not there"]);
  assert.deepEqual(withRun(node, ["./api"]), ["./main.ts is not in ./api"]);
  assert.deepEqual(withRun(node, ["./api", "./api/main.ts"]), []);
  assert.deepEqual(withRun(["./bin/serve"], ["./api"]), ["./bin/serve is not in ./api"]);
  for (const command of [
    ["serve", "main.ts"],
    ["python3", "-m", "http.server"],
    ["perl", "-e", "x.pl"],
    ["node", "/opt/main.js"],
    ["./node_modules/.bin/tsx", "main.ts"],
  ]) {
    assert.deepEqual(withRun(command, ["./api"]), [], command.join(" "));
  }
});

test("termination: a try that the route itself ends sooner is no longer work", () => {
  const route = { to: "api", timeout: "8s", tryTimeout: "8s" };
  const services = { api: aService({ drain: "5s" }) };
  const edge = { routes: { "/": route, "/short": { ...route, timeout: "5s", tryTimeout: "5s" } } };
  const load = { rate: "1/s", timeout: "20s", mix: [{ GET: "/" }] };
  assert.deepEqual(brief(checked(aSystem({ services, edge, load, objectives: {} }))), [
    "warning termination-shorter-than-work services.api.drain",
  ]);
});

test("client-gives-up: only on routes that the load uses", () => {
  const routes = { "/": "api", "/slow": { to: "api", timeout: "9s", tryTimeout: "9s" } };
  const withLoad = (path: string): readonly string[] =>
    brief(checked(aSystem({ edge: { routes }, load: { rate: "1/s", mix: [{ POST: path }] } })));
  assert.deepEqual(withLoad("/x"), []);
  assert.deepEqual(withLoad("/slow/x"), ["warning client-gives-up-first load.timeout"]);
});

test("store-gap: stated gaps are named one by one", () => {
  const stores = { queue: { provider: "nats", servers: 3, as: "rocketmq", gap: ["a", "b"] } };
  const findings = checked(aSystem({ stores }));
  assert.deepEqual(
    findings.map(({ message }) => /lacks: (\w)/.exec(message)?.[1]),
    ["a", "b"],
  );
});
