import { present } from "@seaworthy/std/assert";
import type { Edge } from "../../system/system.ts";
import type { EdgeParts, FrontPlace } from "../edge-parts.ts";
import { effectiveClass, type GroupedRoutes } from "../route-groups.ts";
import { backendName, NOWHERE } from "./backends.ts";
import { word } from "./words.ts";

/** Hops of trusted proxies that are looked through, from the nearest one outwards. */
const HOPS_MAX = 5;
/** As many clients as are remembered at a time, some 100 bytes each; the oldest are forgotten. */
const CLIENTS_MAX = 100_000;

interface FrontendOptions {
  readonly parts: Pick<EdgeParts, "ports" | "tls">;
  readonly routes: GroupedRoutes;
  readonly place: FrontPlace;
}

/** Where users' requests come in, and what is looked at before one goes anywhere. */
export function frontend(edge: Edge, options: FrontendOptions): readonly string[] {
  return [
    "",
    "frontend public",
    ...edge.listen.map(({ host }, index) => bind(host, index, options)),
    ...connectionsPerClient(edge),
    ...refusals(edge),
    ...identification(edge, options.parts),
    ...rate(edge),
    ...routing(options.routes),
    ...clientTables(edge),
  ];
}

function bind(host: string, index: number, { parts, place }: FrontendOptions): string {
  const address = host.includes(":") ? `[${host}]` : host;
  const port = present(parts.ports.public[index], "its port");
  // The key lies beside the certificate, under the name that HAProxy looks for.
  const secure = parts.tls === undefined ? "" : ` ssl crt ${word(`${place.folder}/edge.pem`)}`;
  return `  bind ${word(`${address}:${port}`)}${secure}`;
}

function connectionsPerClient({ limits }: Edge): readonly string[] {
  if (limits.connectionsPerClient === undefined) return [];
  return [
    "  # edge.limits.connectionsPerClient: of one address, on the connection itself.",
    "  tcp-request connection track-sc0 src table connections-of-clients",
    `  tcp-request connection reject if { sc0_conn_cur gt ${limits.connectionsPerClient} }`,
  ];
}

function refusals({ limits }: Edge): readonly string[] {
  return [
    "  http-request set-var(txn.path) path",
    "  # What a route matched must be what the service reads: no dots that lead elsewhere.",
    "  http-request deny deny_status 400 if { path -m reg -i /(\\.|%2e){1,2}(/|$) }",
    "  # edge.limits.body, where the length is declared; what comes in chunks is not counted.",
    ...refusal(413, "body-too-large", `{ req.hdr_val(content-length) gt ${limits.bodyBytes} }`),
  ];
}

function refusal(status: number, code: string, condition: string): readonly string[] {
  const body = `{"error":{"code":"${code}","status":${status}}}`;
  const retry = status === 429 ? " hdr retry-after 1" : "";
  return [
    `  http-request return status ${status} content-type application/json string '${body}'` +
      `${retry} if ${condition}`,
  ];
}

/** Who asks, under which id, and what of it a stranger may not say. */
function identification(
  { trustedProxies }: Edge,
  { tls }: Pick<EdgeParts, "tls">,
): readonly string[] {
  const trusted = trustedProxies.map(word).join(" ");
  const unless = trusted === "" ? "" : " unless trusted";
  const proto = tls === undefined ? "http" : "https";
  const forwarded = `;host=\\"%[req.hdr(host)]\\";proto=${proto}"`;
  return [
    ...(trusted === "" ? [] : [`  acl trusted src ${trusted}`]),
    "  # What strangers say of former hops is dropped; each hop adds its own.",
    ...["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"].map(
      (name) => `  http-request del-header ${name}${unless}`,
    ),
    "  http-request add-header x-forwarded-for %[src]",
    `  http-request set-header x-forwarded-proto ${proto} ` +
      "unless { req.hdr(x-forwarded-proto) -m found }",
    "  http-request set-header x-forwarded-host %[req.hdr(host)] " +
      "unless { req.hdr(x-forwarded-host) -m found }",
    `  http-request add-header forwarded "for=%[src]${forwarded} unless { src -m sub : }`,
    `  http-request add-header forwarded "for=\\"[%[src]]\\"${forwarded} if { src -m sub : }`,
    "  # Of other protocols only WebSocket is passed on; what else is offered is not heard.",
    "  http-request del-header upgrade unless { req.hdr(upgrade) -i websocket }",
    "  # Only the inside may name an instance, and only the edge names a request.",
    "  http-request del-header seaworthy-instance",
    "  http-request del-header seaworthy-release",
    "  unique-id-format %[uuid()]",
    "  http-request set-header x-request-id %[unique-id]",
    "  http-response del-header seaworthy-instance",
    "  http-response del-header seaworthy-release",
    "  http-after-response set-header x-request-id %[unique-id]",
    ...trustedHops(trusted),
  ];
}

/** From here on `src` is who asked the outermost proxy that is believed. */
function trustedHops(trusted: string): readonly string[] {
  if (trusted === "") return [];
  const hops = Array.from({ length: HOPS_MAX }, (_, hop) => {
    // The last value is the one that was added above, from the connection itself.
    const value = `req.hdr_ip(x-forwarded-for,-${hop + 2})`;
    return `  http-request set-src ${value} if trusted { ${value} -m found }`;
  });
  return ["  # Limits count who asked the proxies that are believed, not the proxies.", ...hops];
}

/**
 * A sliding window of `burst` requests, as long as the declared rate needs for as many: the same
 * in the long run, and never more at once. What was refused does not count.
 */
function rate({ limits }: Edge): readonly string[] {
  if (limits.rate === undefined) return [];
  return [
    "  # edge.limits.rate and burst, of one client address.",
    "  http-request track-sc1 src table requests-of-clients",
    ...refusal(429, "rate", `{ sc1_gpc0_rate ge ${limits.rate.burst} }`),
    "  http-request sc-inc-gpc0(1)",
  ];
}

function clientTables({ limits }: Edge): readonly string[] {
  const { rate: limit, connectionsPerClient: connections } = limits;
  const table = (name: string, stored: string, expireMs: number): readonly string[] => [
    "",
    `backend ${name}`,
    `  stick-table type ipv6 size ${CLIENTS_MAX} expire ${expireMs}ms store ${stored}`,
  ];
  const windowMs = limit && Math.ceil((limit.perMs * limit.burst) / limit.requests);
  return [
    ...(connections === undefined ? [] : table("connections-of-clients", "conn_cur", 60_000)),
    ...(windowMs === undefined
      ? []
      : table("requests-of-clients", `gpc0,gpc0_rate(${windowMs}ms)`, windowMs * 2)),
  ];
}

function routing({ prefixes }: GroupedRoutes): readonly string[] {
  return [
    "  # Classes of requests: what may be repeated, and how long silence may last, differs.",
    "  acl stream req.hdr(accept) -m sub text/event-stream",
    "  acl stream req.hdr(upgrade) -i websocket",
    "  acl safe method GET HEAD OPTIONS",
    "  # edge.routes, the longest prefix first; /v1 is /v1 and /v1/..., never /v1x.",
    ...prefixes.flatMap(({ prefix, group }, index) => {
      const name = `route-${index + 1}`;
      return [
        ...(prefix.endsWith("/") ? [] : [`  acl ${name} path ${word(prefix)}`]),
        `  acl ${name} path_beg ${word(prefix.endsWith("/") ? prefix : `${prefix}/`)}`,
        `  use_backend ${backendName(group, "stream")} if ${name} stream`,
        `  use_backend ${backendName(group, "safe")} if ${name} safe`,
        `  use_backend ${backendName(group, effectiveClass(group))} if ${name}`,
      ];
    }),
    `  default_backend ${NOWHERE}`,
  ];
}
