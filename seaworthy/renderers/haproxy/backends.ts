import type { Edge, HashKey, RequestClass, Route } from "../../system/system.ts";
import { type EdgeInstance, LOOPBACK } from "../edge-parts.ts";
import {
  effectiveClass,
  type GroupedRoutes,
  numberOf,
  type RouteGroup,
  triesOf,
  wholeWeight,
} from "../route-groups.ts";
import { fetchOf, word } from "./words.ts";

/** Where no route leads. */
export const NOWHERE = "nowhere";
/** The greatest weight of a server (configuration manual 2.6, `weight`). */
const WEIGHT_MAX = 256;

export function backendName({ name }: RouteGroup, requestClass: RequestClass): string {
  return `${name}.${requestClass}`;
}

/** The class that a backend counts, of its name. */
export function classOfBackend(backend: string): string {
  return backend.slice(backend.lastIndexOf(".") + 1);
}

/**
 * One backend for each group of routes and class of requests: each has its own time-outs and its
 * own answer to what may be repeated, and HAProxy then counts requests by instance and class.
 */
export function backends(edge: Edge, { groups }: GroupedRoutes): readonly string[] {
  return [
    ...groups.flatMap((group) =>
      CLASSES.filter((one) => one !== unusedClass(group)).flatMap((one) =>
        backend(edge, group, one),
      ),
    ),
    "",
    `backend ${NOWHERE}`,
    "  http-request return status 404 content-type application/json " +
      `string '{"error":{"code":"no-route","status":404}}'`,
  ];
}

const CLASSES: readonly RequestClass[] = ["safe", "idempotent", "unsafe", "stream"];

function unusedClass(group: RouteGroup): RequestClass {
  return effectiveClass(group) === "unsafe" ? "idempotent" : "unsafe";
}

function backend(edge: Edge, group: RouteGroup, requestClass: RequestClass): readonly string[] {
  return [
    "",
    `backend ${backendName(group, requestClass)}`,
    ...balance(group.route),
    ...times(group.route, requestClass),
    ...repetition(group.route, requestClass),
    ...checks(group),
    ...serversOf(group).map(({ name, args }) => `  server ${name} ${args}`),
  ];
}

/** A backend has one request for all its servers: where releases have several, none is sent. */
function checks({ service, instances }: RouteGroup): readonly string[] {
  const paths = new Set(instances.map(({ check }) => (check ?? service.ready).path));
  const [path = service.ready.path] = paths;
  const timeout = `  timeout check ${service.ready.timeoutMs}ms`;
  if (paths.size > 1) {
    return ["  # Two releases with a ready path each: whether they listen is asked.", timeout];
  }
  return [
    `  # services.${service.name}.ready; only a 2xx passes.`,
    "  option httpchk",
    `  http-check send meth GET uri ${word(path)} ver HTTP/1.1 hdr host ${LOOPBACK}`,
    "  http-check expect status 200-299",
    timeout,
  ];
}

/** A server, as a line of the file has it and as `add server` takes it. */
export interface Server {
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  readonly args: string;
}

function serversOf(group: RouteGroup): readonly Server[] {
  return group.instances.map((instance) => server(instance, group));
}

function server(instance: EdgeInstance, { service, instances }: RouteGroup): Server {
  const { everyMs, rise, fall } = instance.check ?? service.ready;
  const weight = wholeWeight(instance, instances, WEIGHT_MAX);
  const check = `check inter ${everyMs}ms rise ${rise} fall ${fall}`;
  return {
    name: instance.id,
    port: instance.port,
    weight,
    // The id is what a consistent hash goes by: the same in every backend and after each reload.
    args: `${LOOPBACK}:${instance.port} id ${numberOf(instance)} weight ${weight} ${check}`,
  };
}

/** Every backend that an instance may stand in, with what stands there now. */
export function serversByBackend({
  groups,
}: GroupedRoutes): ReadonlyMap<string, readonly Server[]> {
  return new Map(
    groups.flatMap((group) =>
      CLASSES.filter((one) => one !== unusedClass(group)).map(
        (one) => [backendName(group, one), serversOf(group)] as const,
      ),
    ),
  );
}

function balance({ balance: how, hashBy }: Route): readonly string[] {
  const comment = "  # How an instance is chosen (balance).";
  switch (how) {
    case "round-robin":
      return [comment, "  balance roundrobin"];
    case "least-connections":
      return [comment, "  balance leastconn"];
    case "consistent-hash":
      return [
        `${comment.slice(0, -1)}: most keys stay where they are when one comes or goes.`,
        ...hashKey(hashBy ?? { by: "client" }),
        "  balance hash var(txn.key)",
        "  hash-type consistent",
      ];
  }
}

/** Where a request lacks it, the client's address. */
function hashKey(key: HashKey): readonly string[] {
  const from = (fetch: string): readonly string[] => [
    `  http-request set-var(txn.key) ${fetch}`,
    "  http-request set-var(txn.key) src unless { var(txn.key) -m found }",
  ];
  switch (key.by) {
    case "client":
      return ["  http-request set-var(txn.key) src"];
    case "path":
      return ["  http-request set-var(txn.key) path"];
    case "header":
      return from(fetchOf("req.hdr", key.name));
    case "cookie":
      return from(fetchOf("req.cook", key.name));
  }
}

/**
 * HAProxy has one time-out for the first byte of an answer and for silence inside it. A request
 * that may be repeated waits one try; another the whole time; a stream as long as it may be silent.
 */
function times(route: Route, requestClass: RequestClass): readonly string[] {
  switch (requestClass) {
    case "safe":
    case "idempotent":
      return [
        "  # tryTimeout: then another instance is asked. Also silence inside an answer.",
        `  timeout server ${route.tryTimeoutMs}ms`,
      ];
    case "unsafe":
      return [
        "  # timeout: it is asked once. Also silence inside an answer.",
        `  timeout server ${route.timeoutMs}ms`,
      ];
    case "stream":
      return [
        "  # idle: silence inside a stream, on connections that were upgraded too.",
        `  timeout server ${Math.max(route.idleMs, route.timeoutMs)}ms`,
        `  timeout tunnel ${route.idleMs}ms`,
      ];
  }
}

/**
 * Connecting may always be tried again, elsewhere: nothing was sent. What was sent is repeated only
 * where that does no harm, and never for a status: the instance has answered then.
 */
function repetition(route: Route, requestClass: RequestClass): readonly string[] {
  const again = [
    "  # The next try goes to another instance, at once.",
    "  option redispatch 1",
    `  retries ${triesOf(route) - 1}`,
  ];
  const repeats = "  retry-on conn-failure empty-response response-timeout";
  const once = [
    "  # Once sent, never again: a frozen instance would apply it later, and another one now.",
    "  retry-on conn-failure",
  ];
  switch (requestClass) {
    case "safe":
      return [
        ...again,
        "  # It has no effect: repeated after a lost connection or a time-out.",
        repeats,
      ];
    case "idempotent":
      return [
        ...again,
        "  # Declared idempotent: repeated after a lost connection or a time-out.",
        repeats,
      ];
    case "unsafe":
      return [...again, ...once];
    case "stream":
      if (route.idempotent) return [...again, "  # Declared idempotent.", repeats];
      return [
        ...again,
        "  # As the other classes: what has an effect is never repeated once it was sent.",
        repeats,
        "  http-request disable-l7-retry unless { method GET HEAD OPTIONS }",
      ];
  }
}
