import { present } from "@seaworthy/std/assert";
import { wholeRate } from "../../plan/whole-rate.ts";
import type { Edge } from "../../system/system.ts";
import type { EdgeParts, FrontPlace } from "../edge-parts.ts";
import { groupRoutes, type GroupedRoutes } from "../route-groups.ts";
import { locations } from "./locations.ts";
import { maps } from "./maps.ts";
import { upstreams } from "./upstreams.ts";
import { word } from "./words.ts";

/** What workers before a reload still have open after this is closed: streams, idle clients. */
const OLD_WORKER_SECONDS = 600;
/** Each request may need one more connection, to an instance; some are for the rest. */
const OTHER_CONNECTIONS = 512;
/** A body up to this is kept in memory; a longer one in a file until it was passed on. */
const BODY_IN_MEMORY = "64k";
/** Some 80,000 clients at 128 bytes each; the oldest are forgotten. */
const CLIENTS_ZONE = "10m";

/**
 * The whole configuration of nginx 1.22 or newer as the public edge, of modules that every build
 * of Debian has; the same parts give the same bytes.
 */
export function renderNginx(parts: EdgeParts, place: FrontPlace): string {
  const edge = present(parts.edge, "an edge");
  const routes = groupRoutes(parts);
  return [
    "# Made by seaworthy from the declaration, and made anew by whatever changes it.",
    ...main(edge, place),
    "",
    "http {",
    ...files(parts, place),
    ...clients(edge),
    ...zones(edge),
    ...maps(edge, routes),
    ...upstreams(routes),
    ...publicServer(edge, parts, { routes, place }),
    ...statusServer(parts.generation, place),
    "}",
    "",
  ].join("\n");
}

/** Which of them it is, so that whoever asks knows whose routes are in force. */
export function generationOf(configuration: string): number {
  return Number(present(GENERATION.exec(configuration)?.[1], "its generation"));
}

/** The instances that it sends requests to. */
export function instancesIn(configuration: string): ReadonlySet<string> {
  const servers = configuration.matchAll(/^ {4}server [^;]+;  # (\S+)$/gm);
  return new Set([...servers].map(([, instance = ""]) => instance));
}

/** The same but for its number. */
export function withoutGeneration(configuration: string): string {
  return configuration.replace(GENERATION, "");
}

const GENERATION = /location = \/generation \{ return 200 "(\d+)"; \}/;

function main({ limits: { connections } }: Edge, { folder, user }: FrontPlace): readonly string[] {
  const perWorker = connections * 2 + OTHER_CONNECTIONS;
  return [
    ...(user === undefined
      ? []
      : ["# Started as root: the files lie where nobody else may look.", `user ${word(user)};`]),
    "# Nobody's child: one whose parent lives ignores the signal that upgrades it (SIGUSR2).",
    "daemon on;",
    `pid ${word(`${folder}/nginx.pid`)};`,
    "error_log stderr warn;",
    "worker_processes auto;",
    "# A connection to the client and one to an instance, each a descriptor.",
    `worker_rlimit_nofile ${perWorker + OTHER_CONNECTIONS};`,
    "# Streams and idle clients of the workers before a reload are let go after this.",
    `worker_shutdown_timeout ${OLD_WORKER_SECONDS}s;`,
    "",
    "events {",
    `  worker_connections ${perWorker};`,
    "}",
  ];
}

/** Everything that it writes, below its own folder. */
function files({ accessLog }: EdgeParts, { folder }: FrontPlace): readonly string[] {
  return [
    "  # One JSON line a request. No query string and no header value: those hold secrets.",
    "  log_format requests escape=json",
    ...LOG_FIELDS.map(
      ([name, value], index) =>
        `    '${index === 0 ? "{" : ""}"${name}":${value}${
          index === LOG_FIELDS.length - 1 ? "}';" : ",'"
        }`,
    ),
    `  access_log ${word(accessLog)} requests;`,
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `  ${kind}_temp_path ${word(`${folder}/${kind}`)};`,
    ),
  ];
}

const LOG_FIELDS = [
  ["at", '"$time_iso8601"'],
  ["id", '"$request_id"'],
  ["client", '"$remote_addr"'],
  ["method", '"$request_method"'],
  ["path", '"$uri"'],
  ["status", "$status"],
  ["seconds", "$request_time"],
  ["endWall", "$msec"],
  ["location", '"$sw_location"'],
  // Of each try, in order: `a, b`, and `-` where there was none.
  ["tried", '"$upstream_addr"'],
  ["statuses", '"$upstream_status"'],
  ["times", '"$upstream_response_time"'],
] as const;

function clients({ timeouts, limits: { bodyBytes, headerBytes } }: Edge): readonly string[] {
  return [
    "  server_tokens off;",
    "  # edge.timeouts: the head of a request; silence inside its body; an idle client.",
    `  client_header_timeout ${timeouts.headerMs}ms;`,
    `  client_body_timeout ${timeouts.bodyMs}ms;`,
    `  keepalive_timeout ${timeouts.keepAliveMs}ms;`,
    "  # A client that keeps its connection may; by default it is closed after 1,000 requests.",
    "  keepalive_requests 1000000;",
    "  # edge.limits.body and headers; the longest line is what a head may have in all.",
    `  client_max_body_size ${bodyBytes};`,
    `  client_body_buffer_size ${BODY_IN_MEMORY};`,
    `  large_client_header_buffers 2 ${headerBytes};`,
    "  # Names with underscores are names; nginx would drop them without a word.",
    "  underscores_in_headers on;",
    "  map_hash_max_size 16384;",
    "  # The way to a location is an error page, and that one may fail as well.",
    "  recursive_error_pages on;",
  ];
}

/** Memory for what is counted of clients. */
function zones({ limits: { connectionsPerClient, rate } }: Edge): readonly string[] {
  const client = `$binary_remote_addr zone=`;
  return [
    "  limit_conn_zone $server_port zone=connections:1m;",
    ...(connectionsPerClient === undefined
      ? []
      : [`  limit_conn_zone ${client}clients:${CLIENTS_ZONE};`]),
    ...(rate === undefined
      ? []
      : [`  limit_req_zone ${client}requests:${CLIENTS_ZONE} rate=${rateOf(rate)};`]),
  ];
}

function rateOf(rate: NonNullable<Edge["limits"]["rate"]>): string {
  const { requests, per } = wholeRate(rate);
  return `${requests}r/${per}`;
}

function limits({ limits: { connections, connectionsPerClient, rate } }: Edge): readonly string[] {
  return [
    "    # edge.limits.connections: those with a request under way; more are answered 503.",
    `    limit_conn connections ${connections};`,
    ...(connectionsPerClient === undefined
      ? []
      : [
          "    # edge.limits.connectionsPerClient: the same, of one client address.",
          `    limit_conn clients ${connectionsPerClient};`,
        ]),
    ...(rate === undefined
      ? []
      : [
          "    # edge.limits.rate and burst, of one client address; more is answered 429.",
          // What may come on top of the one request that the rate allows at any moment.
          `    limit_req zone=requests${rate.burst > 1 ? ` burst=${rate.burst - 1} nodelay` : ""};`,
          "    limit_req_status 429;",
        ]),
  ];
}

interface ServerOptions {
  readonly routes: GroupedRoutes;
  readonly place: FrontPlace;
}

function publicServer(
  edge: Edge,
  { ports, tls }: Pick<EdgeParts, "ports" | "tls">,
  { routes, place }: ServerOptions,
): readonly string[] {
  const secure = tls === undefined ? "" : " ssl";
  return [
    "",
    "  server {",
    ...edge.listen.map(({ host }, index) => {
      const address = host.includes(":") ? `[${host}]` : host;
      const port = present(ports.public[index], "its port");
      return `    listen ${word(`${address}:${port}`)}${secure} backlog=${BACKLOG};`;
    }),
    ...(tls === undefined
      ? []
      : [
          `    ssl_certificate ${word(`${place.folder}/edge.pem`)};`,
          `    ssl_certificate_key ${word(`${place.folder}/edge.pem.key`)};`,
          "    # Older versions are broken (RFC 8996).",
          "    ssl_protocols TLSv1.2 TLSv1.3;",
        ]),
    ...trustedProxies(edge),
    ...limits(edge),
    ...locations(edge, routes),
    "  }",
  ];
}

/** Connections that wait while workers are replaced: 4 s at 1,000 a second. */
const BACKLOG = 4_096;

function trustedProxies({ trustedProxies: proxies }: Edge): readonly string[] {
  if (proxies.length === 0) return [];
  return [
    "    # edge.trustedProxies: whoever asked the outermost one that is believed is the client.",
    ...proxies.map((range) => `    set_real_ip_from ${word(range)};`),
    "    real_ip_header X-Forwarded-For;",
    "    real_ip_recursive on;",
  ];
}

/** For whoever looks after it, on a socket that lies where nobody else may look. */
function statusServer(generation: number, { socket }: FrontPlace): readonly string[] {
  return [
    "",
    "  server {",
    `    listen ${word(`unix:${socket}`)};`,
    "    access_log off;",
    `    location = /generation { return 200 "${generation}"; }`,
    "    location = /status { stub_status; }",
    "    location / { return 404; }",
    "  }",
  ];
}
