import type {
  EndpointConfig,
  GatewayConfig,
  GatewayLimits,
  GatewayTimeouts,
  ListenerConfig,
  PoolConfig,
  RouteConfig,
} from "@seaworthy/gateway/config";
import { present } from "@seaworthy/std/assert";
import type { Graph, InnerRoute, ServiceUnit } from "../../plan/graph.ts";
import { type EdgeInstance, type EdgeParts, LOOPBACK } from "../../renderers/edge-parts.ts";
import type { Route } from "../../system/system.ts";

/** Whole and pure: the same parts give the same configuration, and nothing is merged. */
export function edgeConfig(parts: EdgeParts): GatewayConfig {
  return {
    generation: parts.generation,
    listeners: [...publicListeners(parts), ...innerListeners(parts)],
    pools: parts.services.map((service) => pool(service, parts.instances)),
    limits: parts.edge?.limits ?? INNER_LIMITS,
    timeouts: parts.edge?.timeouts ?? INNER_TIMEOUTS,
    trustedProxies: parts.edge?.trustedProxies ?? [],
    accessLog: parts.accessLog,
  };
}

/**
 * One inner address for each service: the declared ones, and one for every service that nobody
 * refers to, because a roll's probe and `await-ready` ask each instance through it.
 */
export function innerRoutesOf(graph: Graph): readonly InnerRoute[] {
  const declared = new Set(graph.innerRoutes.map((inner) => inner.service));
  const added = graph.units
    .filter((unit) => unit.kind === "service" && !declared.has(unit.name))
    .map((unit) => ({ service: unit.name, route: { ...ADDED_ROUTE, to: unit.name } }));
  return [...graph.innerRoutes, ...added];
}

/** A system without an edge still has inner routes; these are the declaration's own defaults. */
const INNER_LIMITS: GatewayLimits = {
  headerBytes: 16_384,
  bodyBytes: 10 * 1_048_576,
  connections: 10_000,
  connectionsPerClient: undefined,
  rate: undefined,
};
const INNER_TIMEOUTS: GatewayTimeouts = {
  connectMs: 500,
  headerMs: 10_000,
  bodyMs: 30_000,
  keepAliveMs: 60_000,
};
const ADDED_ROUTE = {
  prefix: "/",
  idempotent: false,
  timeoutMs: 30_000,
  tryTimeoutMs: 10_000,
  idleMs: 60_000,
  balance: "round-robin",
  hashBy: undefined,
} as const satisfies Omit<Route, "to">;

function publicListeners(parts: EdgeParts): readonly ListenerConfig[] {
  const { edge, ports } = parts;
  // Another provider's listeners are its own; the gateway then has the inner routes alone.
  if (edge === undefined || edge.provider !== "gateway") return [];
  // A service that was removed before the edge: its routes answer 404, the others go on.
  const known = new Set(parts.services.map(({ name }) => name));
  return edge.listen.map((listen, index) => ({
    name: `public:${index}`,
    host: listen.host,
    port: present(ports.public[index], `the port of public listener ${index}`),
    kind: "public",
    tls: parts.tls && { certificateFile: parts.tls.certificate, keyFile: parts.tls.key },
    routes: edge.routes.filter(({ to }) => known.has(to)).map(routeConfig),
  }));
}

function innerListeners(parts: EdgeParts): readonly ListenerConfig[] {
  return parts.innerRoutes.map(({ service, route }) => ({
    name: `inner:${service}`,
    host: LOOPBACK,
    port: present(parts.ports.inner[service], `the inner port of ${service}`),
    kind: "inner",
    tls: undefined,
    routes: [routeConfig(route)],
  }));
}

function routeConfig(route: Route): RouteConfig {
  const { to, ...rest } = route;
  return { ...rest, pool: to };
}

function pool(service: ServiceUnit, instances: readonly EdgeInstance[]): PoolConfig {
  return {
    name: service.name,
    endpoints: instances.filter(({ unit }) => unit === service.name).map(endpoint),
    check: service.ready,
  };
}

function endpoint(instance: EdgeInstance): EndpointConfig {
  return {
    id: instance.id,
    release: instance.release,
    host: LOOPBACK,
    port: instance.port,
    routed: instance.routed,
    weight: instance.weight,
    ...(instance.check === undefined ? {} : { check: instance.check }),
  };
}
