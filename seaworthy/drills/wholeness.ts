import type { Observed } from "../plan/observed.ts";
import type { InstanceId } from "../record/step.ts";
import type { Restored } from "./finding.ts";
import type { DrillRequest } from "./request.ts";
import { notWhole } from "./whole.ts";

const LOOK_MS = 200;

/** Whose requests are followed, and as long as what is so. */
export interface Exposed {
  readonly unit: string;
  readonly instance: InstanceId;
  readonly pid: number | undefined;
  /** `frozen`: until another process stands in its place. `broken`: until it is undone. */
  readonly while: "frozen" | "broken";
}

export interface AftermathOptions {
  readonly request: Pick<DrillRequest, "target" | "clock" | "graph">;
  readonly injectedWallMs: number;
  readonly exposed: Exposed | undefined;
  /** False: nothing is whole before the undo, whatever is seen of it. */
  readonly wholeWhileBroken: boolean;
  /** What cannot recover while it is broken recovers from the undo on. */
  readonly recoversFrom: "injection" | "undo";
}

/** Looks from the injection on whether all is whole again, and until when requests hit a victim. */
export class Aftermath {
  /** It was not the process that was struck, at some look before the undo. */
  sawDeath = false;
  readonly #options: AftermathOptions;
  readonly #over = new AbortController();
  readonly #looking: Promise<void>;
  #fromMs: number;
  #isMended = false;
  #restoredMs: number | undefined;
  #lastSentWallMs: number | undefined;

  constructor(options: AftermathOptions) {
    const { clock } = options.request;
    this.#options = options;
    this.#fromMs = clock.now() - (clock.wall() - options.injectedWallMs);
    this.#looking = this.#look();
  }

  /** To be told when the undo was done. */
  mended(): void {
    this.#isMended = true;
    if (this.#options.recoversFrom === "undo") this.#fromMs = this.#options.request.clock.now();
  }

  async #look(): Promise<void> {
    const { clock } = this.#options.request;
    while (!this.#over.signal.aborted) {
      await this.#once().catch(() => {
        // One look that fails is made again; a target that stays silent shows as not whole.
      });
      await clock.sleep(LOOK_MS, this.#over.signal).catch(() => {});
    }
  }

  async #once(): Promise<void> {
    const { request, wholeWhileBroken } = this.#options;
    const { target, clock, graph } = request;
    const wasMended = this.#isMended;
    const lastSentWallMs = await this.#lastSent();
    const observed = await target.observe(this.#over.signal);
    // Measured before it was seen broken: so it was broken when the last request came.
    if (!wasMended && this.#isExposed(observed)) this.#lastSentWallMs = lastSentWallMs;
    const mayBeWhole = wholeWhileBroken || wasMended;
    if (!mayBeWhole || this.#restoredMs !== undefined) return;
    if (notWhole(observed, graph) === undefined) this.#restoredMs = clock.now() - this.#fromMs;
  }

  /** An edge that does not answer just now costs a figure, not the look. */
  async #lastSent(): Promise<number | undefined> {
    const { request, exposed } = this.#options;
    if (exposed === undefined) return undefined;
    const measuring = request.target.measure(exposed.unit, this.#over.signal);
    const measured = await measuring.catch(() => undefined);
    const seen = measured?.instances.find(({ instance }) => instance === exposed.instance);
    return seen?.lastRequestWallMs ?? this.#lastSentWallMs;
  }

  #isExposed(observed: Observed): boolean {
    const { exposed } = this.#options;
    if (exposed === undefined) return false;
    const now = observed.units
      .find(({ name }) => name === exposed.unit)
      ?.instances.find(({ id }) => id === exposed.instance);
    if (now?.pid !== exposed.pid) this.sawDeath = true;
    return exposed.while === "broken" || now?.state === "frozen";
  }

  /** Injection → last request sent to the victim while it was broken; undefined: never seen. */
  get exposureMs(): number | undefined {
    if (this.#lastSentWallMs === undefined) return undefined;
    return Math.max(0, this.#lastSentWallMs - this.#options.injectedWallMs);
  }

  /** Waits, bounded, until every replica is ready and routed; then stops looking. */
  async whole(msMax: number): Promise<Restored> {
    const { clock } = this.#options.request;
    const untilMs = clock.now() + msMax;
    while (this.#restoredMs === undefined && clock.now() < untilMs) await clock.sleep(LOOK_MS);
    const notAfterMs = clock.now() - this.#fromMs;
    await this.stop();
    return this.#restoredMs === undefined
      ? { state: "not-back", notAfterMs }
      : { state: "back", afterMs: this.#restoredMs };
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }
}
