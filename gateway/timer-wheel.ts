import type { Clock } from "@seaworthy/std/clock";

/** Resolution: a deadline fires at most this late (plus what the event loop is late). */
export const TICK_MS = 20;
/** 512 ticks = 10 s; a deadline beyond is looked at once a turn, which costs nothing noticeable. */
const SLOTS = 512;

/**
 * Something with one deadline that moves often and is rarely reached: a request. Moving it later
 * is a plain assignment; one timer per request would cost more than the rest of the bookkeeping.
 */
export abstract class Timed {
  deadlineMs = Number.POSITIVE_INFINITY;
  wheelNext: Timed | undefined = undefined;
  wheelPrevious: Timed | undefined = undefined;
  /** The tick whose turn looks at this entry; -1 when it is on no wheel. */
  wheelTick = -1;

  abstract expire(nowMs: number): void;
}

class SlotHead extends Timed {
  override expire(): void {}
}

/** A hashed timer wheel. It runs only while something is on it. */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: SlotHead[] = Array.from({ length: SLOTS }, () => new SlotHead());
  #tick: number;
  #size = 0;
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick = Math.floor(clock.now() / TICK_MS);
  }

  get size(): number {
    return this.#size;
  }

  /** Sets or moves the deadline. Moving it later relinks nothing: its turn is put off then. */
  schedule(timed: Timed, deadlineMs: number): void {
    timed.deadlineMs = deadlineMs;
    if (!this.#running) this.#catchUp();
    const wanted = Math.max(this.#tick + 1, Math.ceil(deadlineMs / TICK_MS));
    const tick = Math.min(wanted, this.#tick + SLOTS - 1);
    if (timed.wheelTick !== -1) {
      if (timed.wheelTick <= tick) return;
      this.#unlink(timed);
    }
    this.#link(timed, tick);
    if (!this.#running) void this.#run();
  }

  cancel(timed: Timed): void {
    if (timed.wheelTick !== -1) this.#unlink(timed);
    timed.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Fires what is due. Called by the wheel's own loop; tests call it with a clock of theirs. */
  advance(nowMs: number): void {
    const last = Math.floor(nowMs / TICK_MS);
    // After a stall of more than a turn every slot is looked at once; more would find nothing.
    if (last - this.#tick > SLOTS) this.#tick = last - SLOTS;
    while (this.#tick < last) {
      this.#tick += 1;
      this.#turn(nowMs);
    }
  }

  #turn(nowMs: number): void {
    const head = this.#slots[this.#tick % SLOTS];
    // From the head each time: what expires may take others off the wheel. Nothing is put back
    // into the slot whose turn it is.
    for (let timed = head?.wheelNext; timed !== undefined; timed = head?.wheelNext) {
      this.#unlink(timed);
      if (timed.deadlineMs <= nowMs) timed.expire(nowMs);
      else this.schedule(timed, timed.deadlineMs);
    }
  }

  #link(timed: Timed, tick: number): void {
    const head = this.#slots[tick % SLOTS];
    if (head === undefined) return;
    timed.wheelTick = tick;
    timed.wheelPrevious = head;
    timed.wheelNext = head.wheelNext;
    if (head.wheelNext !== undefined) head.wheelNext.wheelPrevious = timed;
    head.wheelNext = timed;
    this.#size += 1;
  }

  #unlink(timed: Timed): void {
    if (timed.wheelPrevious !== undefined) timed.wheelPrevious.wheelNext = timed.wheelNext;
    if (timed.wheelNext !== undefined) timed.wheelNext.wheelPrevious = timed.wheelPrevious;
    timed.wheelNext = undefined;
    timed.wheelPrevious = undefined;
    timed.wheelTick = -1;
    this.#size -= 1;
  }

  /** Nothing turned while nothing was on it. */
  #catchUp(): void {
    this.#tick = Math.max(this.#tick, Math.floor(this.#clock.now() / TICK_MS));
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#size > 0) {
      await this.#clock.sleep(TICK_MS);
      this.advance(this.#clock.now());
    }
    this.#running = false;
  }
}
