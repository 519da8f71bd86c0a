import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@seaworthy/std/clock";
import fc from "fast-check";
import type { InFlight } from "./endpoint.ts";
import { windUp } from "./wind-up.ts";

/** Time passes only by sleeping. */
function sleeper(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    wall: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
}

class Stream implements InFlight {
  place = -1;
  readonly isMovable = false;
  endedMs: number | undefined = undefined;
  readonly #clock: Clock;
  readonly #isLong: boolean;

  constructor(clock: Clock, isLong = true) {
    this.#clock = clock;
    this.#isLong = isLong;
  }

  takeAway(): void {}

  windUp(): boolean {
    if (!this.#isLong || this.endedMs !== undefined) return false;
    this.endedMs = this.#clock.now();
    return true;
  }
}

async function endsOf(count: number, endMs: number): Promise<readonly number[]> {
  const clock = sleeper();
  const streams = Array.from({ length: count }, () => new Stream(clock));
  const plain = new Stream(clock, false);
  const { signal } = new AbortController();
  const ended = await windUp({ clock, endMs, streams: () => [plain, ...streams], signal });
  assert.deepEqual(ended, new Set(streams));
  return streams.map((one) => one.endedMs ?? Number.NaN);
}

test("all are ended before the deadline, in its last two seconds, and evenly", async () => {
  const counts = fc.integer({ min: 1, max: 200 });
  const deadlines = fc.integer({ min: 400, max: 60_000 });
  await fc.assert(
    fc.asyncProperty(counts, deadlines, async (count, endMs) => {
      const ends = await endsOf(count, endMs);
      const spreadMs = Math.min(2_000, endMs / 2);
      const fromMs = endMs - spreadMs;
      const toMs = endMs - spreadMs / 2;
      assert.ok(ends.every((ms) => ms >= fromMs && ms <= toMs + 10));
      // In any tenth of the time no more than a tenth, and what one look ends on top.
      const part = (toMs - fromMs) / 10;
      for (let tenth = 0; tenth < 10; tenth += 1) {
        const inside = ends.filter((ms) => {
          return ms >= fromMs + tenth * part && ms < fromMs + (tenth + 1) * part;
        });
        const looks = Math.ceil(part / 10) + 1;
        const most = looks * Math.ceil((count + 1) / ((toMs - fromMs) / 10));
        assert.ok(inside.length <= most, `${inside.length} of ${count} in one tenth`);
      }
    }),
    { numRuns: 20 },
  );
});

test("one that begins meanwhile is ended too, and a drain that is over ends nothing", async () => {
  const clock = sleeper();
  const first = new Stream(clock);
  const late = new Stream(clock);
  const streams = (): readonly InFlight[] => (clock.now() < 1_500 ? [first] : [first, late]);
  const { signal } = new AbortController();
  const ended = await windUp({ clock, endMs: 2_000, streams, signal });
  assert.deepEqual(ended, new Set([first, late]));
  const over = AbortSignal.abort();
  const untouched = new Stream(clock);
  const none = await windUp({ clock, endMs: 9_000, streams: () => [untouched], signal: over });
  assert.equal(none.size, 0);
  assert.equal(untouched.endedMs, undefined);
});
