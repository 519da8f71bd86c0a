import type { Documents } from "../document.ts";
import type { BodyLimit, Call, Fact, Listener, RateLimit, ServedPath } from "../fact.ts";
import { entriesAt, entryAt, itemsAt, numberAt, textAt, type Node } from "../node.ts";
import { at, type Location, type SourceFile } from "../source.ts";
import type { KubeObject } from "./kubernetes.ts";
import { objectsOf } from "./objects.ts";

/** One path of an Ingress or HTTPRoute, and the Service behind it. */
export interface IngressRoute {
  readonly ingress: KubeObject;
  readonly host: string | undefined;
  readonly path: string;
  readonly pathLine: number;
  readonly prefix: boolean;
  readonly service: string | undefined;
  readonly serviceLine: number;
  /** Number or name of the Service's port. */
  readonly port: number | string | undefined;
  readonly namespace: string | undefined;
}

/** More paths than any real Ingress has. */
const PATHS_MAX = 1000;

export function ingressesOf(documents: Documents): readonly KubeObject[] {
  return objectsOf(documents).filter(
    ({ kind, apiVersion }) => kind === "Ingress" && /^(?:networking|extensions)/.test(apiVersion),
  );
}

export function ingressRoutes(documents: Documents): readonly IngressRoute[] {
  return [
    ...ingressesOf(documents).flatMap(routesOf),
    ...objectsOf(documents)
      .filter(({ kind }) => kind === "HTTPRoute")
      .flatMap(gatewayRoutes),
  ];
}

function routesOf(ingress: KubeObject): readonly IngressRoute[] {
  const { root } = ingress;
  const byRule = itemsAt(root, "spec", "rules").flatMap((rule) =>
    itemsAt(rule, "http", "paths").map((path) => routeOf(ingress, textAt(rule, "host"), path)),
  );
  const fallback = entryAt(root, "spec", "defaultBackend") ?? entryAt(root, "spec", "backend");
  const whole =
    fallback === undefined ? [] : [routeTo(ingress, fallback.node, { path: "/", prefix: true })];
  return [...byRule, ...whole].slice(0, PATHS_MAX);
}

function routeOf(ingress: KubeObject, host: string | undefined, path: Node): IngressRoute {
  const entry = entryAt(path, "path");
  const text = textAt(path, "path") ?? "/";
  const line = entry?.line ?? path.line;
  const exact = textAt(path, "pathType") === "Exact";
  const to = routeTo(ingress, path, { path: text, prefix: !exact });
  return { ...to, host, pathLine: line };
}

/** The backend of `networking.k8s.io/v1`, or `serviceName` of what came before it. */
function routeTo(
  ingress: KubeObject,
  node: Node,
  of: { readonly path: string; readonly prefix: boolean },
): IngressRoute {
  const service =
    entryAt(node, "backend", "service", "name") ??
    entryAt(node, "service", "name") ??
    entryAt(node, "backend", "serviceName") ??
    entryAt(node, "serviceName");
  const port =
    numberOrText(node, "backend", "service", "port", "number") ??
    numberOrText(node, "backend", "service", "port", "name") ??
    numberOrText(node, "service", "port", "number") ??
    numberOrText(node, "backend", "servicePort");
  return {
    ingress,
    host: undefined,
    ...of,
    pathLine: node.line,
    service: service?.node.type === "scalar" ? service.node.text : undefined,
    serviceLine: service?.line ?? node.line,
    port,
    namespace: ingress.namespace,
  };
}

function numberOrText(node: Node, ...keys: readonly string[]): number | string | undefined {
  return numberAt(node, ...keys) ?? textAt(node, ...keys);
}

/** Gateway API: `rules[].matches[].path` and `rules[].backendRefs[]`. */
function gatewayRoutes(route: KubeObject): readonly IngressRoute[] {
  const [host] = itemsAt(route.root, "spec", "hostnames");
  return itemsAt(route.root, "spec", "rules")
    .flatMap((rule) => {
      const paths = itemsAt(rule, "matches").map((match) => ({
        path: textAt(match, "path", "value") ?? "/",
        prefix: textAt(match, "path", "type") !== "Exact",
        pathLine: entryAt(match, "path", "value")?.line ?? match.line,
      }));
      const all = paths.length > 0 ? paths : [{ path: "/", prefix: true, pathLine: rule.line }];
      const services = itemsAt(rule, "backendRefs").filter(
        (backend) => (textAt(backend, "kind") ?? "Service") === "Service",
      );
      return all.flatMap((path) =>
        services.map((backend) => ({
          ...path,
          ingress: route,
          host: host?.type === "scalar" ? host.text : undefined,
          service: textAt(backend, "name"),
          serviceLine: backend.line,
          port: numberAt(backend, "port"),
          namespace: textAt(backend, "namespace") ?? route.namespace,
        })),
      );
    })
    .slice(0, PATHS_MAX);
}

/** What Ingresses say: where they listen, what they answer, whom they ask, what they allow. */
export function ingressFacts(documents: Documents): readonly Fact[] {
  return [
    ...ingressesOf(documents).flatMap((ingress) => [...listeners(ingress), ...limits(ingress)]),
    ...ingressRoutes(documents).flatMap(routeFacts),
  ];
}

function listeners({ root, file, name, line }: KubeObject): readonly Listener[] {
  const plain: Listener = {
    kind: "listener",
    at: at(file, line),
    by: "ingress",
    name,
    port: 80,
    tls: false,
  };
  const tls = entryAt(root, "spec", "tls");
  return tls === undefined ? [plain] : [plain, { ...plain, at: at(file, tls.line), ...SECURE }];
}

const SECURE = { port: 443, tls: true } as const;

function routeFacts(route: IngressRoute): readonly (ServedPath | Call)[] {
  const { ingress, path, prefix, service, port } = route;
  const served: ServedPath = {
    kind: "served-path",
    at: at(ingress.file, route.pathLine),
    by: "ingress",
    path: path === "" ? "/" : path,
    prefix,
    asks: [],
  };
  // A pattern is no path that could be compared.
  const paths = /[()[\]$*+\\]/.test(path) ? [] : [served];
  if (service === undefined) return paths;
  const call: Call = {
    kind: "call",
    at: at(ingress.file, route.serviceLine),
    via: "upstream",
    host: service,
    ...(typeof port === "number" ? { port } : {}),
    scope: "cluster",
  };
  return [...paths, call];
}

const PREFIX = "nginx.ingress.kubernetes.io/";

/** https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/ (1.11) */
function limits({ root, file }: KubeObject): readonly Fact[] {
  return entriesAt(root, "metadata", "annotations").flatMap(([key, entry]): readonly Fact[] => {
    if (!key.startsWith(PREFIX) || entry.node.type !== "scalar") return [];
    const place = at(file, entry.line);
    return limitOf({ name: key.slice(PREFIX.length), text: entry.node.text, place });
  });
}

interface Annotation {
  readonly name: string;
  readonly text: string;
  readonly place: Location;
}

function limitOf({ name, text, place }: Annotation): readonly Fact[] {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  const on = { at: place, hop: "ingress" } as const;
  switch (name) {
    case "proxy-body-size":
      return bodyLimit(on, text);
    case "proxy-read-timeout":
      return time(on, "read", number);
    case "proxy-send-timeout":
      return time(on, "send", number);
    case "proxy-connect-timeout":
      return time(on, "connect", number);
    case "limit-rps":
      return rate(on, number, 1000);
    case "limit-rpm":
      return rate(on, number, 60_000);
    default:
      return [];
  }
}

type Hop = Pick<BodyLimit, "at" | "hop"> & { readonly hop: "ingress" };

function time(on: Hop, of: "read" | "send" | "connect", seconds: number | undefined) {
  if (seconds === undefined) return [];
  return [{ kind: "time-limit", ...on, of, ms: seconds * 1000 } as const];
}

function rate(on: Hop, requests: number | undefined, windowMs: number): readonly RateLimit[] {
  if (requests === undefined) return [];
  return [{ kind: "rate-limit", ...on, requests, windowMs, perClient: true }];
}

/** nginx's size: bytes, or with `k`, `m`, `g`; 0 is no limit. */
function bodyLimit(on: Hop, text: string): readonly BodyLimit[] {
  const [, digits, unit = ""] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()];
  if (digits === undefined || factor === undefined || Number(digits) === 0) return [];
  return [{ kind: "body-limit", ...on, bytes: Number(digits) * factor }];
}

/** Where an annotation of an object stands. */
export function annotationOf(
  { root, file }: { readonly root: Node; readonly file: SourceFile },
  name: string,
): { readonly value: string; readonly at: Location } | undefined {
  const entry = entryAt(root, "metadata", "annotations", name);
  if (entry?.node.type !== "scalar") return undefined;
  return { value: entry.node.text, at: at(file, entry.line) };
}
