import { z } from "zod";
import type { EdgeUnit, Graph, InnerRoute, JobUnit, ServiceUnit, Unit } from "../../plan/graph.ts";
import type {
  Edge,
  EnvironmentValue,
  HashKey,
  HttpCheck,
  Route,
  Run,
} from "../../system/system.ts";

/** A value that is undefined is left out by JSON; reading gives it back as undefined. */
export function maybe<Output>(schema: z.ZodType<Output>) {
  return schema.optional().transform((value) => value);
}

const runSchema: z.ZodType<Run> = z.union([
  z.object({
    kind: z.literal("folder"),
    build: z.string(),
    command: z.tuple([z.string()], z.string()),
  }),
  z.object({ kind: z.literal("image"), image: z.string(), command: z.array(z.string()) }),
]);

const environmentValueSchema: z.ZodType<EnvironmentValue> = z.lazy(() =>
  z.union([
    z.object({ kind: z.literal("text"), text: z.string() }),
    z.object({ kind: z.literal("secret"), secret: z.string() }),
    z.object({ kind: z.literal("url"), service: z.string() }),
    z.object({ kind: z.literal("parts"), parts: z.array(environmentValueSchema) }),
  ]),
);

const checkSchema: z.ZodType<HttpCheck> = z.object({
  path: z.string(),
  everyMs: z.number(),
  timeoutMs: z.number(),
  rise: z.number(),
  fall: z.number(),
});

const texts = z.record(z.string(), z.string());
const base = {
  name: z.string(),
  run: runSchema,
  env: z.record(z.string(), environmentValueSchema),
  needs: z.array(z.string()),
};

export const serviceUnitSchema: z.ZodType<ServiceUnit> = z.object({
  ...base,
  kind: z.literal("service"),
  replicas: z.number(),
  port: z.number(),
  files: texts,
  volumes: texts,
  volumeSizes: z.record(z.string(), z.number()).exactOptional(),
  health: checkSchema,
  ready: checkSchema,
  drainMs: z.number(),
  stopMs: z.number(),
  bootMs: z.number(),
  probe: z.object({ method: z.enum(["GET", "HEAD"]), path: z.string() }),
  rollout: z.object({
    strategy: z.enum(["rolling", "blue-green", "canary"]),
    // A version that knew no canaries wrote none.
    canary: z.array(z.object({ share: z.number(), bakeMs: z.number() })).default([]),
    surge: z.number(),
    bakeMs: z.number(),
    bakeRequestsMin: z.number(),
    abort: z.object({ errorRatio: z.number(), p95Factor: z.number() }),
  }),
  restart: z.object({ backoffFirstMs: z.number(), backoffMaxMs: z.number() }),
  memoryBytes: z.number().exactOptional(),
});

const jobUnitSchema: z.ZodType<JobUnit> = z.object({
  ...base,
  kind: z.literal("job"),
  when: z.enum(["before-rollout", "schedule", "on-demand"]),
  schedule: maybe(z.string()),
  idempotent: z.boolean(),
  deadlineMs: z.number(),
});

const edgeUnitSchema: z.ZodType<EdgeUnit> = z.object({
  kind: z.literal("edge"),
  name: z.string(),
});

export const unitSchema: z.ZodType<Unit> = z.union([
  serviceUnitSchema,
  jobUnitSchema,
  edgeUnitSchema,
]);

const hashKeySchema: z.ZodType<HashKey> = z.discriminatedUnion("by", [
  z.object({ by: z.literal("client") }),
  z.object({ by: z.literal("path") }),
  z.object({ by: z.literal("header"), name: z.string() }),
  z.object({ by: z.literal("cookie"), name: z.string() }),
]);

const routeSchema: z.ZodType<Route> = z.object({
  prefix: z.string(),
  to: z.string(),
  idempotent: z.boolean(),
  timeoutMs: z.number(),
  tryTimeoutMs: z.number(),
  idleMs: z.number(),
  balance: z.enum(["round-robin", "least-connections", "consistent-hash"]),
  hashBy: maybe(hashKeySchema),
});

/** What an older version wrote has only the gateway, in the clear, with nobody in front. */
const edgeSchema: z.ZodType<Edge> = z.object({
  provider: z.enum(["gateway", "haproxy", "nginx"]).default("gateway"),
  host: maybe(z.string()),
  tls: maybe(z.object({ certificate: z.string(), key: z.string() })),
  trustedProxies: z.array(z.string()).default([]),
  listen: z.array(z.object({ host: z.string(), port: z.number() })),
  routes: z.array(routeSchema),
  limits: z.object({
    bodyBytes: z.number(),
    headerBytes: z.number(),
    connections: z.number(),
    connectionsPerClient: maybe(z.number()),
    rate: maybe(z.object({ requests: z.number(), perMs: z.number(), burst: z.number() })),
  }),
  timeouts: z.object({
    connectMs: z.number(),
    headerMs: z.number(),
    bodyMs: z.number(),
    keepAliveMs: z.number(),
  }),
});

const innerRouteSchema: z.ZodType<InnerRoute> = z.object({
  service: z.string(),
  route: routeSchema,
});

/** A graph as it travels to the supervisor and lies in its state. */
export const graphSchema: z.ZodType<Graph> = z.object({
  system: z.string(),
  environment: maybe(z.string()),
  platform: z.enum(["local", "docker", "kubernetes"]),
  declarationHash: z.string(),
  units: z.array(unitSchema),
  edge: maybe(edgeSchema),
  innerRoutes: z.array(innerRouteSchema),
});
