import type { Clock } from "@seaworthy/std/clock";

/** RFC 3339 times for log lines; the part up to the second is made once a second. */
export class Stamp {
  readonly #clock: Clock;
  #second = -1;
  #prefix = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): string {
    const wall = Math.floor(this.#clock.wall());
    const second = Math.floor(wall / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = new Date(second * 1_000).toISOString().slice(0, -4);
    }
    const ms = wall - second * 1_000;
    return `${this.#prefix}${ms < 10 ? "00" : ms < 100 ? "0" : ""}${ms}Z`;
  }
}
