import { type Clock, timestamp } from "@seaworthy/std/clock";
import type { Event } from "../../../record/event.ts";
import type { RecordStore } from "../../../record/store.ts";

/** Stands where other events name their verb: nobody asked for what these tell of. */
const OPERATION = "supervisor";
/** An hour of a crash loop at the longest default backoff; what is more is counted. */
const WAITING_MAX = 200;

/**
 * What became of instances by themselves, for the record. It has one writer at a time: what
 * happens while somebody holds the lease is kept until nobody does.
 */
export class Chronicle {
  readonly #store: Pick<RecordStore, "append">;
  readonly #clock: Clock;
  #waiting: readonly Event[] = [];
  #lost = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<RecordStore, "append">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  tell(instance: string, change: { readonly what: string; readonly because?: string }): void {
    const { what, because } = change;
    const told: Event = {
      ...{ at: timestamp(this.#clock), operation: OPERATION, kind: "instance", instance },
      change: what,
      ...(because === undefined ? {} : { because }),
    };
    this.#lost += Math.max(0, this.#waiting.length + 1 - WAITING_MAX);
    this.#waiting = [...this.#waiting, told].slice(-WAITING_MAX);
  }

  /** Writes what waits, as long as nobody else may; what cannot be written now waits on. */
  async flush(isHeld: () => boolean): Promise<void> {
    while (!isHeld()) {
      const [next, ...rest] = this.#waiting;
      if (next === undefined) return;
      const writing = this.#store.append("event", this.#withLost(next));
      this.#writing = writing.catch(() => {});
      await writing;
      this.#lost = 0;
      this.#waiting = this.#waiting[0] === next ? rest : this.#waiting;
    }
  }

  /** Resolves when nothing is being written; nothing begins while the lease is held. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #withLost(event: Event): Event {
    if (this.#lost === 0 || event.kind !== "instance") return event;
    return { ...event, change: `${event.change} (${this.#lost} such events before it are lost)` };
  }
}
