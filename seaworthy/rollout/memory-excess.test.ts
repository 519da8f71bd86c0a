import assert from "node:assert/strict";
import { test } from "node:test";
import type { MeasuredInstance } from "../targets/target.ts";
import { memoryExcess } from "./memory-excess.ts";
import { NO_COUNTERS, remember } from "./tally.ts";

const MEBIBYTE = 1_048_576;

/** `api-1 r1 40` holds so many MiB; without a number the target could not say. */
function excess(held: readonly string[], limit?: number) {
  const none = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  const instances = held.map((text): MeasuredInstance => {
    const [instance = "", release = "", mebibytes] = text.split(" ");
    const counts = { requests: 0, failed: none, inFlight: none, lastRequestWallMs: undefined };
    const bytes = mebibytes === undefined ? {} : { memoryBytes: Number(mebibytes) * MEBIBYTE };
    return { instance, release, ...counts, latency: { boundsMs: [], counts: [] }, ...bytes };
  });
  const counters = remember(NO_COUNTERS, { since: "once", instances });
  const limitBytes = limit === undefined ? undefined : limit * MEBIBYTE;
  return memoryExcess({ counters, from: "r1", to: "r2", limitBytes })?.because;
}

test("more than is declared, whatever the release before held", () => {
  assert.equal(excess(["api-1 r1 400", "api-4 r2 300"], 300), undefined);
  assert.equal(
    excess(["api-1 r1 400", "api-4 r2 200", "api-5 r2 301"], 300),
    "api-5 of the new release holds 301MiB of memory, declared are 300MiB (resources.memory)",
  );
});

test("without a limit: more than twice as much as before, and felt", () => {
  assert.equal(excess(["api-1 r1 40", "api-4 r2 296"]), undefined, "a small service may grow");
  assert.match(excess(["api-1 r1 40", "api-4 r2 297"]) ?? "", /297MiB.* before 40MiB \(limit 296/);
  assert.equal(excess(["api-1 r1 900", "api-4 r2 1800"]), undefined);
  assert.match(excess(["api-1 r1 900", "api-2 r1 30", "api-4 r2 1801"]) ?? "", /before 900MiB/);
});

test("a limit that is declared allows what nobody would have guessed", () => {
  assert.equal(excess(["api-1 r1 40", "api-4 r2 4000"], 4_096), undefined);
});

test("where the target cannot say, nothing is held against anybody", () => {
  assert.equal(excess(["api-1 r1", "api-4 r2 4000"]), undefined);
  assert.equal(excess(["api-1 r1 40", "api-4 r2"]), undefined);
  assert.equal(excess(["api-4 r2 4000"]), undefined);
  assert.equal(excess([], 1), undefined);
});
