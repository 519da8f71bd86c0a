import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { leastConnections, mayEject, roundRobin, usable } from "./balance.ts";
import { healthEventFor } from "./failure.ts";
import { nextHealth, UNKNOWN_HEALTH, type HealthEvent, type HealthState } from "./health.ts";
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

const RULES = { rise: 2, fall: 3, mayEject: true };

function after(events: readonly HealthEvent[], rules = RULES, from = UNKNOWN_HEALTH): HealthState {
  return events.reduce((state, event) => nextHealth(state, event, rules), from);
}

const HEALTHY = after(["check-passed", "check-passed"]);

test("new endpoints are unknown until rise passes in a row", () => {
  assert.equal(after(["check-passed"]).health, "unknown");
  assert.equal(HEALTHY.health, "healthy");
  assert.equal(after(["check-passed", "check-failed", "check-passed"]).health, "unknown");
});

test("fall failures in a row take out, a refusal takes out at once", () => {
  const twice = after(["check-failed", "check-failed"], RULES, HEALTHY);
  assert.equal(twice.health, "healthy");
  assert.equal(after(["check-failed"], RULES, twice).health, "unhealthy");
  const interrupted: HealthEvent[] = [
    "check-failed",
    "check-failed",
    "check-passed",
    "check-failed",
  ];
  assert.equal(after(interrupted, RULES, HEALTHY).health, "healthy");
  const refused = after(["refused"], { ...RULES, mayEject: false }, HEALTHY);
  assert.equal(refused.health, "unhealthy");
  assert.equal(after(["check-passed"], RULES, refused).health, "unhealthy");
  assert.equal(after(["check-passed", "check-passed"], RULES, refused).health, "healthy");
});

test("three bad answers in a row eject, where the pool can spare it", () => {
  const bad: HealthEvent[] = ["bad-answer", "bad-answer", "bad-answer"];
  assert.equal(after(bad, RULES, HEALTHY).health, "ejected");
  assert.equal(after(bad, { ...RULES, mayEject: false }, HEALTHY).health, "healthy");
  assert.equal(
    after(["bad-answer", "bad-answer", "answered", ...bad.slice(1)], RULES, HEALTHY).health,
    "healthy",
  );
  assert.equal(after(["reset"], RULES, HEALTHY).health, "ejected");
  assert.equal(after(["reset"], { ...RULES, mayEject: false }, HEALTHY).health, "healthy");
});

test("a cut reused connection is no proof, a cut fresh one is; a withdrawal says nothing", () => {
  assert.equal(healthEventFor("reset", true), "bad-answer");
  assert.equal(healthEventFor("reset", false), "reset");
  assert.equal(healthEventFor("withdrawn", false), undefined);
  assert.equal(healthEventFor("malformed", false), undefined);
});

const one = (health: string, routed = true): { routed: boolean; health: string } => ({
  routed,
  health,
});

test("traffic goes to the healthy, else to the unknown, else to all that are routed", () => {
  const healthy = one("healthy");
  const unknown = one("unknown");
  const out = [one("unhealthy"), one("ejected")];
  const unrouted = one("healthy", false);
  assert.deepEqual(usable([healthy, unknown, ...out, unrouted]), [healthy]);
  assert.deepEqual(usable([unknown, ...out, unrouted]), [unknown]);
  assert.deepEqual(usable([...out, unrouted]), out);
  assert.deepEqual(usable([unrouted]), []);
});

test("ejection leaves at least half of the routed endpoints", () => {
  const pool = fc.array(
    fc.record({
      routed: fc.boolean(),
      health: fc.constantFrom("healthy", "unknown", "unhealthy", "ejected"),
    }),
  );
  fc.assert(
    fc.property(pool, (endpoints) => {
      if (!mayEject(endpoints)) return;
      const routed = endpoints.filter((each) => each.routed);
      const fit = routed.filter((each) => each.health === "healthy" || each.health === "unknown");
      assert.ok(fit.length - 1 >= routed.length / 2);
    }),
  );
  assert.ok(mayEject([one("healthy"), one("healthy")]));
  assert.ok(!mayEject([one("healthy"), one("ejected")]));
  assert.ok(!mayEject([one("healthy")]));
});

const load = (inFlightTotal: number): { inFlightTotal: number } => ({ inFlightTotal });

test("round robin takes each in turn and skips those tried", () => {
  const pool = [load(0), load(0), load(0)];
  const taken = [0, 1, 2, 3].map((turn) => pool.indexOf(roundRobin(pool, turn, [])!));
  assert.deepEqual(taken, [0, 1, 2, 0]);
  assert.equal(roundRobin(pool, 0, [pool[0]!]), pool[1]);
  assert.equal(roundRobin(pool, 0, pool), undefined);
  assert.equal(roundRobin([], 5, []), undefined);
});

test("least connections takes the idlest, and equals in turn", () => {
  const pool = [load(3), load(1), load(2)];
  for (const turn of [0, 1, 2]) assert.equal(leastConnections(pool, turn, []), pool[1]);
  assert.equal(leastConnections(pool, 0, [pool[1]!]), pool[2]);
  const equal = [load(0), load(0)];
  assert.notEqual(leastConnections(equal, 0, []), leastConnections(equal, 1, []));
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
