import assert from "node:assert/strict";
import { test } from "node:test";
import { addForwarded, readRequestHead, readResponseHead } from "./headers.ts";

/** `name: value` lines → a flat raw list, as node:http has it. */
function raw(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

test("hop-by-hop headers go, in any case, and those that Connection names", () => {
  const head = readRequestHead(
    raw(
      "Connection: X-One, x-two",
      "X-One: 1",
      "x-TWO: 2",
      "X-Three: 3",
      "KEEP-alive: timeout=5",
      "TE: trailers",
      "Trailer: x",
      "Proxy-Connection: x",
      "proxy-authorization: x",
      "Expect: 100-continue",
      "Cookie: a=b",
      "Cookie: c=d",
    ),
  );
  assert.deepEqual(head.forward, raw("X-Three: 3", "Cookie: a=b", "Cookie: c=d"));
  assert.equal(head.refusal, undefined);
});

test("two lengths are refused, and a coding that is not chunked", () => {
  const refusal = (...lines: readonly string[]): number | undefined =>
    readRequestHead(raw(...lines)).refusal?.status;
  assert.equal(refusal("Content-Length: 1", "Transfer-Encoding: chunked"), 400);
  assert.equal(refusal("Content-Length: 1", "Content-Length: 1"), 400);
  assert.equal(refusal("Transfer-Encoding: gzip, chunked"), 501);
  assert.equal(refusal("Transfer-Encoding: Chunked"), undefined);
});

test("a stranger's word about former hops is dropped, an inner service's is kept", () => {
  const lines = raw(
    "X-Forwarded-For: 6.6.6.6",
    "Forwarded: for=6.6.6.6",
    "X-Forwarded-Proto: https",
  );
  const origin = { clientAddress: "127.0.0.1", host: "a:1" };
  const stranger = readRequestHead(lines);
  addForwarded(stranger, { ...origin, trusted: false });
  assert.deepEqual(
    stranger.forward,
    raw(
      "host: a:1",
      "x-forwarded-for: 127.0.0.1",
      "x-forwarded-proto: http",
      "x-forwarded-host: a:1",
      'forwarded: for=127.0.0.1;host="a:1";proto=http',
    ),
  );
  const inner = readRequestHead(lines);
  addForwarded(inner, { ...origin, clientAddress: "::1", trusted: true });
  assert.deepEqual(
    inner.forward,
    raw(
      "host: a:1",
      "x-forwarded-for: 6.6.6.6, ::1",
      "x-forwarded-proto: https",
      "x-forwarded-host: a:1",
      'forwarded: for=6.6.6.6, for="[::1]";host="a:1";proto=http',
    ),
  );
});

test("an answer cannot say who it is from, nor keep hop-by-hop headers", () => {
  const head = readResponseHead(
    raw(
      "Connection: keep-alive, X-Hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      "Transfer-Encoding: chunked",
      "Seaworthy-Instance: forged",
      "seaworthy-release: forged",
      "X-Request-Id: forged",
      "Content-Type: text/event-stream; charset=utf-8",
      "Set-Cookie: a=b",
      "Set-Cookie: c=d",
    ).map((text) => Buffer.from(text, "latin1")),
  );
  assert.deepEqual(
    head.headers,
    raw("Content-Type: text/event-stream; charset=utf-8", "Set-Cookie: a=b", "Set-Cookie: c=d"),
  );
  assert.ok(head.isStream && !head.isBroken);
  assert.ok(readResponseHead(raw("Transfer-Encoding: gzip, chunked")).isBroken);
});

test("bytes beyond ASCII pass as they are", () => {
  const bytes = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
  const head = readResponseHead([Buffer.from("X-Name"), bytes]);
  assert.deepEqual(Buffer.from(head.headers[1]!, "latin1"), bytes);
});
