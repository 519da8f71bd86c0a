import assert from "node:assert/strict";
import { test } from "node:test";
import { AbortWatch, DrillAborted, throwIfStopped } from "./aborted.ts";

const DOWN = { sent: 100, failed: 60 };

test("a system that is down longer than predicted is not broken further", () => {
  const watch = new AbortWatch(3_000);
  for (let second = 0; second < 3; second += 1) watch.look(DOWN, 1_000);
  assert.throws(() => watch.look(DOWN, 1_000), DrillAborted);
});

test("a system that recovers in between, or is only hurt, is let be", () => {
  const watch = new AbortWatch(2_000);
  for (let second = 0; second < 9; second += 1) {
    watch.look(second % 3 === 2 ? { sent: 100, failed: 0 } : DOWN, 1_000);
    watch.look({ sent: 100, failed: 50 }, 1_000);
    watch.look({ sent: 0, failed: 0 }, 1_000);
  }
});

test("a stop is noticed, at the next look or at once", () => {
  const { signal } = new AbortController();
  throwIfStopped({ signal, stopRequested: () => false });
  throwIfStopped({ signal });
  assert.throws(() => throwIfStopped({ signal, stopRequested: () => true }), /by the operator/);
  assert.throws(() => throwIfStopped({ signal: AbortSignal.abort() }), DrillAborted);
});
