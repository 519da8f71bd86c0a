import { assertNever } from "@seaworthy/std/assert";
import type { Client } from "./client-address.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";

type Meaning =
  | "drop"
  | "connection"
  | "host"
  | "content-length"
  | "transfer-encoding"
  | "upgrade"
  | "accept"
  | "request-id"
  | "instance"
  | "forwarded"
  | "forwarded-for"
  | "forwarded-proto"
  | "forwarded-host";

/** RFC 9110 §7.6.1, RFC 9112 §C.2.2; Trailer because trailers are not passed on. */
const HOP_BY_HOP = [
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "http2-settings",
] as const;

const REQUEST_MEANINGS = byAnyCase<Meaning>([
  ...HOP_BY_HOP.map((name): [string, Meaning] => [name, "drop"]),
  // node:http has answered 100-continue itself by the time a request is passed on.
  ["expect", "drop"],
  ["seaworthy-release", "drop"],
  ["connection", "connection"],
  ["host", "host"],
  ["content-length", "content-length"],
  ["transfer-encoding", "transfer-encoding"],
  ["upgrade", "upgrade"],
  ["accept", "accept"],
  ["x-request-id", "request-id"],
  ["seaworthy-instance", "instance"],
  ["forwarded", "forwarded"],
  ["x-forwarded-for", "forwarded-for"],
  ["x-forwarded-proto", "forwarded-proto"],
  ["x-forwarded-host", "forwarded-host"],
]);

/** RFC 3986 reg-name, IPv4, bracketed IPv6, port; nothing that could end a quoted string. */
export const HOST_SHAPE = /^[A-Za-z0-9._~:[\]-]+$/;

/** Names come in few spellings; those are found without lower-casing each name of each request. */
function byAnyCase<Value>(entries: readonly (readonly [string, Value])[]): Map<string, Value> {
  const map = new Map<string, Value>();
  for (const [name, value] of entries) {
    map.set(name, value);
    map.set(
      name.replaceAll(/(^|-)([a-z])/g, (match) => match.toUpperCase()),
      value,
    );
  }
  return map;
}

function meaningOf<Value>(map: ReadonlyMap<string, Value>, name: string): Value | undefined {
  return map.get(name) ?? (HAS_UPPER_CASE.test(name) ? map.get(name.toLowerCase()) : undefined);
}

const HAS_UPPER_CASE = /[A-Z]/;

/**
 * `X_Forwarded_For`, `Content_Length`: CGI and all that descends from it (RFC 3875 §4.1.18) make
 * one variable of this and of the name with hyphens, so a stranger could write what only we may.
 */
function isDisguised(name: string): boolean {
  if (!name.includes("_")) return false;
  return REQUEST_MEANINGS.has(name.replaceAll("_", "-").toLowerCase());
}

/** A request head as the gateway understands it. `forward` is flat: name, value, name, value … */
export class RequestHead {
  readonly forward: string[] = [];
  host = "";
  hosts = 0;
  contentLength = -1;
  chunked = false;
  lengths = 0;
  upgrade: string | undefined = undefined;
  acceptsStream = false;
  requestId: string | undefined = undefined;
  instance: string | undefined = undefined;
  forwarded: string | undefined = undefined;
  forwardedFor: string | undefined = undefined;
  forwardedProto: string | undefined = undefined;
  forwardedHost: string | undefined = undefined;
  /** Header names that `Connection` declared to be for this hop only, lower case. */
  named: string[] | undefined = undefined;
  refusal: Refusal | undefined = undefined;
}

/** Reads the raw header list of node:http in one pass. */
export function readRequestHead(rawHeaders: readonly string[]): RequestHead {
  const head = new RequestHead();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    const meaning = meaningOf(REQUEST_MEANINGS, name);
    if (meaning === undefined) {
      if (!isDisguised(name)) head.forward.push(name, value);
    } else understand(head, meaning, value);
  }
  // RFC 9112 §6.3. The parser refuses these too, but that is one lenient option away.
  if (head.lengths > 1) head.refusal = REFUSALS.ambiguousLength;
  if (head.named !== undefined) removeNamed(head.forward, head.named);
  return head;
}

function understand(head: RequestHead, meaning: Meaning, value: string): void {
  switch (meaning) {
    case "drop":
      return;
    case "host":
      head.host = value;
      head.hosts += 1;
      return;
    case "connection":
      head.named = namedByConnection(value, head.named);
      return;
    case "accept":
      head.acceptsStream = value.includes("text/event-stream");
      head.forward.push("accept", value);
      return;
    case "content-length":
      head.contentLength = Number(value);
      head.lengths += 1;
      return;
    case "transfer-encoding":
      head.chunked = true;
      head.lengths += 1;
      if (value.toLowerCase() !== "chunked") head.refusal = REFUSALS.transferCoding;
      return;
    case "upgrade":
      head.upgrade = joined(head.upgrade, value.toLowerCase());
      return;
    case "request-id":
      head.requestId = value;
      return;
    case "instance":
      head.instance = value;
      return;
    case "forwarded":
    case "forwarded-for":
    case "forwarded-proto":
    case "forwarded-host":
      rememberForwarded(head, meaning, value);
      return;
    default:
      assertNever(meaning);
  }
}

type ForwardedMeaning = "forwarded" | "forwarded-for" | "forwarded-proto" | "forwarded-host";

function rememberForwarded(head: RequestHead, meaning: ForwardedMeaning, value: string): void {
  if (meaning === "forwarded") head.forwarded = joined(head.forwarded, value);
  else if (meaning === "forwarded-for") head.forwardedFor = joined(head.forwardedFor, value);
  else if (meaning === "forwarded-proto") head.forwardedProto = value;
  else head.forwardedHost = value;
}

function joined(before: string | undefined, value: string): string {
  return before === undefined || before === "" ? value : `${before}, ${value}`;
}

/** The usual values name nothing; parsing is for the others. */
function namedByConnection(value: string, before: string[] | undefined): string[] | undefined {
  if (value === "keep-alive" || value === "close") return before;
  const names = value.split(",").map((name) => name.trim().toLowerCase());
  return [...(before ?? []), ...names];
}

function removeNamed(forward: string[], named: readonly string[]): void {
  let kept = 0;
  for (let index = 0; index < forward.length; index += 2) {
    const name = forward[index] ?? "";
    if (named.includes(name.toLowerCase())) continue;
    forward[kept] = name;
    forward[kept + 1] = forward[index + 1] ?? "";
    kept += 2;
  }
  forward.length = kept;
}

/** How a request came here. */
export interface Origin {
  readonly client: Client;
  /**
   * `inside`: another service said what it says about former hops. `proxy`: one that is trusted
   * did. `stranger`: nothing of it is passed on.
   */
  readonly peer: "inside" | "proxy" | "stranger";
  readonly scheme: "http" | "https";
}

/** Adds Host, X-Forwarded-* and Forwarded (RFC 7239) to what is passed on. */
export function addForwarded(head: RequestHead, origin: Origin): void {
  const { client, peer, scheme } = origin;
  const { host } = head;
  const before = peer === "stranger" ? NOTHING_SAID : head;
  const proto = SCHEMES.includes(before.forwardedProto ?? "") ? before.forwardedProto : scheme;
  const said = before.forwardedHost;
  const hostThere = said !== undefined && HOST_SHAPE.test(said) ? said : host;
  const last = client.hops.at(-1) ?? client.address;
  const own = `for=${node(last)};host="${host}";proto=${scheme}`;
  head.forward.push(
    "host",
    host,
    "x-forwarded-for",
    peer === "inside" ? joined(head.forwardedFor, last) : client.hops.join(", "),
    "x-forwarded-proto",
    proto ?? scheme,
    "x-forwarded-host",
    hostThere,
    "forwarded",
    peer === "inside"
      ? joined(head.forwarded, own)
      : elements(client.hops, { own, first: `;host="${hostThere}";proto=${proto}` }),
  );
}

const NOTHING_SAID = { forwardedProto: undefined, forwardedHost: undefined };
const SCHEMES: readonly string[] = ["http", "https"];

/**
 * Made anew from the hops that are believed: many proxies pass a client's own `forwarded` on
 * unread, so that a trusted one vouches for `x-forwarded-for` alone.
 */
function elements(
  hops: readonly string[],
  { own, first }: { readonly own: string; readonly first: string },
): string {
  if (hops.length === 1) return own;
  const before = hops.slice(0, -1).map((hop, at) => `for=${node(hop)}${at === 0 ? first : ""}`);
  return [...before, own].join(", ");
}

/** RFC 7239 §6: IPv6 in brackets, and so in quotes. */
function node(address: string): string {
  return address.includes(":") ? `"[${address}]"` : address;
}

type ResponseMeaning =
  | "drop"
  | "connection"
  | "transfer-encoding"
  | "content-length"
  | "content-type";

const RESPONSE_MEANINGS = byAnyCase<ResponseMeaning>([
  ...HOP_BY_HOP.map((name): [string, ResponseMeaning] => [name, "drop"]),
  ["upgrade", "drop"],
  // The gateway's own word about who answered and under which id: no service may say it for us.
  ["seaworthy-instance", "drop"],
  ["seaworthy-release", "drop"],
  ["x-request-id", "drop"],
  ["connection", "connection"],
  ["transfer-encoding", "transfer-encoding"],
  ["content-length", "content-length"],
  ["content-type", "content-type"],
]);

/** A response head to pass back. `contentLength` is -1 where none was given. */
export class ResponseHead {
  readonly headers: string[] = [];
  contentLength = -1;
  isStream = false;
  /** A transfer coding other than chunked cannot be passed on truthfully. */
  isBroken = false;
}

/** Reads the raw header list of undici: latin1 bytes, name, value, name, value … */
export function readResponseHead(rawHeaders: readonly (Buffer | string)[]): ResponseHead {
  const head = new ResponseHead();
  let named: string[] | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = latin1(rawHeaders[index]);
    const value = latin1(rawHeaders[index + 1]);
    const meaning = meaningOf(RESPONSE_MEANINGS, name);
    if (meaning === "drop") continue;
    if (meaning === "connection") named = namedByConnection(value, named);
    else if (meaning === "transfer-encoding") head.isBroken ||= value.toLowerCase() !== "chunked";
    else {
      if (meaning === "content-length") head.contentLength = Number(value);
      if (meaning === "content-type") head.isStream = value.startsWith("text/event-stream");
      head.headers.push(name, value);
    }
  }
  if (named !== undefined) removeNamed(head.headers, named);
  return head;
}

function latin1(bytes: Buffer | string | undefined): string {
  return typeof bytes === "string" ? bytes : (bytes?.toString("latin1") ?? "");
}
