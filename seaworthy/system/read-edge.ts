import { ok, refuse } from "@seaworthy/std/result";
import { isAddressRange } from "./address-range.ts";
import { choice, duration, flag, hostName, integer, serviceName, size, text } from "./kinds.ts";
import { formatListen, parseListen } from "./listen.ts";
import {
  child,
  notA,
  readEntries,
  readLeaf,
  readObject,
  type Fields,
  type Leaf,
  type Site,
  type Wrong,
} from "./reader.ts";
import type { Edge, HashKey, ListenAddress, Route } from "./system.ts";

const LISTENERS_MAX = 20;
const ROUTES_MAX = 200;

/** Defaults of a route; an edge retries within `timeout`, each try within `tryTimeout`. */
const ROUTE = { timeoutMs: 10_000, tryTimeoutMs: 2_000, idleMs: 60_000 };

const ANY_PORT: ListenAddress = { host: "127.0.0.1", port: 0 };

const ACME_WAY = 'Give files: tls: { certificate, key }. "acme" comes with docker.';
const PROXIES_MAX = 100;

export function readEdgeField(parent: Fields): Edge | undefined {
  return parent.maybeGroup({
    name: "edge",
    means: "Where users' requests come in; undefined: nothing is public.",
    expected: '{ routes: { "/": "service" } }',
    read: (fields) => {
      return {
        provider: fields.leaf({
          name: "provider",
          kind: choice(["gateway", "haproxy", "nginx"]),
          default: "gateway",
          means: "What runs as the edge; haproxy and nginx must be installed.",
        }),
        tls: readTlsField(fields),
        trustedProxies: fields.list({
          name: "trustedProxies",
          means: "Address ranges of proxies in front, whose x-forwarded-for is believed.",
          expected: 'a list of ranges such as "10.0.0.0/8"',
          countMax: PROXIES_MAX,
          default: { items: [], shown: "[]" },
          read: (item, at) => (at.log.describing ? "" : readLeaf(item, at, addressRange)),
        }),
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

function readTlsField(parent: Fields): Edge["tls"] {
  return parent.part({
    name: "tls",
    means: "Certificate and key, as PEM files; undefined: HTTP in the clear.",
    expected: '{ certificate: "edge.pem", key: "edge.key" }',
    read: (input, site) => {
      if (input === undefined && !site.log.describing) {
        site.log.source(site, "default");
        return undefined;
      }
      if (input === "acme") {
        site.log.fault(site, {
          rule: "not-yet",
          message: '"acme" is not there yet',
          fix: ACME_WAY,
        });
        return undefined;
      }
      const file = text("a path");
      return readObject(input, site, {
        expected: '{ certificate: "edge.pem", key: "edge.key" }',
        read: (fields) => ({
          certificate: fields.leaf({
            name: "certificate",
            kind: file,
            means: "PEM file, relative to the declaration: the certificate, then its chain.",
          }),
          key: fields.leaf({ name: "key", kind: file, means: "PEM file of its private key." }),
        }),
      });
    },
  });
}

const addressRange = text('an address range such as "10.0.0.0/8"', isAddressRange);

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
        ...readBalance(fields, site),
      };
    },
  });
}

function readBalance(fields: Fields, site: Site): Pick<Route, "balance" | "hashBy"> {
  const balance: Route["balance"] = fields.leaf({
    name: "balance",
    kind: choice(["round-robin", "least-connections", "consistent-hash"]),
    default: "round-robin",
    means: "How an instance is chosen.",
  });
  const declared = fields.maybe({
    name: "hashBy",
    kind: hashKey,
    means: "What a consistent hash goes by: client, path, header:NAME or cookie:NAME.",
  });
  if (balance === "consistent-hash") return { balance, hashBy: declared ?? { by: "client" } };
  if (declared !== undefined) {
    const message = "`hashBy` belongs to a consistent hash";
    const fix = 'Write balance: "consistent-hash", or remove hashBy.';
    site.log.fault(child(site, "hashBy"), { rule: "bad-value", message, fix });
  }
  return { balance, hashBy: undefined };
}

const HASH_KEY = '"client", "path", "header:NAME" or "cookie:NAME"';

const hashKey: Leaf<HashKey> = {
  expected: HASH_KEY,
  placeholder: { by: "client" },
  show: (key) => JSON.stringify("name" in key ? `${key.by}:${key.name}` : key.by),
  parse: (input) => {
    if (input === "client" || input === "path") return ok({ by: input });
    const named = /^(header|cookie):([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128})$/.exec(String(input));
    const [, by, name = ""] = named ?? [];
    if (by === "header") return ok({ by, name: name.toLowerCase() });
    return by === "cookie" ? ok({ by, name }) : refuse(notA(input, HASH_KEY));
  },
};

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
    expected: "{ body, headers, connections, connectionsPerClient, rate, burst }",
    read: (fields, site) => {
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
        connectionsPerClient: fields.maybe({
          name: "connectionsPerClient",
          kind: integer({ min: 1, max: 1_000_000 }),
          means: "Connections of one client address at a time; undefined: no limit of its own.",
        }),
        rate: readRateField(fields, site),
      };
    },
  });
}

function readRateField(fields: Fields, site: Site): Edge["limits"]["rate"] {
  const limit = fields.maybe({
    name: "rate",
    kind: rateLimit,
    means: 'Requests of one client address, "100/min"; more is answered 429.',
  });
  const burst = fields.maybe({
    name: "burst",
    as: "rate.burst",
    kind: integer({ min: 1, max: 1_000_000 }),
    means: "Requests that may come at once; by default as many as the rate names.",
  });
  if (limit !== undefined) return { ...limit, burst: burst ?? limit.requests };
  if (burst !== undefined) {
    const message = "a burst without a rate limits nothing";
    const fix = 'Write the rate too: { rate: "100/min", burst: 20 }.';
    site.log.fault(child(site, "burst"), { rule: "bad-value", message, fix });
  }
  return undefined;
}

const RATE = 'a rate such as "100/min"';
const PER_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

/** Kept as written: 100 a minute is another bucket than 1.67 a second. */
const rateLimit: Leaf<{ readonly requests: number; readonly perMs: number }> = {
  expected: RATE,
  placeholder: { requests: 1, perMs: 1_000 },
  show: ({ requests, perMs }) => JSON.stringify(`${requests}/${PER_NAME.get(perMs) ?? "s"}`),
  parse: (input) => {
    const [, count, unit = ""] = /^(\d{1,7})\/(s|min|h)$/.exec(String(input)) ?? [];
    const perMs = PER_MS[unit];
    const requests = Number(count);
    if (perMs !== undefined && requests >= 1) return ok({ requests, perMs });
    return refuse({ rule: "bad-rate", message: notA(input, RATE).message, fix: `Write ${RATE}.` });
  },
};

const PER_NAME = new Map(Object.entries(PER_MS).map(([name, ms]) => [ms, name]));

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
