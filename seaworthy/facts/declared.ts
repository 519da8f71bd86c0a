import { joinPath } from "../system/path.ts";
import type { Edge, Parsed, Route } from "../system/system.ts";
import { jobFacts, serviceFacts, storeFacts } from "./declared-components.ts";
import { placesIn, type Places } from "./declared-places.ts";
import type { BodyLimit, Call, ConnectionLimit, Fact, HostName, Listener } from "./fact.ts";
import type { TimeLimit } from "./fact.ts";
import type { Location } from "./source.ts";

/** What a declaration says, in the words of the facts that files state. */
export interface DeclaredFacts {
  readonly all: readonly Fact[];
  /** The environment's name, or a word for the only one: what findings call the file. */
  readonly name: string;
  /** The declaration's path behind a fact's location: `services.api.env.NODE_OPTIONS`. */
  readonly pathOf: (location: Location) => string | undefined;
}

/**
 * Facts of a declaration; a fact says only what somebody wrote, and no default of the language. It
 * reads the canonical form, not the graph: what no platform can run yet can be checked already.
 */
export function declaredFacts(parsed: Parsed): DeclaredFacts {
  const { system } = parsed;
  const places = placesIn(parsed);
  const { services, jobs, stores, edge } = system;
  const all = [
    ...Object.values(services).flatMap((service) => serviceFacts(service, stores, places)),
    ...Object.values(jobs).flatMap((job) => jobFacts(job, stores, places)),
    ...Object.values(stores).flatMap((store) => storeFacts(store, places)),
    ...(edge === undefined ? [] : edgeFacts(edge, places)),
  ];
  // A limit does not say whose it is: of several stores' pools nobody could tell which is which.
  const isPlain = Object.keys(stores).length < 2;
  return {
    all: isPlain ? all : all.filter((fact) => !isOfStore(fact)),
    name: places.at("").file,
    pathOf: places.pathOf,
  };
}

function isOfStore(fact: Fact): boolean {
  return fact.kind === "connection-limit" && fact.hop !== "gateway";
}

function edgeFacts(edge: Edge, places: Places): readonly Fact[] {
  const { host, listen, limits, routes } = edge;
  const body = places.written(limits.bodyBytes, {
    path: "edge.limits.body",
    canonical: "edge.limits.bodyBytes",
  });
  const connections = places.written(limits.connections, {
    path: "edge.limits.connections",
    canonical: "edge.limits.connections",
  });
  return [
    ...(host === undefined ? [] : [hostName(host, edge, places)]),
    // Port 0 is a free one: nobody knows it before it runs.
    ...listen.flatMap((address, index) => {
      const at = places.written(address.port, writtenAt(joinPath("edge.listen", index)))?.at;
      return address.port === 0 || at === undefined ? [] : [listener(address, at)];
    }),
    ...routes.flatMap((route) => routeFacts(route, places)),
    ...(body === undefined ? [] : [bodyLimit(body.value, body.at)]),
    ...(connections === undefined ? [] : [connectionLimit(connections.value, connections.at)]),
  ];
}

function writtenAt(path: string): { readonly path: string; readonly canonical: string } {
  return { path, canonical: path };
}

function hostName(name: string, { routes, listen }: Edge, { at }: Places): HostName {
  const components = [...new Set(routes.map(({ to }) => to))];
  const ports = listen
    .filter(({ port }) => port !== 0)
    .map(({ port }) => ({ port, to: port }) as const);
  return {
    ...{ kind: "host-name", at: at("edge.host"), name, platform: "declared" },
    ...{ components, ports },
  };
}

function listener({ host, port }: Edge["listen"][number], at: Location): Listener {
  return { kind: "listener", at, by: "gateway", name: "edge", address: host, port, tls: false };
}

function routeFacts({ prefix, to, timeoutMs }: Route, places: Places): readonly Fact[] {
  const path = joinPath("edge.routes", prefix);
  const timeout = places.written(timeoutMs, {
    path: `${path}.timeout`,
    canonical: `${path}.timeoutMs`,
  });
  const call: Call = {
    ...{ kind: "call", at: places.at(path), via: "upstream", host: to, path: prefix },
    scope: "network",
  };
  const limits: readonly TimeLimit[] =
    timeout === undefined
      ? []
      : [{ kind: "time-limit", at: timeout.at, hop: "gateway", of: "read", ms: timeout.value }];
  return [call, ...limits];
}

function bodyLimit(bytes: number, at: Location): BodyLimit {
  return { kind: "body-limit", at, hop: "gateway", bytes };
}

function connectionLimit(connections: number, at: Location): ConnectionLimit {
  return { kind: "connection-limit", at, hop: "gateway", side: "server", connections };
}
