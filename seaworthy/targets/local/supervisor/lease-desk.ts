import type { Clock } from "@seaworthy/std/clock";
import type { LeaseOwner } from "../../target.ts";
import type { LeaseReply } from "../protocol.ts";
import type { Ledger } from "./ledger.ts";

interface Held {
  readonly by: object;
  readonly owner: LeaseOwner;
  readonly sinceMs: number;
  /** Its client is gone; resolves when what it had asked for goes on no more. */
  readonly settling: Promise<unknown> | undefined;
}

/** One lease at a time: whoever asked first, until its connection ends and its steps settled. */
export class LeaseDesk {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  /** Resolves when we write nothing that from now on is its holder's to write. */
  readonly #settled: () => Promise<void>;
  #held: Held | undefined;

  #wasHeld = false;

  constructor(ledger: Ledger, clock: Clock, settled: () => Promise<void>) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#settled = settled;
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** A first client has come and gone. */
  get wasHeld(): boolean {
    return this.#wasHeld;
  }

  /** `by` stands for the connection. */
  async take(by: object, owner: LeaseOwner): Promise<LeaseReply> {
    // A client that is gone holds nobody up for longer than its last step takes to end.
    await this.#held?.settling;
    const held = this.#held;
    if (held !== undefined) {
      return { held: false, by: held.owner, sinceMs: this.#clock.now() - held.sinceMs };
    }
    // Before the write, so that another one asking meanwhile is told.
    this.#held = { by, owner, sinceMs: this.#clock.now(), settling: undefined };
    try {
      await this.#settled();
      await this.#ledger.intend((state) => ({ ...state, epoch: state.epoch + 1 }));
    } catch (error) {
      this.#held = undefined;
      throw error;
    }
    this.#wasHeld = true;
    return { held: true, epoch: this.#ledger.state.epoch };
  }

  /** Whether a step of this connection with this epoch may be done. */
  admits(by: object, epoch: number): boolean {
    return this.#held?.by === by && epoch === this.#ledger.state.epoch;
  }

  /** The client is gone: the lease is free when `settling` resolves. */
  async leave(by: object, settling: Promise<unknown>): Promise<void> {
    if (this.#held?.by === by) this.#held = { ...this.#held, settling };
    await settling;
    this.letGo(by);
  }

  letGo(by: object): void {
    if (this.#held?.by === by) this.#held = undefined;
  }
}
