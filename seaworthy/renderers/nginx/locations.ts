import { assertNever } from "@seaworthy/std/assert";
import type { Edge, Route } from "../../system/system.ts";
import { type GroupedRoutes, type RouteGroup, triesOf } from "../route-groups.ts";
import { forwardedHeaders, locationOf, NOWHERE, type Treatment, treatmentsOf } from "./maps.ts";

/** What is answered here and not by a service says so, in the gateway's words. */
const OWN_ANSWERS = [
  [400, "malformed"],
  [408, "header-timeout"],
  [413, "body-too-large"],
  [429, "rate"],
  [502, "broken"],
  [503, "no-endpoint"],
  [504, "timeout"],
] as const;

/** An own answer is said to be worth another try only where nothing was done. */
const RETRY_AFTER: readonly number[] = [429, 503];

export function locations(edge: Edge, routes: GroupedRoutes): readonly string[] {
  return [
    "    # What a route matched must be what the service reads: no dots that lead elsewhere.",
    "    merge_slashes off;",
    '    if ($request_uri ~* "^[^?]*/(?:\\.|%2e){1,2}(?:[/?]|$)") { return 400; }',
    "    # Which location has a request is looked up above: an error page may be a variable.",
    ...errorPages("    "),
    "    location / {",
    ...errorPages("      "),
    "      error_page 418 = $sw_location;",
    "      return 418;",
    "    }",
    ...passing(edge),
    ...routes.groups.flatMap((group) =>
      treatmentsOf(group).flatMap((treatment) => location(group, treatment)),
    ),
    ...ownAnswer({ name: NOWHERE, status: 404, code: "no-route" }),
    ...OWN_ANSWERS.flatMap(([status, code]) => ownAnswer({ name: `@${status}`, status, code })),
  ];
}

function errorPages(indent: string): readonly string[] {
  // 414 and 494: a line, or a head, that is too long; 497: plain HTTP where TLS is spoken.
  const pages = OWN_ANSWERS.map(([status]) => `${indent}error_page ${status} @${status};`);
  return [...pages, `${indent}error_page 414 494 497 = @400;`];
}

interface OwnAnswer {
  readonly name: string;
  readonly status: number;
  readonly code: string;
}

function ownAnswer({ name, status, code }: OwnAnswer): readonly string[] {
  const again = RETRY_AFTER.includes(status) ? ["      add_header Retry-After 1 always;"] : [];
  return [
    `    location ${name} {`,
    "      default_type application/json;",
    "      add_header X-Request-Id $request_id always;",
    ...again,
    `      return ${status} '{"error":{"code":"${code}","status":${status}}}';`,
    "    }",
  ];
}

/** What holds for whatever is passed on. */
function passing(edge: Edge): readonly string[] {
  return [
    "    proxy_http_version 1.1;",
    "    proxy_set_header Connection $sw_connection;",
    "    proxy_set_header Upgrade $sw_upgrade;",
    "    proxy_set_header Host $http_host;",
    ...forwardedHeaders(edge).map((header) => `    proxy_set_header ${header};`),
    "    # Only the edge names a request, and only the inside may name an instance.",
    "    proxy_set_header X-Request-Id $request_id;",
    '    proxy_set_header Seaworthy-Instance "";',
    '    proxy_set_header Seaworthy-Release "";',
    "    proxy_hide_header Seaworthy-Instance;",
    "    proxy_hide_header Seaworthy-Release;",
    "    proxy_hide_header X-Request-Id;",
    "    add_header X-Request-Id $request_id always;",
    "    # What a service says of itself and of its answer stays; it does not steer the edge.",
    "    proxy_pass_header Server;",
    "    proxy_pass_header Date;",
    "    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate;",
    "    proxy_ignore_headers X-Accel-Buffering X-Accel-Charset;",
    "    # Answers go on as they come, streams above all; a slow client is its instance's matter.",
    "    proxy_buffering off;",
    "    proxy_max_temp_file_size 0;",
    `    proxy_connect_timeout ${edge.timeouts.connectMs}ms;`,
    `    proxy_send_timeout ${edge.timeouts.bodyMs}ms;`,
  ];
}

function location(group: RouteGroup, treatment: Treatment): readonly string[] {
  const { route, instances, name } = group;
  return [
    `    location ${locationOf(group, treatment)} {`,
    ...(instances.length === 0
      ? ["      # No instance takes requests.", "      return 503;"]
      : [
          ...times(route, treatment),
          ...repetition(route, treatment),
          ...tries(route, treatment),
          `      proxy_pass http://${name};`,
        ]),
    "    }",
  ];
}

/**
 * nginx has one time-out for the first byte of an answer and for silence inside it. A request that
 * may be repeated waits one try; another the whole time; a stream as long as it may be silent.
 */
function times(route: Route, treatment: Treatment): readonly string[] {
  switch (treatment) {
    case "safe":
    case "idempotent":
      return [
        "      # tryTimeout: then another instance is asked. Also silence inside an answer.",
        `      proxy_read_timeout ${route.tryTimeoutMs}ms;`,
      ];
    case "unsafe":
    case "unsafe-other":
      return [
        "      # timeout: it is asked once. Also silence inside an answer.",
        `      proxy_read_timeout ${route.timeoutMs}ms;`,
      ];
    case "stream":
      return [
        "      # idle: silence inside a stream, on connections that were upgraded too.",
        `      proxy_read_timeout ${Math.max(route.idleMs, route.timeoutMs)}ms;`,
      ];
    default:
      return assertNever(treatment);
  }
}

function tries(route: Route, treatment: Treatment): readonly string[] {
  if (treatment === "unsafe-other") return [];
  return [
    `      proxy_next_upstream_tries ${triesOf(route)};`,
    "      # timeout: no further try is begun after it.",
    `      proxy_next_upstream_timeout ${route.timeoutMs}ms;`,
  ];
}

/** What was sent is repeated only where that does no harm, and never for a status. */
function repetition(route: Route, treatment: Treatment): readonly string[] {
  switch (treatment) {
    case "safe":
      return [
        "      # It has no effect: repeated after a lost connection or a time-out.",
        "      proxy_next_upstream error timeout;",
      ];
    case "idempotent":
      return [
        "      # Declared idempotent: repeated after a lost connection or a time-out.",
        "      proxy_next_upstream error timeout non_idempotent;",
      ];
    case "unsafe":
      return [
        "      # POST, PATCH and LOCK are tried again only where nothing of them was sent.",
        "      proxy_next_upstream error timeout;",
      ];
    case "unsafe-other":
      return [
        "      # nginx would repeat these also when they were sent, so they are never repeated.",
        "      proxy_next_upstream off;",
      ];
    case "stream":
      return route.idempotent
        ? [
            "      # Declared idempotent.",
            "      proxy_next_upstream error timeout non_idempotent;",
          ]
        : [
            "      # As the other classes: nothing with an effect is repeated once it was sent.",
            "      proxy_next_upstream error timeout;",
          ];
    default:
      return assertNever(treatment);
  }
}
