import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { deadline, DeadlineExceeded, systemClock, timestamp } from "./clock.ts";

/** Longer than a test may take, short enough to notice when it is waited for. */
const LONG_MS = 60_000;
/** More than a 32-bit timer can hold: Node would fire it at once. */
const THIRTY_DAYS_MS = 30 * 86_400_000;

/** Keeps the process alive for a deadline, whose timer does not. */
async function aborted(signal: AbortSignal): Promise<unknown> {
  const alive = setTimeout(() => {}, LONG_MS);
  if (!signal.aborted) await once(signal, "abort");
  clearTimeout(alive);
  return signal.reason;
}

test("a deadline names what was waited for", async () => {
  const reason = await aborted(deadline(1, "web-1 to be ready"));
  ok(reason instanceof DeadlineExceeded);
  strictEqual(reason.message, "web-1 to be ready: not done after 1 ms");
});

for (const [ms, how] of [
  [0, "no time"],
  [-5, "less than no time"],
  [0.4, "a fraction"],
] as const) {
  test(`a deadline with ${how} left is over at once`, async () => {
    ok((await aborted(deadline(ms, "x"))) instanceof DeadlineExceeded);
  });
}

test("a deadline of thirty days is not over at once", async () => {
  const signal = deadline(THIRTY_DAYS_MS, "x");
  await systemClock.sleep(20);
  strictEqual(signal.aborted, false);
});

test("a deadline ends with its parent, for the parent's reason", async () => {
  const parent = new AbortController();
  const signal = deadline(LONG_MS, "x", parent.signal);
  parent.abort(new Error("Ctrl-C"));
  match(String(await aborted(signal)), /Ctrl-C/);
});

test("a sleep ends with the signal's own reason, before it began or later", async () => {
  await rejects(systemClock.sleep(LONG_MS, deadline(1, "the drain")), DeadlineExceeded);
  await rejects(systemClock.sleep(LONG_MS, AbortSignal.abort(new Error("over"))), /^Error: over$/);
});

test("a sleep of thirty days does not end at once", async () => {
  await rejects(systemClock.sleep(THIRTY_DAYS_MS, deadline(20, "patience")), DeadlineExceeded);
});

test("time passes, and not at all for no sleep", async () => {
  const before = systemClock.now();
  await systemClock.sleep(0);
  await systemClock.sleep(-1);
  await systemClock.sleep(5);
  const passed = systemClock.now() - before;
  ok(passed >= 4 && passed < LONG_MS, `${passed} ms`);
});

test("a timestamp is RFC 3339 in UTC", () => {
  strictEqual(timestamp({ ...systemClock, wall: () => 0 }), "1970-01-01T00:00:00.000Z");
});
