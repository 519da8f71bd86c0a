import assert from "node:assert/strict";
import { test } from "node:test";
import { addForwarded, readRequestHead, readResponseHead, type Origin } from "./headers.ts";

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

const SAID = raw(
  "Host: a:1",
  "X-Forwarded-For: 6.6.6.6, 192.0.2.9",
  "Forwarded: for=6.6.6.6",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: shop.example",
);

function forwarded(origin: Origin, lines = SAID): readonly string[] {
  const head = readRequestHead(lines);
  addForwarded(head, origin);
  return head.forward;
}

test("a stranger's word about former hops is dropped", () => {
  const client = { address: "127.0.0.1", hops: ["127.0.0.1"] };
  assert.deepEqual(
    forwarded({ client, peer: "stranger", scheme: "https" }),
    raw(
      "host: a:1",
      "x-forwarded-for: 127.0.0.1",
      "x-forwarded-proto: https",
      "x-forwarded-host: a:1",
      'forwarded: for=127.0.0.1;host="a:1";proto=https',
    ),
  );
});

test("an inner service's word about former hops is kept", () => {
  const client = { address: "::1", hops: ["::1"] };
  assert.deepEqual(
    forwarded({ client, peer: "inside", scheme: "http" }),
    raw(
      "host: a:1",
      "x-forwarded-for: 6.6.6.6, 192.0.2.9, ::1",
      "x-forwarded-proto: https",
      "x-forwarded-host: shop.example",
      'forwarded: for=6.6.6.6, for="[::1]";host="a:1";proto=http',
    ),
  );
});

test("a trusted proxy vouches for the hops that are believed, scheme and host, no more", () => {
  const client = { address: "192.0.2.9", hops: ["192.0.2.9", "10.0.0.1"] };
  const origin = { client, peer: "proxy", scheme: "http" } as const;
  assert.deepEqual(
    forwarded(origin),
    raw(
      "host: a:1",
      "x-forwarded-for: 192.0.2.9, 10.0.0.1",
      "x-forwarded-proto: https",
      "x-forwarded-host: shop.example",
      'forwarded: for=192.0.2.9;host="shop.example";proto=https, ' +
        'for=10.0.0.1;host="a:1";proto=http',
    ),
  );
  const odd = raw("Host: a:1", "X-Forwarded-Proto: gopher", 'X-Forwarded-Host: a"b');
  assert.deepEqual(
    forwarded(origin, odd).filter((_, index) => index >= 4 && index < 8),
    raw("x-forwarded-proto: http", "x-forwarded-host: a:1"),
  );
});

test("a name that CGI reads as one of ours is dropped, any other underscore is not", () => {
  const lines = raw("X_Forwarded_For: 6.6.6.6", "content_LENGTH: 5", "my_header: 1", "Via_: x");
  assert.deepEqual(readRequestHead(lines).forward, raw("my_header: 1", "Via_: x"));
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
