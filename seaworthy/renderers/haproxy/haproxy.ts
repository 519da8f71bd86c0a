import { createHash } from "node:crypto";
import { present } from "@seaworthy/std/assert";
import type { Edge } from "../../system/system.ts";
import type { EdgeParts, FrontPlace } from "../edge-parts.ts";
import { groupRoutes } from "../route-groups.ts";
import { backends } from "./backends.ts";
import { frontend } from "./frontend.ts";

/**
 * What an old worker still has open this long after a reload is closed: as long as a stream may
 * outlive the configuration that it began with.
 */
const OLD_WORKER_SECONDS = 600;
/** Added to a request's head on its way: addresses, names and ids of this hop. */
const ADDED_HEAD_BYTES = 2_048;

/**
 * The whole configuration of HAProxy 2.6 or newer as the public edge; the same parts give the same
 * bytes. Directives are those of its configuration manual, which each comment's field can be
 * looked up in.
 */
export function renderHaproxy(parts: EdgeParts, place: FrontPlace): string {
  const edge = present(parts.edge, "an edge");
  const routes = groupRoutes(parts);
  const text = [
    "# Made by seaworthy from the declaration, and made anew by whatever changes it.",
    ...globals(edge, parts),
    ...defaults(edge),
    ...frontend(edge, { parts, routes, place }),
    ...backends(edge, routes),
    "",
  ].join("\n");
  return text.replace(HASH_PLACE, hashOf(text));
}

/** Which configuration it is, apart from the servers: those are changed while it runs. */
export function skeletonHash(configuration: string): string {
  return present(/^ {2}description seaworthy-(\S+)$/m.exec(configuration)?.[1], "its own hash");
}

const HASH_PLACE = "HASH";

function hashOf(text: string): string {
  const lines = text.split("\n").filter((line) => !line.startsWith("  server "));
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 12);
}

function globals({ limits }: Edge, { tls }: Pick<EdgeParts, "tls">): readonly string[] {
  const headBytes = limits.headerBytes + ADDED_HEAD_BYTES;
  return [
    "",
    "global",
    "  # Which configuration runs, apart from its servers: `show info` says it.",
    `  description seaworthy-${HASH_PLACE}`,
    "  # One JSON line a request, to where this process's output goes (seaworthy logs edge).",
    "  log stdout format raw local0",
    "  # edge.limits.connections; more wait in the kernel's queue until one is free.",
    `  maxconn ${limits.connections}`,
    "  # Streams and idle clients of the worker before a reload are let go after this.",
    `  hard-stop-after ${OLD_WORKER_SECONDS}s`,
    "  # edge.limits.headers: a head has to fit into a buffer less what is added to it.",
    `  tune.bufsize ${headBytes}`,
    `  tune.maxrewrite ${ADDED_HEAD_BYTES}`,
    ...(tls === undefined
      ? []
      : [
          "  # Older versions are broken (RFC 8996).",
          "  ssl-default-bind-options ssl-min-ver TLSv1.2",
        ]),
  ];
}

function defaults({ timeouts }: Edge): readonly string[] {
  return [
    "",
    "defaults",
    "  mode http",
    "  log global",
    `  log-format ${LOG_FORMAT}`,
    "  # Connections that never said anything are no requests.",
    "  option dontlognull",
    "  # After a reload a kept connection gets one more answer and is closed with that: closed",
    "  # while idle, it would meet the client's next request half-way.",
    "  option idle-close-on-response",
    "  # edge.timeouts: a connection to an instance; the head of a request; silence inside a",
    "  # request's body; an idle client.",
    `  timeout connect ${timeouts.connectMs}ms`,
    `  timeout http-request ${timeouts.headerMs}ms`,
    `  timeout client ${timeouts.bodyMs}ms`,
    `  timeout http-keep-alive ${timeouts.keepAliveMs}ms`,
    "  # What is answered here and not by a service says so, in the gateway's words.",
    ...OWN_ANSWERS.map(
      ([status, code]) =>
        `  http-error status ${status} content-type application/json string ` +
        `'{"error":{"code":"${code}","status":${status}}}'`,
    ),
  ];
}

const OWN_ANSWERS = [
  [400, "malformed"],
  [408, "header-timeout"],
  [502, "broken"],
  [503, "no-endpoint"],
  [504, "timeout"],
] as const;

/** No query string and no header value: those hold secrets. `head` and `body` make the latency. */
const LOG_FORMAT =
  `'{"at":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]","id":"%[unique-id]","listener":"%f",` +
  `"client":"%[src]","method":"%HM","path":"%[var(txn.path),json(utf8s)]","status":%ST,` +
  `"ms":%Ta,"head":%Tr,"body":%Td,"retries":"%rc","ended":"%ts","backend":"%b",` +
  `"instance":"%s"}'`;
