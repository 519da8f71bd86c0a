import type { Clock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { backoffMs } from "@seaworthy/std/retry";
import type { GatewayConfig } from "./config.ts";
import type { Log } from "./holder-log.ts";
import type { Sockets } from "./listener-sockets.ts";
import type { KnownEndpoint, ServedPairs, WorkerDrain } from "./orders.ts";
import { within } from "./race.ts";
import { WorkerLink } from "./worker-link.ts";

/** A worker that does not serve by then never will: a start takes a quarter of a second. */
const START_MS = 15_000;
/** A worker that lived this long did not die of its start. */
const STABLE_MS = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };

export interface CrewOptions {
  readonly clock: Clock;
  readonly workerCommand: Command;
  readonly log: Log;
  /** The certificates that listeners of this configuration serve now. */
  readonly pairsOf: (config: GatewayConfig) => ServedPairs;
  /** The serving worker died without having been told to. */
  readonly onLost: () => void;
}

/** The worker processes: the one that serves and those that drain. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers = new Set<WorkerLink>();
  #serving: WorkerLink | undefined = undefined;
  readonly #known = new Map<string, KnownEndpoint>();
  #servingSinceMs = 0;
  #quickDeaths = 0;
  restarts = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get serving(): WorkerLink | undefined {
    return this.#serving;
  }

  /** Those that can answer: one that is still starting hears nothing yet. */
  get all(): readonly WorkerLink[] {
    return [...this.#workers].filter((link) => link.hasServed);
  }

  /**
   * Starts a worker that takes over from the one before, which drains. Rejects with
   * `CannotListen`, `WorkerGone` or `DeadlineExceeded`; the one before then serves on.
   */
  async takeOver(config: GatewayConfig, sockets: Sockets, drain: WorkerDrain): Promise<void> {
    const { clock, log, workerCommand } = this.#options;
    this.#forgetAllBut(config);
    const link = new WorkerLink({
      command: workerCommand,
      config,
      pairs: this.#options.pairsOf(config),
      sockets,
      known: Object.fromEntries(this.#known),
      onHealth: (endpoint, known) => {
        if (!link.isDraining) this.#known.set(endpoint, known);
      },
    });
    this.#workers.add(link);
    void link.exited.then((how) => this.#onExit(link, how));
    try {
      await within(link.serving, { clock, ms: START_MS, what: `worker ${link.pid} to serve` });
    } catch (error) {
      link.isDraining = true;
      link.kill();
      throw error;
    }
    const before = this.#serving;
    this.#serving = link;
    this.#servingSinceMs = clock.now();
    log("worker-serving", { pid: link.pid, generation: config.generation });
    before?.drain(drain);
  }

  /** How long to wait before the next start: nothing after a worker that had lived. */
  nextStartDelayMs(): number {
    if (this.#quickDeaths <= 1) return 0;
    return backoffMs(this.#quickDeaths - 2, BACKOFF);
  }

  failedStart(): void {
    this.#quickDeaths += 1;
  }

  /** Ends all; what is not gone at the deadline is killed. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const workers = [...this.#workers];
    this.#serving = undefined;
    for (const link of workers) link.drain({ deadlineMs, hasSuccessor: false });
    const gone = Promise.all(workers.map((link) => link.exited));
    const graceMs = deadlineMs + STOP_GRACE_MS;
    await within(gone, { clock, ms: graceMs, what: "workers to stop" }).catch(() => {
      for (const link of workers) link.kill();
    });
  }

  #onExit(link: WorkerLink, how: string): void {
    const { clock, log, onLost } = this.#options;
    this.#workers.delete(link);
    log("worker-ended", { pid: link.pid, how });
    if (link !== this.#serving) return;
    this.#serving = undefined;
    const hadLived = clock.now() - this.#servingSinceMs > STABLE_MS;
    this.#quickDeaths = hadLived ? 1 : this.#quickDeaths + 1;
    this.restarts += 1;
    onLost();
  }

  #forgetAllBut(config: GatewayConfig): void {
    const ids = new Set(config.pools.flatMap((pool) => pool.endpoints.map((one) => one.id)));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }
}

/** From a worker's own deadline to the end of its process. */
const STOP_GRACE_MS = 2_000;
