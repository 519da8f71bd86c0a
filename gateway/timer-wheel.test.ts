import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@seaworthy/std/clock";
import { Timed, TICK_MS, TimerWheel } from "./timer-wheel.ts";

class Alarm extends Timed {
  readonly #rang: (nowMs: number) => void;
  constructor(rang: (nowMs: number) => void) {
    super();
    this.#rang = rang;
  }
  override expire(nowMs: number): void {
    this.#rang(nowMs);
  }
}

/** A clock that moves only when told; `sleep` ends with the next move. */
function handClock(): Clock & { move(ms: number): Promise<void> } {
  let nowMs = 5_000;
  let wake: (() => void)[] = [];
  return {
    now: () => nowMs,
    wall: () => nowMs,
    sleep: () => new Promise((resolve) => wake.push(resolve)),
    move: async (ms) => {
      nowMs += ms;
      const due = wake;
      wake = [];
      for (const one of due) one();
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test("rings once, by itself, within a tick of its deadline", async () => {
  const clock = handClock();
  const wheel = new TimerWheel(clock);
  const rings: number[] = [];
  // One entry, scheduled once, on a wheel that stands still.
  wheel.schedule(new Alarm((now) => rings.push(now)), clock.now() + 100);
  for (let step = 0; step < 20; step += 1) await clock.move(TICK_MS);
  assert.equal(rings.length, 1);
  assert.ok(rings[0]! >= 5_100 && rings[0]! <= 5_100 + 2 * TICK_MS, String(rings[0]));
  assert.equal(wheel.size, 0);
});

test("a deadline put off does not ring early, one brought forward does not ring late", () => {
  const clock = handClock();
  const wheel = new TimerWheel(clock);
  const rings: string[] = [];
  const later = new Alarm(() => rings.push("later"));
  const sooner = new Alarm(() => rings.push("sooner"));
  wheel.schedule(later, 5_100);
  wheel.schedule(later, 6_000);
  wheel.schedule(sooner, 6_000);
  wheel.schedule(sooner, 5_200);
  wheel.advance(5_500);
  assert.deepEqual(rings, ["sooner"]);
  wheel.advance(6_040);
  assert.deepEqual(rings, ["sooner", "later"]);
});

test("deadlines beyond a turn of the wheel, and a stall of several turns", () => {
  const clock = handClock();
  const wheel = new TimerWheel(clock);
  const rings: number[] = [];
  wheel.schedule(new Alarm(() => rings.push(1)), 5_000 + 25_000);
  wheel.schedule(new Alarm(() => rings.push(2)), 5_000 + 40_000);
  wheel.advance(5_000 + 24_900);
  assert.deepEqual(rings, []);
  wheel.advance(5_000 + 25_100);
  assert.deepEqual(rings, [1]);
  wheel.advance(5_000 + 500_000);
  assert.deepEqual(rings, [1, 2]);
});

test("what rings may take its neighbours off, and the rest of the slot still rings", () => {
  const clock = handClock();
  const wheel = new TimerWheel(clock);
  const rings: string[] = [];
  const last = new Alarm(() => rings.push("last"));
  const cancelled = new Alarm(() => rings.push("cancelled"));
  const first = new Alarm(() => {
    rings.push("first");
    wheel.cancel(cancelled);
  });
  // Linked at the head of one slot: rung in the order first, cancelled, last.
  for (const one of [last, cancelled, first]) wheel.schedule(one, 5_100);
  wheel.advance(5_200);
  assert.deepEqual(rings, ["first", "last"]);
  assert.equal(wheel.size, 0);
});
