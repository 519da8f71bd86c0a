import type { Observed, ObservedInstance } from "../plan/observed.ts";
import type { Restored } from "./finding.ts";
import { unitSeen, victims } from "./whole.ts";
import type { DrillRequest } from "./request.ts";

const LOOK_MS = 200;

/** Looks from the injection on whether the unit is whole again, and until when requests hit it. */
export class Aftermath {
  readonly #request: DrillRequest;
  readonly #victim: ObservedInstance;
  readonly #replicas: number;
  readonly #injectedWallMs: number;
  readonly #injectedMs: number;
  readonly #over = new AbortController();
  readonly #looking: Promise<void>;
  #restoredMs: number | undefined;
  #lastSentWallMs: number | undefined;

  constructor(given: {
    readonly request: DrillRequest;
    readonly victim: ObservedInstance;
    readonly replicas: number;
    readonly injectedWallMs: number;
  }) {
    const { clock } = given.request;
    this.#request = given.request;
    this.#victim = given.victim;
    this.#replicas = given.replicas;
    this.#injectedWallMs = given.injectedWallMs;
    this.#injectedMs = clock.now() - (clock.wall() - given.injectedWallMs);
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    const { clock } = this.#request;
    while (!this.#over.signal.aborted) {
      await this.#once().catch(() => {
        // One look that fails is made again; a target that stays silent shows as not whole.
      });
      await clock.sleep(LOOK_MS, this.#over.signal).catch(() => {});
    }
  }

  async #once(): Promise<void> {
    const { target, clock } = this.#request;
    // An edge that does not answer just now costs a figure, not the look.
    const measuring = target.measure(this.#victim.unit, this.#over.signal);
    const measured = await measuring.catch(() => undefined);
    const observed = await target.observe(this.#over.signal);
    const unit = unitSeen(observed, this.#victim.unit);
    const now = unit?.instances.find(({ id }) => id === this.#victim.id);
    // Measured before it was seen frozen: so it was frozen when the last request came.
    if (now?.state === "frozen") {
      const seen = measured?.instances.find(({ instance }) => instance === this.#victim.id);
      this.#lastSentWallMs = seen?.lastRequestWallMs ?? this.#lastSentWallMs;
    }
    if (this.#restoredMs === undefined && this.#isWhole(observed)) {
      this.#restoredMs = clock.now() - this.#injectedMs;
    }
  }

  #isWhole(observed: Observed): boolean {
    const unit = unitSeen(observed, this.#victim.unit);
    return unit !== undefined && victims(unit).length >= this.#replicas;
  }

  /** Injection → last request sent to the victim while it was frozen; undefined: never seen. */
  get exposureMs(): number | undefined {
    if (this.#lastSentWallMs === undefined) return undefined;
    return Math.max(0, this.#lastSentWallMs - this.#injectedWallMs);
  }

  /** Waits, bounded, until every replica is ready and routed; then stops looking. */
  async whole(msMax: number): Promise<Restored> {
    const { clock } = this.#request;
    const untilMs = clock.now() + msMax;
    while (this.#restoredMs === undefined && clock.now() < untilMs) await clock.sleep(LOOK_MS);
    const notAfterMs = clock.now() - this.#injectedMs;
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
