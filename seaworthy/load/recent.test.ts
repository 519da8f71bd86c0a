import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RecentCounts } from "./recent.ts";

describe("the last second", () => {
  test("forgets what is older, also after a pause longer than itself", () => {
    const recent = new RecentCounts();
    recent.sent(0);
    recent.failed(50);
    recent.sent(950);
    assert.deepEqual(recent.lastSecond(990), { sent: 2, failed: 1 });
    assert.deepEqual(recent.lastSecond(1_050), { sent: 1, failed: 0 });
    recent.sent(60_000);
    assert.deepEqual(recent.lastSecond(60_001), { sent: 1, failed: 0 });
  });
});
