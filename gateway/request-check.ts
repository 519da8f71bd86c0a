import type { IncomingMessage } from "node:http";
import { HOST_SHAPE, type RequestHead } from "./headers.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import { hasDotSegment } from "./routes.ts";
import { checkHandshake } from "./upgrade.ts";

/** Header lines of one request; a hundred is far beyond any browser or library. */
const HEADER_LINES_MAX = 100;

/** RFC 9112 §3 asks for 8,000 at least; nobody who writes longer ones by hand is meant. */
const TARGET_BYTES_MAX = 8_192;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]+)([/?].*)?$/i;

/** The request target split as routes and logs need it. */
export interface Target {
  /** Path and query, as it is passed on. */
  readonly target: string;
  readonly path: string;
}

/** Origin form, the asterisk of OPTIONS, or absolute form, whose host wins (RFC 9112 §3.2). */
export function readTarget(
  head: RequestHead,
  { url = "", method }: Pick<IncomingMessage, "url" | "method">,
): Target | undefined {
  let target = url;
  if (url.charCodeAt(0) !== 47) {
    if (url === "*" && method === "OPTIONS") return { target: "*", path: "*" };
    const match = ABSOLUTE_FORM.exec(url);
    if (match === null) return undefined;
    head.host = match[1] ?? "";
    const rest = match[2] ?? "/";
    target = rest.startsWith("?") ? `/${rest}` : rest;
  }
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  return hasDotSegment(path) || target.includes("#") ? undefined : { target, path };
}

/** What makes a readable head unacceptable; undefined when nothing does. */
export function checkRequest(
  head: RequestHead,
  request: IncomingMessage,
  bodyBytesMax: number,
): Refusal | undefined {
  // Node's parser knows 0.9, which has no fields, and 2.0, which is not written so.
  if (request.httpVersionMajor !== 1) return REFUSALS.version;
  if (head.refusal !== undefined) return head.refusal;
  if ((request.url ?? "").length > TARGET_BYTES_MAX) return REFUSALS.targetTooLong;
  if (request.rawHeaders.length > HEADER_LINES_MAX * 2) return REFUSALS.headTooLarge;
  if (!isHostValid(head, request)) return REFUSALS.host;
  // HTTP/1.0 knows no chunks: whoever reads this on the way may see another end of the body.
  if (head.chunked && request.httpVersionMinor === 0) return REFUSALS.ambiguousLength;
  if (head.contentLength > bodyBytesMax) return REFUSALS.bodyTooLarge;
  return checkUpgrade(head, request);
}

function checkUpgrade(head: RequestHead, request: IncomingMessage): Refusal | undefined {
  // h2c may be ignored (RFC 9110 §7.8), and Java's client offers it with every request.
  if (head.upgrade === undefined || head.upgrade === "h2c") return undefined;
  // node:http has let go of the connection: `Connection` named the upgrade as well.
  const isUpgrade = "upgrade" in request && request.upgrade === true;
  return head.upgrade === "websocket" && isUpgrade
    ? checkHandshake(head, request)
    : REFUSALS.upgrade;
}

function isHostValid(head: RequestHead, request: IncomingMessage): boolean {
  if (head.hosts === 0) return request.httpVersionMinor === 0;
  return head.hosts === 1 && HOST_SHAPE.test(head.host);
}
