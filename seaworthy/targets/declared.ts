import type { Graph, InnerRoute, JobUnit, ServiceUnit, Unit } from "../plan/graph.ts";
import type { Edge, HttpCheck } from "../system/system.ts";

/** Builders of declared things for tests: defaults for a small machine, overridden by field. */
export function aService(change: Partial<ServiceUnit> = {}): ServiceUnit {
  return {
    kind: "service",
    name: "api",
    run: { kind: "folder", build: "apps/api", command: ["node", "main.ts"] },
    env: {},
    needs: [],
    replicas: 1,
    port: 8080,
    files: {},
    volumes: {},
    health: aCheck({ path: "/health" }),
    ready: aCheck({ path: "/ready" }),
    drainMs: 2_000,
    stopMs: 2_000,
    bootMs: 20_000,
    probe: { method: "GET", path: "/" },
    rollout: {
      strategy: "rolling",
      canary: [],
      surge: 1,
      bakeMs: 1_000,
      bakeRequestsMin: 1,
      abort: { errorRatio: 0.01, p95Factor: 2 },
    },
    restart: { backoffFirstMs: 100, backoffMaxMs: 1_000 },
    ...change,
  };
}

export function aCheck(change: Partial<HttpCheck> = {}): HttpCheck {
  return { path: "/ready", everyMs: 200, timeoutMs: 2_000, rise: 1, fall: 3, ...change };
}

export function aJob(change: Partial<JobUnit> = {}): JobUnit {
  return {
    kind: "job",
    name: "migrate",
    run: { kind: "folder", build: "apps/api", command: ["node", "job.ts"] },
    env: {},
    needs: [],
    when: "before-rollout",
    schedule: undefined,
    idempotent: false,
    deadlineMs: 30_000,
    ...change,
  };
}

export function anEdge(change: Partial<Edge> = {}): Edge {
  return {
    provider: "gateway",
    host: undefined,
    tls: undefined,
    trustedProxies: [],
    listen: [{ host: "127.0.0.1", port: 0 }],
    routes: [
      {
        ...{ prefix: "/", to: "api", idempotent: false, balance: "round-robin", hashBy: undefined },
        ...{ timeoutMs: 10_000, tryTimeoutMs: 5_000, idleMs: 10_000 },
      },
    ],
    limits: {
      ...{ bodyBytes: 1_048_576, headerBytes: 16_384, connections: 1_000 },
      ...{ connectionsPerClient: undefined, rate: undefined },
    },
    timeouts: { connectMs: 500, headerMs: 5_000, bodyMs: 10_000, keepAliveMs: 10_000 },
    ...change,
  };
}

/** A system of these units; with a service `api` it has an edge. */
export function aGraph(units: readonly Unit[], change: Partial<Graph> = {}): Graph {
  const services = units.filter((unit) => unit.kind === "service").map(({ name }) => name);
  const edge = services.includes("api") ? anEdge() : undefined;
  const edgeUnit: readonly Unit[] = edge === undefined ? [] : [{ kind: "edge", name: "edge" }];
  return {
    system: "rehearsal",
    environment: undefined,
    platform: "local",
    declarationHash: "0".repeat(64),
    units: [...units, ...edgeUnit],
    edge,
    innerRoutes: services.map(innerRoute),
    ...change,
  };
}

function innerRoute(service: string): InnerRoute {
  return {
    service,
    route: {
      ...{
        prefix: "/",
        to: service,
        idempotent: false,
        balance: "least-connections",
        hashBy: undefined,
      },
      ...{ timeoutMs: 30_000, tryTimeoutMs: 5_000, idleMs: 60_000 },
    },
  };
}
