import type { DrillRequest } from "./request.ts";
import { unitSeen } from "./whole.ts";

const LOOK_MS = 100;

/** Looks by itself, while a roll is under way, whether instances of a release are there. */
export class ReleaseSpotter implements AsyncDisposable {
  started = false;
  routed = false;
  readonly #request: DrillRequest;
  readonly #wanted: { readonly unit: string; readonly release: string };
  readonly #over = new AbortController();
  readonly #looking: Promise<void>;

  constructor(request: DrillRequest, wanted: { readonly unit: string; readonly release: string }) {
    this.#request = request;
    this.#wanted = wanted;
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    const { target, clock } = this.#request;
    const signal = this.#over.signal;
    while (!signal.aborted) {
      try {
        const unit = unitSeen(await target.observe(signal), this.#wanted.unit);
        const ours = (unit?.instances ?? []).filter(
          (instance) => instance.release === this.#wanted.release,
        );
        this.started ||= ours.length > 0;
        this.routed ||= ours.some((instance) => instance.routed);
      } catch {
        // A look that fails is made again; a release that is never seen proves nothing.
      }
      await clock.sleep(LOOK_MS, signal).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }
}
