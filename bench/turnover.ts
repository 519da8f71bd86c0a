import type { World } from "./measured.ts";

/**
 * Takes one run's system down while the next one's is brought up, and never beside a measurement:
 * whoever measures waits for `over` first.
 */
export class Turnover implements AsyncDisposable {
  readonly #say: World["say"];
  #closing: Promise<void> = Promise.resolve();

  constructor({ say }: Pick<World, "say">) {
    this.#say = say;
  }

  /** Runs `work` on what is open; takes it down afterwards, whatever came of it. */
  async with<Open extends AsyncDisposable, Value>(
    open: () => Promise<Open>,
    work: (opened: Open) => Promise<Value>,
  ): Promise<Value> {
    const opened = await open();
    try {
      await this.#closing;
      return await work(opened);
    } finally {
      this.#closing = this.#close(opened);
    }
  }

  /** What was measured stands, though its system may not go by itself: that is said. */
  async #close(opened: AsyncDisposable): Promise<void> {
    try {
      await opened[Symbol.asyncDispose]();
    } catch (error) {
      this.#say(`not taken down: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing;
  }
}
