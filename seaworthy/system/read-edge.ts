import { ok, refuse } from "@seaworthy/std/result";
import { choice, duration, flag, hostName, integer, serviceName, size } from "./kinds.ts";
import { formatListen, parseListen } from "./listen.ts";
import {
  notA,
  openFields,
  readEntries,
  readItems,
  readLeaf,
  type Fields,
  type Leaf,
  type Site,
  type Wrong,
} from "./reader.ts";
import type { Edge, ListenAddress, Route } from "./system.ts";

const LISTENERS_MAX = 20;
const ROUTES_MAX = 200;

/** Defaults of a route; an edge retries within `timeout`, each try within `tryTimeout`. */
const ROUTE = { timeoutMs: 10_000, tryTimeoutMs: 2_000, idleMs: 60_000 };

const ANY_PORT: ListenAddress = { host: "127.0.0.1", port: 0 };

const TLS_WAY = "Remove it; on local the edge speaks HTTP on loopback. TLS comes with docker.";

export function readEdge(input: unknown, site: Site): Edge | undefined {
  if (input === undefined && !site.log.describing) {
    site.log.source(site, "default");
    return undefined;
  }
  const fields = openFields(input, site, "an edge");
  const edge: Edge = {
    host: fields.maybe({
      name: "host",
      kind: hostName,
      means: "The host name users call; undefined: any.",
    }),
    listen: fields.part({
      name: "listen",
      means: 'Addresses it listens on, "host:port"; port 0 is a free one, chosen once and kept.',
      expected: 'a list of "host:port"; default ["127.0.0.1:0"]',
      read: readListen,
    }),
    routes: fields.part({
      name: "routes",
      means: "Path prefix → service; the longest prefix wins.",
      expected: '{ "/": "service" }',
      required: true,
      read: readRoutes,
    }),
    limits: readLimitsField(fields),
    timeouts: readTimeoutsField(fields),
  };
  fields.notYet({ tls: TLS_WAY, certificates: TLS_WAY });
  fields.end();
  return edge;
}

function readListen(input: unknown, site: Site): readonly ListenAddress[] {
  if (input === undefined) {
    site.log.source(site, "default");
    return [ANY_PORT];
  }
  site.log.source(site, "given");
  const given = typeof input === "string" ? [input] : input;
  const listen = readItems(given, site, {
    expected: 'a list of "host:port"',
    countMax: LISTENERS_MAX,
    read: (item, at) => readLeaf(item, at, listenAddress),
  });
  if (Array.isArray(given) && listen.length === 0) {
    site.log.fault(site, notA(given, 'at least one "host:port"'));
  }
  return listen;
}

const LISTEN = 'an address such as "127.0.0.1:8080"';

const listenAddress: Leaf<ListenAddress> = {
  expected: LISTEN,
  placeholder: ANY_PORT,
  show: (address) => JSON.stringify(formatListen(address)),
  parse: (input) => {
    const address = typeof input === "string" ? parseListen(input) : undefined;
    return address === undefined ? refuse(notA(input, LISTEN)) : ok(address);
  },
};

function readRoutes(input: unknown, site: Site): readonly Route[] {
  const expected = "services by path prefix";
  const routes = readEntries(input, site, {
    expected,
    countMax: ROUTES_MAX,
    key: badPrefix,
    read: readRoute,
  });
  return Object.values(routes);
}

function badPrefix(prefix: string): Wrong | undefined {
  return /^\/[^\s?#]*$/.test(prefix) ? undefined : notA(prefix, 'a prefix that starts with "/"');
}

function readRoute(input: unknown, site: Site, prefix: string): Route {
  const shaped = typeof input === "string" ? { to: input } : input;
  const fields = openFields(shaped, site, "a service's name, or { to, … }");
  site.log.source({ ...site, canonical: `${site.canonical}.prefix` }, "given");
  const timeoutMs = fields.leaf({
    name: "timeout",
    as: "timeoutMs",
    kind: duration({ min: 1 }),
    default: ROUTE.timeoutMs,
    means: "Whole request including retries, until the response's first byte.",
  });
  const route: Route = {
    prefix,
    to: fields.leaf({ name: "to", kind: serviceName, means: "The service that answers." }),
    idempotent: fields.leaf({
      name: "idempotent",
      kind: flag,
      default: false,
      means: "The service honours repeated requests of any method here; retries may follow.",
    }),
    timeoutMs,
    tryTimeoutMs: fields.leaf({
      name: "tryTimeout",
      as: "tryTimeoutMs",
      kind: duration({ min: 1 }),
      default: Math.min(ROUTE.tryTimeoutMs, timeoutMs),
      means: "One try, until the response's first byte; by default never longer than `timeout`.",
    }),
    idleMs: fields.leaf({
      name: "idle",
      as: "idleMs",
      kind: duration({ min: 1 }),
      default: ROUTE.idleMs,
      means: "Longest silence inside a response body.",
    }),
    balance: fields.leaf({
      name: "balance",
      kind: choice(["round-robin", "least-connections"]),
      default: "round-robin",
      means: "How an instance is chosen.",
    }),
  };
  fields.end();
  return route;
}

function readLimitsField(parent: Fields): Edge["limits"] {
  const expected = "{ body, headers, connections }";
  return parent.part({
    name: "limits",
    means: "What one client, or all together, may ask of the edge.",
    expected,
    read: (input, site) => {
      const fields = openFields(input, site, expected);
      const limits = {
        bodyBytes: fields.leaf({
          name: "body",
          as: "bodyBytes",
          kind: size(),
          default: 1_048_576,
          means: "Largest request body; more is answered 413.",
        }),
        headerBytes: fields.leaf({
          name: "headers",
          as: "headerBytes",
          kind: size({ min: 1_024, max: 1_048_576 }),
          default: 16_384,
          means: "Largest request head; more is answered 431.",
        }),
        connections: fields.leaf({
          name: "connections",
          kind: integer({ min: 1, max: 1_000_000 }),
          default: 1_000,
          means: "Client connections at a time.",
        }),
      };
      fields.notYet({ rate: "Remove it; rate limits come in a later version of the gateway." });
      fields.end();
      return limits;
    },
  });
}

function readTimeoutsField(parent: Fields): Edge["timeouts"] {
  const expected = "{ connect, header, body, keepAlive }";
  const time = duration({ min: 1 });
  return parent.part({
    name: "timeouts",
    means: "How long the edge waits.",
    expected,
    read: (input, site) => {
      const fields = openFields(input, site, expected);
      const timeouts = {
        connectMs: fields.leaf({
          name: "connect",
          as: "connectMs",
          kind: time,
          default: 500,
          means: "For a connection to an instance.",
        }),
        headerMs: fields.leaf({
          name: "header",
          as: "headerMs",
          kind: time,
          default: 10_000,
          means: "From a request's first byte to its last header.",
        }),
        bodyMs: fields.leaf({
          name: "body",
          as: "bodyMs",
          kind: time,
          default: 30_000,
          means: "Longest silence inside a request body.",
        }),
        keepAliveMs: fields.leaf({
          name: "keepAlive",
          as: "keepAliveMs",
          kind: time,
          default: 60_000,
          means: "How long an idle client connection stays open.",
        }),
      };
      fields.end();
      return timeouts;
    },
  });
}
