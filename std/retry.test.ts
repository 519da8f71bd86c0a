import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "./clock.ts";
import { backoffMs, poll } from "./retry.ts";

/** Time passes only by sleeping in it. */
function standing(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => slept.reduce((sum, ms) => sum + ms, 0),
    wall: () => 0,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
    },
  };
}

test("backoff doubles from the first wait up to the longest, also after many attempts", () => {
  const bounds = { firstMs: 100, maxMs: 1_000 };
  deepStrictEqual(
    [0, 1, 2, 3, 4, 1_000].map((attempt) => backoffMs(attempt, bounds)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
});

test("a poll ends with the first answer, also a falsy one, and sleeps in between", async () => {
  const clock = standing();
  const answers = [undefined, undefined, 0];
  const options = { clock, everyMs: 50, signal: new AbortController().signal };
  strictEqual(await poll(async () => answers.shift(), options), 0);
  deepStrictEqual(clock.slept, [50, 50]);
});

test("a poll ends with the signal's own reason, and asks no more", async () => {
  const clock = standing();
  const ended = new AbortController();
  let asked = 0;
  const probe = async (): Promise<undefined> => {
    asked += 1;
    if (asked === 3) ended.abort(new Error("the roll was taken back"));
  };
  const polling = poll(probe, { clock, everyMs: 50, signal: ended.signal });
  await rejects(polling, /the roll was taken back/);
  strictEqual(asked, 3);
});

test("a probe that fails ends the poll: only the caller knows which failures pass", async () => {
  const options = { clock: standing(), everyMs: 50, signal: new AbortController().signal };
  await rejects(
    poll(() => Promise.reject(new Error("refused")), options),
    /refused/,
  );
});
