import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { Refused, badRequest } from "./problem.ts";

/**
 * An oversized body is read on and thrown away up to this multiple of its limit, so that the client
 * gets to read the 413: closing a socket with unread bytes in it sends a reset that overtakes the
 * answer. Beyond it the connection is cut.
 */
const DISCARD_FACTOR = 8;

/** The client went away before its request was complete; there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/** The whole body, at most `limitBytes`; refuses with 413, rejects with `ClientGone` when cut. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limitBytes * DISCARD_FACTOR) return Promise.reject(tooLarge(limitBytes));
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limitBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (size > limitBytes * DISCARD_FACTOR) request.destroy();
  });
  request.once("end", () => {
    if (size > limitBytes) reject(tooLarge(limitBytes));
    else
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  });
  request.once("error", (cause) => reject(new ClientGone("the request was cut", { cause })));
  request.once("close", () => reject(new ClientGone("the request was cut")));
  return promise;
}

/** The body's JSON value; invalid UTF-8 and invalid JSON are the caller's fault (400). */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw badRequest("invalid_json", "the body is not UTF-8");
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return value;
  } catch {
    throw badRequest("invalid_json", "the body is not JSON");
  }
}

function tooLarge(limitBytes: number): Refused {
  return new Refused({
    status: 413,
    code: "request_too_large",
    title: `the body is larger than ${limitBytes} bytes`,
    retryable: false,
    applied: "no",
  });
}
