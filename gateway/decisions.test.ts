import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSafeMethod, mayRetry, TRIES_MAX, type RetryQuestion, type TryFailure } from "./retry.ts";
import { byPrefixLength, hasDotSegment, matchRoute } from "./routes.ts";

const FAILURES: readonly TryFailure[] = [
  "refused",
  "connect-timeout",
  "reset",
  "malformed",
  "try-timeout",
  "total-timeout",
  "endpoint-out",
  "withdrawn",
  "cut",
];

function aQuestion(parts: Partial<RetryQuestion> = {}): RetryQuestion {
  return {
    failure: "reset",
    sent: true,
    repeatable: true,
    bodyKept: true,
    tries: 1,
    direct: false,
    ...parts,
  };
}

test("a request that may not be repeated is never sent again once a byte was written", () => {
  const question = fc.record({
    failure: fc.constantFrom(...FAILURES),
    sent: fc.constant(true),
    repeatable: fc.constant(false),
    bodyKept: fc.boolean(),
    tries: fc.integer({ min: 1, max: 5 }),
    direct: fc.boolean(),
  });
  fc.assert(fc.property(question, (one) => !mayRetry(one)));
});

test("a request of which nothing was written may go elsewhere, whatever it is", () => {
  assert.ok(mayRetry(aQuestion({ failure: "refused", sent: false, repeatable: false })));
  assert.ok(mayRetry(aQuestion({ failure: "connect-timeout", sent: false, repeatable: false })));
});

test("tries, time, a lost body and a named instance end the tries of any request", () => {
  assert.ok(mayRetry(aQuestion()));
  assert.ok(!mayRetry(aQuestion({ tries: TRIES_MAX })));
  assert.ok(!mayRetry(aQuestion({ failure: "total-timeout" })));
  assert.ok(!mayRetry(aQuestion({ bodyKept: false })));
  assert.ok(!mayRetry(aQuestion({ direct: true })));
});

test("safe methods are those three", () => {
  const safe = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get"];
  assert.deepEqual(safe.filter(isSafeMethod), ["GET", "HEAD", "OPTIONS"]);
});

test("the longest prefix wins, at a path's joints only", () => {
  const routes = byPrefixLength(
    ["/", "/v1", "/v1/models", "/files/"].map((prefix) => ({ prefix })),
  );
  const match = (path: string): string | undefined => matchRoute(routes, path)?.prefix;
  assert.equal(match("/v1"), "/v1");
  assert.equal(match("/v1/"), "/v1");
  assert.equal(match("/v1x"), "/");
  assert.equal(match("/v1/models/x"), "/v1/models");
  assert.equal(match("/v1/modelsx"), "/v1");
  assert.equal(match("/files/x"), "/files/");
  assert.equal(match("/files"), "/");
  assert.equal(matchRoute(routes.slice(0, 2), "/other"), undefined);
});

test("dot segments are seen in every spelling, and only those", () => {
  for (const bad of ["/..", "/a/../b", "/a/./b", "/%2e%2E/b", "/a/.%2e", "/a/%2e"]) {
    assert.ok(hasDotSegment(bad), bad);
  }
  for (const good of ["/.well-known/x", "/a/...", "/a/..b", "/a.b/c", "/%2eenv"]) {
    assert.ok(!hasDotSegment(good), good);
  }
});
