import type { Edge } from "../../system/system.ts";
import { effectiveClass, type GroupedRoutes, type RouteGroup } from "../route-groups.ts";
import { literally, word } from "./words.ts";

/** Where no route leads. */
export const NOWHERE = "@nowhere";

/**
 * `once`: methods that nginx itself does not repeat once they were sent. `other`: methods with an
 * effect that it would (PUT, DELETE and all that it does not know).
 */
type Methods = "safe" | "once" | "other";
const METHODS: readonly Methods[] = ["safe", "once", "other"];

/** A location's name says its group, and by its end what its requests are counted as. */
export function locationOf(group: RouteGroup, treatment: Treatment): string {
  return `@${group.name}.${treatment}`;
}

/** How requests are treated: `unsafe-other` is not even repeated where nobody was reached. */
export type Treatment = "safe" | "idempotent" | "unsafe" | "unsafe-other" | "stream";

/** What a group has a location for. */
export function treatmentsOf(group: RouteGroup): readonly Treatment[] {
  const isUnsafe = effectiveClass(group) === "unsafe";
  return isUnsafe ? ["safe", "unsafe", "unsafe-other", "stream"] : ["safe", "idempotent", "stream"];
}

function treatmentOf(group: RouteGroup, methods: Methods, isStream: boolean): Treatment {
  const isOther = methods === "other" && !group.route.idempotent;
  if (isStream) return isOther ? "unsafe-other" : "stream";
  if (methods === "safe") return "safe";
  if (group.route.idempotent) return "idempotent";
  return isOther ? "unsafe-other" : "unsafe";
}

/** Request → location, by path as it was sent, by method, and by whether a stream is asked for. */
export function maps(edge: Edge, { prefixes }: GroupedRoutes): readonly string[] {
  return [
    ...forwarded(edge),
    "  # edge.routes, the longest prefix first; /v1 is /v1 and /v1/..., never /v1x.",
    "  map $request_uri $sw_route {",
    '    default "";',
    ...prefixes.map(({ prefix }, index) => {
      const end = prefix.endsWith("/") ? "" : "(?:[/?]|$)";
      return `    "~^${literally(prefix)}${end}" ${index + 1};`;
    }),
    "  }",
    "  # What may be repeated, and how long silence may last, differs.",
    "  map $request_method $sw_methods {",
    "    default other;",
    "    GET safe; HEAD safe; OPTIONS safe;",
    "    POST once; PATCH once; LOCK once;",
    "  }",
    '  map $http_accept $sw_accepts { default ""; ~text/event-stream stream; }',
    "  # Of other protocols only WebSocket is passed on; what else is offered is not heard.",
    '  map $http_upgrade $sw_upgrade { default ""; ~*^websocket$ websocket; }',
    '  map "$sw_accepts$sw_upgrade" $sw_kind { default stream; "" plain; }',
    '  map "$sw_route $sw_kind $sw_methods" $sw_location {',
    `    default ${NOWHERE};`,
    ...prefixes.flatMap(({ group }, index) =>
      [false, true].flatMap((isStream) =>
        METHODS.map((methods) => {
          const key = `${index + 1} ${isStream ? "stream" : "plain"} ${methods}`;
          return `    "${key}" ${locationOf(group, treatmentOf(group, methods, isStream))};`;
        }),
      ),
    ),
    "  }",
    "  # A connection to an instance is kept, unless it becomes another protocol's.",
    '  map $sw_upgrade $sw_connection { default upgrade; "" ""; }',
  ];
}

/** Who asked this edge; with a proxy in front that is believed, `$remote_addr` is another one. */
function peerOf({ trustedProxies }: Edge): string {
  return trustedProxies.length === 0 ? "$remote_addr" : "$realip_remote_addr";
}

/** What strangers say of former hops is dropped; each hop adds its own. */
function forwarded(edge: Edge): readonly string[] {
  const { trustedProxies } = edge;
  const peer = peerOf(edge);
  return [
    "  # An address of IPv6 stands in brackets and quotes (RFC 7239).",
    `  map ${peer} $sw_for { default ${peer}; "~:" '"[${peer}]"'; }`,
    ...(trustedProxies.length === 0
      ? []
      : [
          "  # What proxies that are believed say of former hops is kept.",
          "  geo $realip_remote_addr $sw_trusted {",
          "    default 0;",
          ...trustedProxies.map((range) => `    ${word(range)} 1;`),
          "  }",
          ...FORWARDED.map(({ variable, header, said, own }) => {
            const cases = `default ${own}; "~^1(?<said>.+)$" ${said};`;
            return `  map "$sw_trusted${header}" ${variable} { ${cases} }`;
          }),
        ]),
  ];
}

const FORWARDED = [
  {
    ...{ variable: "$sw_x_for", header: "$http_x_forwarded_for" },
    ...{ said: '"$said, $realip_remote_addr"', own: "$realip_remote_addr" },
  },
  {
    ...{ variable: "$sw_x_proto", header: "$http_x_forwarded_proto" },
    ...{ said: "$said", own: "$scheme" },
  },
  {
    ...{ variable: "$sw_x_host", header: "$http_x_forwarded_host" },
    ...{ said: "$said", own: "$http_host" },
  },
  {
    ...{ variable: "$sw_forwarded", header: "$http_forwarded" },
    ...{ said: '"$said, "', own: '""' },
  },
] as const;

/** The headers of a request that is passed on, by what they say of the hops so far. */
export function forwardedHeaders({ trustedProxies }: Edge): readonly string[] {
  const believes = trustedProxies.length > 0;
  const own = `for=$sw_for;host=\\"$http_host\\";proto=$scheme`;
  return [
    `X-Forwarded-For ${believes ? "$sw_x_for" : "$remote_addr"}`,
    `X-Forwarded-Proto ${believes ? "$sw_x_proto" : "$scheme"}`,
    `X-Forwarded-Host ${believes ? "$sw_x_host" : "$http_host"}`,
    `Forwarded "${believes ? "${sw_forwarded}" : ""}${own}"`,
  ];
}
