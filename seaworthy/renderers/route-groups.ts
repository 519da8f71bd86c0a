import type { ServiceUnit } from "../plan/graph.ts";
import type { RequestClass, Route } from "../system/system.ts";
import type { EdgeInstance, EdgeParts } from "./edge-parts.ts";

/**
 * Routes of one service that differ in nothing but their prefix: they share what serves them, so
 * that instances are asked for their health once, however many routes lead to them.
 */
export interface RouteGroup {
  /** `api`; `api.2` where another route of the same service declares something else. */
  readonly name: string;
  readonly service: ServiceUnit;
  /** Any of its routes: they declare the same. */
  readonly route: Route;
  /** Those that take new requests. */
  readonly instances: readonly EdgeInstance[];
}

/** What requests with an effect are counted as where the group's routes lead. */
export function effectiveClass({ route }: RouteGroup): RequestClass {
  return route.idempotent ? "idempotent" : "unsafe";
}

export interface GroupedRoutes {
  readonly groups: readonly RouteGroup[];
  /** Longest prefix first: the first that matches is the one that wins. */
  readonly prefixes: readonly { readonly prefix: string; readonly group: RouteGroup }[];
}

/** Routes to services that are gone have no group: they answer 404. */
export function groupRoutes({ edge, services, instances }: EdgeParts): GroupedRoutes {
  const groups = new Map<string, RouteGroup>();
  const prefixes: { readonly prefix: string; readonly group: RouteGroup }[] = [];
  for (const route of edge?.routes ?? []) {
    const service = services.find(({ name }) => name === route.to);
    if (service === undefined) continue;
    const { prefix, ...declared } = route;
    const key = JSON.stringify(declared);
    const alike = [...groups.values()].filter((one) => one.service === service).length;
    const group = groups.get(key) ?? {
      name: alike === 0 ? service.name : `${service.name}.${alike + 1}`,
      service,
      route,
      instances: instances.filter(({ unit, routed }) => routed && unit === service.name),
    };
    groups.set(key, group);
    prefixes.push({ prefix, group });
  }
  return {
    groups: [...groups.values()],
    prefixes: prefixes.toSorted((a, b) => b.prefix.length - a.prefix.length),
  };
}

/** `<unit>-<number>` → the number: never used again, so a name for ever. */
export function numberOf({ id }: Pick<EdgeInstance, "id">): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

/**
 * Weights as whole numbers, the greatest of a group being `most`. One that has a part of the
 * traffic never gets none by rounding.
 */
export function wholeWeight(
  instance: EdgeInstance,
  among: readonly EdgeInstance[],
  most: number,
): number {
  const greatest = Math.max(...among.map(({ weight }) => weight));
  if (instance.weight <= 0 || greatest <= 0) return 0;
  return Math.max(1, Math.round((instance.weight / greatest) * most));
}

/**
 * Tries that fit into the time of a whole request, of the three that the gateway makes: both other
 * providers count tries, and neither has one time-out over all of them.
 */
export function triesOf({ timeoutMs, tryTimeoutMs }: Route): number {
  return Math.max(1, Math.min(TRIES_MAX, Math.floor(timeoutMs / tryTimeoutMs)));
}

/** As the gateway's own (`gateway/retry.ts`). */
const TRIES_MAX = 3;
