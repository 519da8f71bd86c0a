import assert from "node:assert/strict";
import { test } from "node:test";
import { DrillAborted, throwIfStopped } from "./aborted.ts";

test("a stop is noticed, at the next look or at once", () => {
  const { signal } = new AbortController();
  throwIfStopped({ signal, stopRequested: () => false });
  throwIfStopped({ signal });
  assert.throws(() => throwIfStopped({ signal, stopRequested: () => true }), /by the operator/);
  assert.throws(() => throwIfStopped({ signal: AbortSignal.abort() }), DrillAborted);
});
