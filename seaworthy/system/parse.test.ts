import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aSystem, brief, faults, NONE, run, understood, withService } from "./parse.fixture.ts";
import { parse } from "./parse.ts";
import { PARSE_RULES } from "./why.ts";

test("every default is explicit, and says that it is one", () => {
  const { system, sources } = understood(aSystem());
  assert.deepEqual(system.services["api"], {
    name: "api",
    run: { kind: "folder", ...run },
    port: 8080,
    replicas: 1,
    health: { path: "/health", everyMs: 2_000, timeoutMs: 1_000, rise: 1, fall: 3 },
    ready: { path: "/ready", everyMs: 200, timeoutMs: 300, rise: 2, fall: 2 },
    drainMs: 10_000,
    stopMs: 15_000,
    bootMs: 60_000,
    env: {},
    files: {},
    volumes: {},
    probe: { method: "GET", path: "/ready" },
    rollout: {
      strategy: "rolling",
      canary: [],
      surge: 1,
      bakeMs: 30_000,
      bakeRequestsMin: 200,
      abort: { errorRatio: 0.01, p95Factor: 2 },
    },
    restart: { backoffFirstMs: 250, backoffMaxMs: 30_000 },
    drillsExcluded: {},
    resources: { cpu: undefined, memoryBytes: undefined },
    pools: {},
  });
  assert.equal(sources["services.api.drainMs"], "default");
  assert.equal(sources["name"], "declared");
  assert.deepEqual(system.secrets, { from: [{ kind: "env" }] });
  assert.equal(system.edge, undefined);
});

test("a request says what it cannot do without, and most say nothing", () => {
  const mix = [{ GET: "/a" }, { POST: "/b", needs: ["api"] }];
  const { load } = understood(aSystem({ load: { rate: "1/s", mix } })).system;
  assert.deepEqual(
    load?.mix.map((request) => request.needs),
    [undefined, ["api"]],
  );
  const unknown = [{ GET: "/a", needs: ["nobody"] }];
  assert.equal(faults(aSystem({ load: { rate: "1/s", mix: unknown } })).length, 1);
});

test("a volume is a name, or a name with the size of its own file system", () => {
  const volumesOf = (volumes: unknown) =>
    understood(withService({ volumes })).system.services["api"];
  const both = volumesOf({ "/a": "data", "/b": { name: "logs", size: "1GiB" } });
  assert.deepEqual(both?.volumes, { "/a": "data", "/b": "logs" });
  assert.deepEqual(both.volumeSizes, { logs: 1_073_741_824 });
  assert.deepEqual(volumesOf({ "/b": { name: "logs" } })?.volumes, { "/b": "logs" });
  const wrong = { "/a": { name: "d", size: "1MiB" }, "/b": { name: "e", sise: "1GiB" } };
  const twice = { "/a": { name: "d", size: "1GiB" }, "/b": { name: "d", size: "2GiB" } };
  assert.equal(faults(withService({ volumes: wrong })).length, 2);
  assert.match(JSON.stringify(faults(withService({ volumes: twice }))), /d has two sizes/);
});

test("an edge's defaults, and a try that never outlasts its request", () => {
  const edge = { routes: { "/": "api", "/x": { to: "api", timeout: "500ms" } } };
  const { system } = understood(aSystem({ edge }));
  assert.deepEqual(system.edge?.listen, [{ host: "127.0.0.1", port: 0 }]);
  assert.deepEqual(system.edge.limits, {
    bodyBytes: 1_048_576,
    headerBytes: 16_384,
    connections: 1_000,
    connectionsPerClient: undefined,
    rate: undefined,
  });
  const [slash, x] = system.edge.routes;
  const balance = { balance: "round-robin", hashBy: undefined };
  const common = { to: "api", idempotent: false, idleMs: 60_000, ...balance };
  assert.deepEqual(slash, { ...common, prefix: "/", timeoutMs: 10_000, tryTimeoutMs: 2_000 });
  assert.deepEqual(x, { ...common, prefix: "/x", timeoutMs: 500, tryTimeoutMs: 500 });
});

test("all faults are found at once, each at its path", () => {
  const bad = {
    name: "Shop!",
    services: {
      api: {
        run: { build: "/abs", command: "node x" },
        replica: 3,
        drain: "5 parsecs",
        env: { A: { ref: "apj" }, PORT: 1 },
      },
      web: {},
    },
    edge: { routes: { "/": "apii" }, tls: "acme", limits: { body: "1M" } },
    objectives: { errors: "200%" },
    load: { rate: "300", mix: [] },
    servces: {},
  };
  assert.deepEqual(brief(faults(bad)), [
    "bad-duration services.api.drain",
    "bad-name name",
    "bad-name services.api.env.PORT",
    "bad-percent objectives.errors",
    "bad-rate load.rate",
    "bad-size edge.limits.body",
    "bad-value load.mix",
    "bad-value services.api.run.build",
    "bad-value services.api.run.command",
    "missing-field services.web.run",
    "not-yet edge.tls",
    "unknown-field servces",
    "unknown-field services.api.replica",
    'unknown-service edge.routes["/"].to',
    "unknown-service services.api.env.A.ref",
  ]);
});

test("a wrong name is answered with the nearest right one", () => {
  const [field] = faults(withService({ replica: 3 }));
  assert.match(field?.message ?? "", /no field `replica` here\. Did you mean `replicas`\?/);
  const [swapped] = faults(withService({ erady: "/x" }));
  assert.match(swapped?.message ?? "", /Did you mean `ready`\?/);
  const [service] = faults(aSystem({ edge: { routes: { "/": "apii" } } }));
  assert.match(service?.message ?? "", /no service `apii`\. Did you mean `api`\?/);
  const [nothingNear] = faults(withService({ zzzzzzzz: 3 }));
  assert.match(nothingNear?.message ?? "", /Known here: .*replicas/);
  const [unit] = faults(withService({ rollout: { strategy: "roling" } }));
  assert.match(unit?.message ?? "", /Did you mean `rolling`\?/);
});

for (const wrong of [
  "500",
  "5 parsecs",
  "-1s",
  "1e99h",
  "",
  "s",
  "1 s",
  "4000d",
  500,
  null,
  [],
  true,
]) {
  test(`${JSON.stringify(wrong)} is no duration`, () => {
    const [fault, ...others] = faults(withService({ drain: wrong }));
    assert.deepEqual(others, []);
    assert.equal(fault?.rule, "bad-duration");
    assert.equal(fault.places[0]?.path, "services.api.drain");
  });
}

test("durations, sizes, rates and percentages are read, never clamped", () => {
  const { system } = understood(withService({ drain: "1.5s", boot: "2m", replicas: 100 }));
  assert.equal(system.services["api"]?.drainMs, 1_500);
  assert.deepEqual(brief(faults(withService({ replicas: 101 }))), [
    "bad-value services.api.replicas",
  ]);
  assert.deepEqual(brief(faults(withService({ replicas: 0 }))), [
    "bad-value services.api.replicas",
  ]);
  assert.deepEqual(brief(faults(withService({ replicas: 1.5 }))), [
    "bad-value services.api.replicas",
  ]);
  assert.deepEqual(brief(faults(withService({ boot: "1ms" }))), ["bad-duration services.api.boot"]);
});

test("what is planned is said to be planned, with the way out", () => {
  const planned = {
    watch: {},
    alerts: {},
    hosts: [],
    edge: { routes: { "/": "api" }, tls: "acme" },
    services: {
      api: {
        run,
        replicas: { min: 2, max: 4 },
        metrics: "/m",
      },
    },
  };
  const found = faults(aSystem(planned));
  assert.deepEqual(brief(found), [
    "not-yet alerts",
    "not-yet edge.tls",
    "not-yet hosts",
    "not-yet services.api.metrics",
    "not-yet services.api.replicas",
    "not-yet watch",
  ]);
  assert.ok(found.every(({ fix }) => fix.length > 10));
});

test("every rule that the language names can be broken", () => {
  const bad = {
    name: "Shop!",
    services: {
      api: {
        run: { build: "./api", image: "registry.example/api:1" },
        drain: 5,
        pools: { db: 1 },
        rollout: { abort: { errors: "1", p95: "2" } },
        env: { A: { ref: "apj" } },
        files: { "/large": "x".repeat(300_000) },
        replica: 3,
      },
      web: { run: { build: "./web", command: "node x" } },
      none: {},
    },
    edge: { routes: { "/": "api" }, limits: { body: "1M" } },
    load: { rate: "300", mix: [{ GET: "/" }] },
    watch: {},
  };
  const environments = { one: { name: "x" } };
  const broken = [
    ...faults({ ...bad, environments }),
    ...faults(aSystem(), { ...NONE, environment: "staging" }),
  ].map(({ rule }) => rule);
  assert.deepEqual([...new Set(broken)].toSorted(), PARSE_RULES.toSorted());
});

test("requests are classed by what may be repeated", () => {
  const mix = [
    { GET: "/x", weight: 8 },
    { POST: "/orders/1?a=b", body: "{}" },
    { POST: "/pay", body: { json: { a: 1 } }, headers: { "X-A": "b" } },
    { POST: "/chat", body: "{}", stream: true, headers: { Accept: "text/plain" } },
    { GET: "/events", stream: true },
  ];
  const routes = { "/": "api", "/orders": { to: "api", idempotent: true } };
  const { system } = understood(aSystem({ load: { rate: "60/min", mix }, edge: { routes } }));
  assert.equal(system.load?.ratePerSecond, 1);
  assert.equal(system.load.timeoutMs, 5_000);
  assert.deepEqual(
    system.load.mix.map((request) => request.class),
    ["safe", "idempotent", "unsafe", "stream", "stream"],
  );
  assert.deepEqual(system.load.mix[2]?.headers, {
    "x-a": "b",
    "content-type": "application/json",
  });
  assert.equal(system.load.mix[2].body, '{"a":1}');
  assert.deepEqual(system.load.mix[3]?.headers, { accept: "text/plain" });
  assert.deepEqual(system.load.mix[4]?.headers, { accept: "text/event-stream" });
});

test("an environment changes leaves, replaces lists, and says what it changed", () => {
  const base = aSystem({
    services: { api: { run, ready: "/up", env: { A: { ref: "api" }, B: "1" } } },
    edge: { listen: ["127.0.0.1:80"], routes: { "/": "api" } },
    environments: {
      small: {},
      large: {
        on: "docker",
        services: { api: { replicas: 9, ready: { every: "1s" }, env: { A: { secret: "A" } } } },
        edge: { listen: ["0.0.0.0:443"], routes: { "/": { timeout: "5s" } } },
      },
    },
  });
  const { system, sources } = understood(base, { ...NONE, environment: "large" });
  assert.equal(system.environment, "large");
  assert.equal(system.platform, "docker");
  const api = system.services["api"];
  assert.equal(api?.replicas, 9);
  assert.deepEqual([api.ready.path, api.ready.everyMs], ["/up", 1_000]);
  assert.deepEqual(api.env["A"], { kind: "secret", secret: "A" });
  assert.deepEqual(api.env["B"], { kind: "text", text: "1" });
  assert.deepEqual(system.edge?.listen, [{ host: "0.0.0.0", port: 443 }]);
  assert.deepEqual([system.edge.routes[0]?.to, system.edge.routes[0]?.timeoutMs], ["api", 5_000]);
  assert.equal(sources["services.api.ready.everyMs"], "environment");
  assert.equal(sources["services.api.ready.path"], "declared");
  assert.equal(sources["services.api.env.A"], "environment");
  assert.equal(sources['edge.routes["/"].timeoutMs'], "environment");
  const small = understood(base, { ...NONE, environment: "small" });
  assert.equal(small.system.services["api"]?.replicas, 1);
  assert.notEqual(small.hash, understood(base, { ...NONE, environment: "large" }).hash);
});

test("once environments exist, one must be named, and it must be one of them", () => {
  const input = aSystem({ environments: { staging: {}, production: {} } });
  const [required] = faults(input);
  assert.equal(required?.rule, "environment-required");
  assert.match(required.message, /staging, production/);
  const [unknown] = faults(input, { ...NONE, environment: "prodction" });
  assert.equal(unknown?.rule, "unknown-environment");
  assert.match(unknown.message, /Did you mean `production`\?/);
  const [none] = faults(aSystem(), { ...NONE, environment: "staging" });
  assert.equal(none?.rule, "unknown-environment");
});

test("faults of every environment are found, under its own name, and shared ones once", () => {
  const input = aSystem({
    objectives: { errors: "0.1" },
    environments: {
      one: { services: { api: { replicas: 0 }, web: { replicas: 2 } } },
      two: { services: { api: { drain: 5 } }, name: "x", jobs: { m: { run } } },
      later: { hosts: ["a"] },
    },
  });
  const expected = [
    "bad-duration environments.two.services.api.drain",
    "bad-percent objectives.errors",
    "bad-value environments.one.services.api.replicas",
    "environment-changes-units environments.one.services.web",
    "environment-changes-units environments.two.jobs.m",
    "environment-changes-units environments.two.name",
  ];
  assert.deepEqual(brief(faults(input, { ...NONE, environment: "one" })), expected);
  const later = brief(faults(input, { ...NONE, environment: "later" }));
  assert.deepEqual(later, [...expected, "not-yet environments.later.hosts"].toSorted());
});

test("--on wins over the declaration", () => {
  const { system } = understood(aSystem({ on: "docker" }), { ...NONE, platform: "local" });
  assert.equal(system.platform, "local");
});

test("the hash depends on what is meant, not on how it is written", () => {
  const one = understood({ name: "shop", services: { api: { run, drain: "10s" } } });
  const other = understood({ services: { api: { drain: "10000ms", run } }, name: "shop" });
  assert.equal(one.hash, other.hash);
  assert.match(one.hash, /^[0-9a-f]{64}$/);
  assert.notEqual(one.hash, understood(withService({ drain: "11s" })).hash);
});

test("any data gives an answer: understood or refused with a place, never a throw", () => {
  const name = fc.constantFrom(
    "api",
    "run",
    "build",
    "command",
    "replicas",
    "to",
    "provider",
    "synchronous",
    "backup",
    "log",
    "pools",
    "resources",
    "x",
    "__proto__",
  );
  const leaf = fc.oneof(
    fc.constantFrom("api", "/", "10s", "1%", "postgres", "valkey", "any 1", 3, null, true),
    fc.string(),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("tree")), fc.dictionary(name, tie("tree"))),
  }));
  const keys = [
    "services",
    "jobs",
    "edge",
    "objectives",
    "load",
    "drills",
    "secrets",
    "stores",
    "environments",
  ];
  const system = fc.dictionary(fc.constantFrom(...keys), tree, { maxKeys: 8 });
  fc.assert(
    fc.property(fc.oneof(tree, system), (input) => {
      const result = parse(input, NONE);
      if (result.ok) return;
      assert.ok(result.error.length > 0);
      for (const { message, fix, why } of result.error) assert.ok(message && fix && why);
    }),
    { numRuns: 200 },
  );
});
