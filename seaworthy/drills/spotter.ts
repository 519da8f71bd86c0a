import type { DrillRequest } from "./request.ts";
import { unitSeen } from "./whole.ts";

const LOOK_MS = 100;
/** Memory is asked for less often: each time, all processes of the machine are looked at. */
const MEMORY_EVERY_LOOKS = 5;

/** Looks by itself, while a roll is under way, at the instances of one release. */
export class ReleaseSpotter implements AsyncDisposable {
  started = false;
  routed = false;
  /** One of them ended by itself. */
  died = false;
  /** The most that one of them held; undefined: the target cannot say. */
  heldBytes: number | undefined;
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
    const signal = this.#over.signal;
    for (let looks = 0; !signal.aborted; looks += 1) {
      try {
        await this.#instances(signal);
        if (looks % MEMORY_EVERY_LOOKS === 0) await this.#memory(signal);
      } catch {
        // A look that fails is made again; a release that is never seen proves nothing.
      }
      await this.#request.clock.sleep(LOOK_MS, signal).catch(() => {});
    }
  }

  async #instances(signal: AbortSignal): Promise<void> {
    const { unit: name, release } = this.#wanted;
    const unit = unitSeen(await this.#request.target.observe(signal), name);
    const ours = (unit?.instances ?? []).filter((instance) => instance.release === release);
    this.started ||= ours.length > 0;
    this.routed ||= ours.some((instance) => instance.routed);
    this.died ||= ours.some(
      ({ restarts, state }) => restarts > 0 || state === "gone" || state === "backing-off",
    );
  }

  async #memory(signal: AbortSignal): Promise<void> {
    const { unit, release } = this.#wanted;
    const { instances } = await this.#request.target.measure(unit, signal);
    for (const one of instances) {
      if (one.release !== release || one.memoryBytes === undefined) continue;
      this.heldBytes = Math.max(this.heldBytes ?? 0, one.memoryBytes);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }
}
