import { ok, refuse } from "@seaworthy/std/result";
import { choice, duration, flag, hostName, integer, serviceName, size } from "./kinds.ts";
import { formatListen, parseListen } from "./listen.ts";
import {
  notA,
  readEntries,
  readLeaf,
  readObject,
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

export function readEdgeField(parent: Fields): Edge | undefined {
  return parent.maybeGroup({
    name: "edge",
    means: "Where users' requests come in; undefined: nothing is public.",
    expected: '{ routes: { "/": "service" } }',
    read: (fields) => {
      fields.notYet({ tls: TLS_WAY, certificates: TLS_WAY });
      return {
        host: fields.maybe({
          name: "host",
          kind: hostName,
          means: "The host name users call; undefined: any.",
        }),
        listen: fields.list({
          name: "listen",
          means:
            'Addresses it listens on, "host:port"; port 0 is a free one, chosen once and kept.',
          expected: 'a list of "host:port"',
          countMax: LISTENERS_MAX,
          notEmpty: 'at least one "host:port"',
          default: { items: [ANY_PORT], shown: JSON.stringify([formatListen(ANY_PORT)]) },
          read: (item, at) => (at.log.describing ? ANY_PORT : readLeaf(item, at, listenAddress)),
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
    },
  });
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
  site.log.source({ ...site, canonical: `${site.canonical}.prefix` }, "given");
  return readObject(shaped, site, {
    expected: "a service's name, or { to, … }",
    read: (fields) => {
      const timeoutMs = fields.leaf({
        name: "timeout",
        as: "timeoutMs",
        kind: duration({ min: 1 }),
        default: ROUTE.timeoutMs,
        means: "Whole request including retries, until the response's first byte.",
      });
      return {
        prefix,
        to: fields.leaf({ name: "to", kind: serviceName, means: "The service that answers." }),
        idempotent: fields.leaf({
          name: "idempotent",
          kind: flag,
          default: false,
          means: "The service honours repeated requests of any method here; retries may follow.",
        }),
        timeoutMs,
        ...readTries(fields, timeoutMs),
        balance: fields.leaf({
          name: "balance",
          kind: choice(["round-robin", "least-connections"]),
          default: "round-robin",
          means: "How an instance is chosen.",
        }),
      };
    },
  });
}

function readTries(fields: Fields, timeoutMs: number): Pick<Route, "tryTimeoutMs" | "idleMs"> {
  return {
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
  };
}

function readLimitsField(parent: Fields): Edge["limits"] {
  return parent.group({
    name: "limits",
    means: "What one client, or all together, may ask of the edge.",
    expected: "{ body, headers, connections }",
    read: (fields) => {
      fields.notYet({ rate: "Remove it; rate limits come in a later version of the gateway." });
      return {
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
    },
  });
}

function readTimeoutsField(parent: Fields): Edge["timeouts"] {
  return parent.group({
    name: "timeouts",
    means: "How long the edge waits.",
    expected: "{ connect, header, body, keepAlive }",
    read: (fields) => {
      const time = (name: string, fallback: number, means: string): number =>
        fields.leaf({
          name,
          as: `${name}Ms`,
          kind: duration({ min: 1 }),
          default: fallback,
          means,
        });
      return {
        connectMs: time("connect", 500, "For a connection to an instance."),
        headerMs: time("header", 10_000, "From a request's first byte to its last header."),
        bodyMs: time("body", 30_000, "Longest silence inside a request body."),
        keepAliveMs: time("keepAlive", 60_000, "How long an idle client connection stays open."),
      };
    },
  });
}
