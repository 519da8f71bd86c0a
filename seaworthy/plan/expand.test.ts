import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { parse } from "../system/parse.ts";
import type { PlatformName } from "../system/system.ts";
import { expand } from "./expand.ts";
import { aService, graphOf } from "./world.fixture.ts";

const run = { build: "./m", command: ["node", "migrate.ts"] };

function refusals(declaration: object, platform?: PlatformName): readonly Finding[] {
  const parsed = parse({ name: "shop", ...declaration }, { environment: undefined, platform });
  assert.ok(parsed.ok);
  const graph = expand(parsed.value);
  return graph.ok ? [] : graph.error;
}

test("services, jobs and the edge become units with the services they need", () => {
  const graph = graphOf({
    services: {
      api: aService({ env: { A: { text: ["x", { ref: "db" }] }, B: { ref: "db" }, C: "c" } }),
      db: aService(),
    },
    jobs: { migrate: { run, env: { DB: { ref: "db" } } } },
    edge: { routes: { "/": "api" } },
  });
  assert.deepEqual(
    graph.units.map((unit) => [unit.kind, unit.name, unit.kind === "edge" ? [] : unit.needs]),
    [
      ["job", "migrate", ["db"]],
      ["service", "api", ["db"]],
      ["service", "db", []],
      ["edge", "edge", []],
    ],
  );
});

test("every service has an inner route, and calls on it are never repeated unless safe", () => {
  const graph = graphOf({ services: { api: aService(), db: aService() } });
  assert.deepEqual(
    graph.innerRoutes.map(({ service }) => service),
    ["api", "db"],
  );
  assert.deepEqual(graph.innerRoutes[0]?.route, {
    prefix: "/",
    to: "api",
    idempotent: false,
    timeoutMs: 30_000,
    tryTimeoutMs: 5_000,
    idleMs: 60_000,
    balance: "least-connections",
    hashBy: undefined,
  });
  assert.equal(graph.edge, undefined);
});

test("two units of one name are refused, the edge's name too", () => {
  const [clash, ...others] = refusals({ services: { api: aService() }, jobs: { api: { run } } });
  assert.deepEqual(others, []);
  assert.equal(clash?.rule, "name-clash");
  assert.deepEqual(
    clash.places.map(({ path }) => path),
    ["jobs.api", "services.api"],
  );
  const services = { edge: aService() };
  const [edge] = refusals({ services, edge: { routes: { "/": "edge" } } });
  assert.equal(edge?.rule, "name-clash");
  assert.deepEqual(refusals({ services }), []);
});

test("what a platform cannot do is refused with the way out", () => {
  const services = { api: { run: { image: "registry.example/api:1" } } };
  const [image] = refusals({ services });
  assert.deepEqual([image?.rule, image?.places[0]?.path], ["not-yet", "services.api.run.image"]);
  assert.match(image?.fix ?? "", /run: \{ build:/);
  for (const platform of ["docker", "kubernetes"] as const) {
    const [gap] = refusals({ services }, platform);
    assert.deepEqual([gap?.rule, gap?.places[0]?.path], ["not-yet", "on"]);
  }
});

test("the address of an external store is its secret, another one's is a unit's", () => {
  const stores = {
    db: { provider: "postgres", external: { secret: "DB_URL" } },
    cache: { provider: "valkey" },
  };
  const env = { DB: { text: [{ ref: "db" }, "?x"] }, CACHE: { ref: "cache" } };
  const graph = graphOf({ services: { api: aService({ env }) }, stores });
  const [api] = graph.units;
  assert.ok(api?.kind === "service");
  assert.deepEqual(api.env, {
    DB: {
      kind: "parts",
      parts: [
        { kind: "secret", secret: "DB_URL" },
        { kind: "text", text: "?x" },
      ],
    },
    CACHE: { kind: "url", service: "cache" },
  });
  assert.deepEqual(api.needs, []);
});

test("a store shares the room for names with services and jobs", () => {
  const stores = { api: { provider: "postgres" } };
  const [clash] = refusals({ services: { api: aService() }, stores });
  assert.equal(clash?.rule, "name-clash");
});
