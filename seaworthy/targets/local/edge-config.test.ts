import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aGraph, aService, anEdge } from "../declared.ts";
import type { EdgeParts } from "../../renderers/edge-parts.ts";
import { edgeConfig, innerRoutesOf } from "./edge-config.ts";

function parts(change: Partial<EdgeParts> = {}): EdgeParts {
  const services = [aService(), aService({ name: "models" })];
  return {
    edge: anEdge(),
    tls: undefined,
    innerRoutes: innerRoutesOf(aGraph(services)),
    services,
    instances: [
      { id: "api-1", unit: "api", release: "r1", port: 20_001, routed: true, weight: 1 },
      { id: "api-2", unit: "api", release: "r2", port: 20_002, routed: false, weight: 1 },
      { id: "models-1", unit: "models", release: "r3", port: 20_003, routed: true, weight: 1 },
    ],
    ports: { public: [20_010], inner: { api: 20_011, models: 20_012 } },
    generation: 7,
    accessLog: "/logs/edge.stdout.log",
    ...change,
  };
}

describe("the edge's configuration", () => {
  it("has a public listener, an inner one for each service, and a pool for each", () => {
    const config = edgeConfig(parts());
    assert.equal(config.generation, 7);
    assert.deepEqual(
      config.listeners.map(({ name, host, port, kind }) => [name, host, port, kind]),
      [
        ["public:0", "127.0.0.1", 20_010, "public"],
        ["inner:api", "127.0.0.1", 20_011, "inner"],
        ["inner:models", "127.0.0.1", 20_012, "inner"],
      ],
    );
    assert.deepEqual(
      config.pools.map(({ name, endpoints }) => [name, endpoints.map(({ id }) => id)]),
      [
        ["api", ["api-1", "api-2"]],
        ["models", ["models-1"]],
      ],
    );
  });

  it("knows what is not routed, so that it is checked and can be asked by name", () => {
    const [api] = edgeConfig(parts()).pools;
    assert.deepEqual(
      api?.endpoints.map(({ routed, port }) => [routed, port]),
      [
        [true, 20_001],
        [false, 20_002],
      ],
    );
    assert.equal(api?.check.path, "/ready");
  });

  it("gives its certificate to public listeners alone: the inside stays in the clear", () => {
    const tls = { certificate: "/system/edge.pem", key: "/system/edge.key" };
    assert.deepEqual(
      edgeConfig(parts({ tls })).listeners.map(({ kind, tls: served }) => [kind, served]),
      [
        ["public", { certificateFile: tls.certificate, keyFile: tls.key }],
        ["inner", undefined],
        ["inner", undefined],
      ],
    );
  });

  it("has no route to a service that was removed", () => {
    const [listener] = edgeConfig(parts({ services: [aService({ name: "models" })] })).listeners;
    assert.deepEqual(listener?.routes, []);
  });

  it("has inner listeners where nothing is public", () => {
    const { listeners, limits } = edgeConfig(parts({ edge: undefined }));
    assert.deepEqual(
      listeners.map(({ kind }) => kind),
      ["inner", "inner"],
    );
    assert.ok(limits.connections > 0);
  });

  it("gives an inner route also to a service that nobody refers to", () => {
    const routes = innerRoutesOf(aGraph([aService()], { innerRoutes: [] }));
    assert.deepEqual(
      routes.map(({ service, route }) => [service, route.to, route.idempotent]),
      [["api", "api", false]],
    );
  });
});

it("lets a release that was started under another check be judged by that one", () => {
  const check = { path: "/old", everyMs: 100, timeoutMs: 50, rise: 1, fall: 2 };
  const [first, ...others] = parts().instances;
  assert.ok(first);
  const { pools } = edgeConfig(parts({ instances: [{ ...first, check }, ...others] }));
  const checks = pools[0]?.endpoints.map((endpoint) => [endpoint.id, endpoint.check]);
  assert.deepEqual(checks, [
    ["api-1", check],
    ["api-2", undefined],
  ]);
});
