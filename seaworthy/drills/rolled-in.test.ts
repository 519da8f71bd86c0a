import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../load/load.ts";
import { BAD_RELEASES, type BadRelease } from "./bad-release.ts";
import { goodInSpiteOf, judgeRoll, type RollSeen, wrongToServe } from "./rolled-in.ts";

const SEEN: RollSeen = {
  outcome: { outcome: "rolled-back", because: "", seconds: 3 },
  own: "r1",
  release: "r2",
  started: true,
  routed: true,
  died: false,
  heldBytes: undefined,
  leakBytes: 400,
};

/** What the rollout says of each, in its own words. */
const BECAUSE: Readonly<Record<BadRelease, string>> = {
  "never-ready": "api: api-4 was not ready after 5000 ms; back: api on r1",
  "one-works": "api: api-5 was not ready after 5000 ms; back: api on r1",
  exiting: "api: api-4 does not stay up: exited with code 1, 3 times before it was ready",
  crashing: "api: api-4 of the new release died; back: api on r1",
  unhealthy: "api: api-4 of the new release restarted during the bake (failed its health check)",
  slow: "api: p95 150 ms against 15 ms steady, limit 2x; back: api on r1",
  failing: "api: 7 of 128 requests to the new release failed (5.5 %, limit 1 %)",
  grey: "api: 31 of 43 requests to the new release failed (72 %, limit 1 %)",
  leaking: "api: api-4 of the new release holds 392MiB of memory, the one before 32MiB",
};
const UNSERVED: readonly BadRelease[] = ["never-ready", "exiting"];

for (const bad of BAD_RELEASES) {
  const routed = !UNSERVED.includes(bad);

  test(`${bad}: taken back for what it is, it proves what the drill is about`, () => {
    const outcome = { outcome: "rolled-back", because: BECAUSE[bad], seconds: 3 } as const;
    const judged = judgeRoll(bad, { ...SEEN, routed, outcome });
    assert.deepEqual([judged.wrongs, judged.doubts], [[], []]);
    assert.match(judged.injected ?? "", /^r1 → r2: rolled-back after 3\.0 s; /);
  });

  test(`${bad}: taken back for another reason proves nothing`, () => {
    const outcome = { outcome: "rolled-back", because: "the disk is full", seconds: 3 } as const;
    const { doubts } = judgeRoll(bad, { ...SEEN, routed, outcome });
    assert.match(doubts.join(), /taken back, but for another reason: the disk is full/);
  });

  test(`${bad}: what could not be taken back is a wrong`, () => {
    const outcome = {
      outcome: "not-rolled-back",
      because: "the edge is away",
      seconds: 3,
    } as const;
    const { wrongs } = judgeRoll(bad, { ...SEEN, routed, outcome });
    assert.match(wrongs.join(), /not rolled back: the edge is away/);
  });
}

test("a release that must never serve is a wrong as soon as it does or is done", () => {
  for (const bad of UNSERVED) {
    assert.match(wrongToServe(bad).join(), /was sent requests/);
    const done = { outcome: "done", because: "", seconds: 3 } as const;
    const { wrongs } = judgeRoll(bad, { ...SEEN, outcome: done });
    assert.match(wrongs.join(), /was sent requests,a release that .* was taken as good/);
  }
  assert.deepEqual(wrongToServe("failing"), []);
  assert.deepEqual(wrongToServe("same"), []);
});

test("the same content is to serve, and a roll that was not tried proves nothing", () => {
  const done = { outcome: "done", because: "", seconds: 3 } as const;
  assert.match(judgeRoll("same", { ...SEEN, outcome: done }).injected ?? "", /seen serving/);
  const unrouted = { ...SEEN, outcome: done, routed: false };
  assert.equal(judgeRoll("same", unrouted).injected, undefined);
  assert.match(judgeRoll("same", SEEN).wrongs.join(), /the same content was taken back/);
  const refused = { outcome: "refused", because: "no room", seconds: 0 } as const;
  assert.match(
    judgeRoll("failing", { ...SEEN, outcome: refused }).doubts.join(),
    /the roll ended as refused: no room/,
  );
});

function answers(release: string, count: number, given: { status?: number; ms?: number } = {}) {
  const { status = 200, ms = 10 } = given;
  return Array.from({ length: count }, (_, index): Sample => {
    const outcome = status < 500 ? "ok" : "failed";
    const times = { dueMs: index * 10, sentMs: index * 10, endMs: index * 10 + ms };
    const unsaid = { failure: undefined, write: undefined, instance: undefined };
    return { index, class: "safe", ...times, outcome, status, release, ...unsaid };
  });
}

test("taken as good: what its clients or the onlookers saw of it is the cause", () => {
  const window = [
    ...answers("r1", 100),
    ...answers("r2", 95, { ms: 150 }),
    ...answers("r2", 5, { status: 500 }),
  ];
  assert.match(goodInSpiteOf("failing", SEEN, window) ?? "", /good: 5 of its 100 answers were err/);
  assert.match(goodInSpiteOf("slow", SEEN, window) ?? "", /its p95 was 150 ms, .* others 10 ms/);
  assert.match(goodInSpiteOf("crashing", { ...SEEN, died: true }, []) ?? "", /ended by itself/);
  assert.match(goodInSpiteOf("leaking", { ...SEEN, heldBytes: 401 }, []) ?? "", /held 401 bytes/);
});

test("taken as good, and nobody saw anything of it: nothing is proved", () => {
  const window = [...answers("r1", 100, { status: 500 }), ...answers("r2", 100, { ms: 15 })];
  for (const bad of ["failing", "grey", "slow", "crashing", "unhealthy", "leaking"] as const) {
    assert.equal(goodInSpiteOf(bad, { ...SEEN, heldBytes: 400 }, window), undefined, bad);
  }
});
