import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** What clients saw, by class; `wrong` is an answer that is no 200. */
export interface ClientsSaw {
  readonly ok: number;
  readonly refused: number;
  readonly reset: number;
  readonly timeout: number;
  readonly wrong: number;
}

const EVERY_MS = 20;
const TIMEOUT_MS = 5_000;

/**
 * Asks an address again and again on fresh connections, never repeating one that failed, so that
 * nothing is hidden. Stopping waits for what is open.
 */
export class Clients implements AsyncDisposable {
  readonly #url: string;
  readonly #saw = { ok: 0, refused: 0, reset: 0, timeout: 0, wrong: 0 };
  readonly #open = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  #stopped = false;
  /** The most that were open at one time: no more can be lost with one process. */
  openMax = 0;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#go();
  }

  get saw(): ClientsSaw {
    return { ...this.#saw };
  }

  async stop(): Promise<ClientsSaw> {
    this.#stopped = true;
    await this.#loop;
    await Promise.all(this.#open);
    return this.saw;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #go(): Promise<void> {
    while (!this.#stopped) {
      const asked = this.#ask().finally(() => this.#open.delete(asked));
      this.#open.add(asked);
      this.openMax = Math.max(this.openMax, this.#open.size);
      await pause(EVERY_MS);
    }
  }

  async #ask(): Promise<void> {
    const seen = await answerOf(this.#url);
    this.#saw[seen] += 1;
  }
}

async function answerOf(url: string): Promise<keyof ClientsSaw> {
  return await new Promise((resolve) => {
    const sent = request(url, { agent: false, timeout: TIMEOUT_MS }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode === 200 ? "ok" : "wrong"));
      answer.on("error", () => resolve("reset"));
    });
    sent.on("timeout", () => {
      resolve("timeout");
      sent.destroy();
    });
    sent.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ECONNREFUSED" ? "refused" : "reset"),
    );
    sent.end();
  });
}
