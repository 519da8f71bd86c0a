import { anyText, duration, flag, integer, rate, serviceName, text, urlPath } from "./kinds.ts";
import {
  child,
  isRecord,
  notA,
  readEntries,
  readLeaf,
  readObject,
  type Fields,
  type Site,
} from "./reader.ts";
import { routeOf } from "./route-of.ts";
import type { Load, LoadRequest, RequestClass, Route } from "./system.ts";

const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] as const;
/** Methods that change nothing (RFC 9110 §9.2.1), as far as we send them. */
const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS"];
const MIX_MAX = 100;
const HEADERS_MAX = 50;
/** More services than a request passes through. */
const NEEDS_MAX = 50;
/** What a generator may be asked for on one machine. */
const RATE_MAX = 100_000;

/** `load`: what clients do, for drills, benches and each roll's own probe. */
export function readLoadField(parent: Fields, routes: readonly Route[]): Load | undefined {
  return parent.maybeGroup({
    name: "load",
    means: "What clients do; drills and rolls send it.",
    expected: "{ rate, mix }",
    read: (fields) => ({
      ratePerSecond: fields.leaf({
        name: "rate",
        as: "ratePerSecond",
        kind: rate({ min: 0.1, max: RATE_MAX }),
        means: "Requests sent, open loop: they are due whether or not answers come.",
      }),
      mix: fields.list({
        name: "mix",
        means: "What is sent, each with its weight.",
        expected: "a list of requests",
        countMax: MIX_MAX,
        notEmpty: 'at least one request: { GET: "/path" }',
        read: (item, at) => readRequest(item, at, routes),
      }),
      timeoutMs: fields.leaf({
        name: "timeout",
        as: "timeoutMs",
        kind: duration({ min: 1 }),
        default: 5_000,
        means: "The client gives up after this; a timed-out unsafe request is unknown, not failed.",
      }),
      history: readHistoryField(fields),
    }),
  });
}

function readRequest(input: unknown, site: Site, routes: readonly Route[]): LoadRequest {
  return readObject(input, site, {
    expected: '{ GET: "/path", weight: 8 }',
    read: (fields) => {
      const { method, path } = readTarget(fields, input, site);
      const weight = fields.leaf({
        name: "weight",
        kind: integer({ min: 1, max: 1_000_000 }),
        default: 1,
        means: "Its share, beside the others' weights.",
      });
      const stream = fields.leaf({
        name: "stream",
        as: "class",
        kind: flag,
        default: false,
        means: "The answer is a stream (text/event-stream): cut when its instance dies.",
      });
      if (!fields.has("stream")) site.log.source(child(site, "class"), "derived");
      const needs = fields.list({
        name: "needs",
        means: "Services without which it may fail; all others go on when one of them is down.",
        expected: "a list of services",
        countMax: NEEDS_MAX,
        default: { items: [], shown: "[]" },
        read: (name, at) => (at.log.describing ? "" : readLeaf(name, at, serviceName)),
      });
      return {
        method,
        path,
        ...readContent(fields, site, stream),
        weight,
        class: classOf({ method, path, stream, routes }),
        ...(needs.length === 0 ? {} : { needs }),
      };
    },
  });
}

function readContent(
  fields: Fields,
  site: Site,
  stream: boolean,
): Pick<LoadRequest, "headers" | "body"> {
  const headers = fields.part({
    name: "headers",
    means: "Headers of the request, by name.",
    expected: "{ name: value }",
    read: readHeaders,
  });
  const body = fields.part({
    name: "body",
    means: "Text, or { json: data }.",
    expected: "text, or { json: data }",
    read: readBody,
  });
  const accept = stream ? "text/event-stream" : undefined;
  const derived = derive(headers, { accept, "content-type": body?.type }, site);
  return { headers: derived, body: body?.content };
}

function readTarget(
  fields: Fields,
  input: unknown,
  site: Site,
): { readonly method: string; readonly path: string } {
  const given = METHODS.flatMap((method) => {
    const means = `${method} this path.`;
    const path = fields.maybe({ name: method, as: "path", kind: urlPath, means });
    return path === undefined ? [] : [{ method, path }];
  });
  const [target, second] = given;
  site.log.source(child(site, "method"), "given");
  if (target !== undefined) site.log.source(child(site, target.method, "path"), "given");
  if (target !== undefined && second === undefined) return target;
  if (isRecord(input)) {
    const message =
      second === undefined
        ? "a request names its method and path"
        : `one request has one method: ${given.map((one) => one.method).join(", ")}`;
    const fix = 'Write for example { GET: "/path" }, and one entry for each request.';
    site.log.fault(site, { rule: "bad-value", message, fix });
  }
  return { method: "GET", path: "/" };
}

function readHeaders(input: unknown, site: Site): Readonly<Record<string, string>> {
  const value = text("a header's value, without line breaks", (given) => !/[\r\n\0]/.test(given));
  const headers = readEntries(input, site, {
    expected: "headers by name",
    countMax: HEADERS_MAX,
    key: (name) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? undefined : notA(name, "a header's name"),
    read: (item, at) => (at.log.describing ? "" : readLeaf(item, at, value)),
  });
  return Object.fromEntries(
    Object.entries(headers).map(([name, item]) => [name.toLowerCase(), item]),
  );
}

interface Body {
  readonly content: string;
  readonly type: string | undefined;
}

function readBody(input: unknown, site: Site): Body | undefined {
  if (input === undefined) {
    site.log.source(site, "default");
    return undefined;
  }
  if (isRecord(input)) {
    const [key, extra] = Object.keys(input);
    if (key === "json" && extra === undefined) {
      site.log.source(site, "given");
      return { content: JSON.stringify(input["json"] ?? null), type: "application/json" };
    }
    site.log.fault(site, notA(input, "text, or { json: data }"));
    return undefined;
  }
  return { content: readLeaf(input, site, anyText), type: undefined };
}

/** Adds the headers that follow from the rest, unless they are declared. */
function derive(
  declared: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string | undefined>>,
  site: Site,
): Readonly<Record<string, string>> {
  const headers = { ...declared };
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined || Object.hasOwn(headers, name)) continue;
    headers[name] = value;
    site.log.source(child(child(site, "headers"), name), "derived");
  }
  return headers;
}

function classOf(request: {
  readonly method: string;
  readonly path: string;
  readonly stream: boolean;
  readonly routes: readonly Route[];
}): RequestClass {
  if (request.stream) return "stream";
  if (SAFE_METHODS.includes(request.method)) return "safe";
  return routeOf(request.path, request.routes)?.idempotent === true ? "idempotent" : "unsafe";
}

function readHistoryField(parent: Fields): Load["history"] {
  return parent.maybeGroup({
    name: "history",
    means: "Where the writes that took effect can be read back, as NDJSON of { id, times }.",
    expected: '{ service: "name", path: "/writes" }',
    read: (fields) => ({
      service: fields.leaf({
        name: "service",
        kind: serviceName,
        means: "The service that knows.",
      }),
      path: fields.leaf({ name: "path", kind: urlPath, means: "GET on this path." }),
    }),
  });
}
