import { writeDurably } from "../durable-file.ts";
import type { SupervisorState } from "./state.ts";

type Update = (state: SupervisorState) => SupervisorState;

/** The supervisor's state in memory and on disk; changes happen one after the other. */
export class Ledger {
  readonly #path: string;
  #state: SupervisorState;
  #queue: Promise<unknown> = Promise.resolve();
  #unwritten = false;

  constructor(path: string, state: SupervisorState) {
    this.#path = path;
    this.#state = state;
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** Before an effect: resolves when it is on disk; when that fails, nothing has changed. */
  async intend(update: Update): Promise<void> {
    await this.#inTurn(async () => {
      const next = update(this.#state);
      await writeDurably(this.#path, JSON.stringify(next));
      this.#state = next;
      this.#unwritten = false;
    });
  }

  /**
   * After an effect: what happened is remembered even where it cannot be written now (a full
   * disk); `flush` or the next change writes it.
   */
  async record(update: Update): Promise<void> {
    await this.#inTurn(async () => {
      this.#state = update(this.#state);
      this.#unwritten = true;
      await this.#write();
    });
  }

  /** Writes what an earlier `record` could not. */
  async flush(): Promise<void> {
    await this.#inTurn(() => this.#write());
  }

  async #write(): Promise<void> {
    if (!this.#unwritten) return;
    try {
      await writeDurably(this.#path, JSON.stringify(this.#state));
      this.#unwritten = false;
    } catch {
      // Kept in memory and tried again: the effect has happened, refusing it would be a lie.
    }
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => {});
    await mine;
  }
}
