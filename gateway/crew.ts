import type { Clock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { backoffMs } from "@seaworthy/std/retry";
import type { GatewayConfig } from "./config.ts";
import type { Log } from "./holder-log.ts";
import type { Sockets } from "./listener-sockets.ts";
import type { KnownEndpoint, KnownEndpoints, ServedPairs, WorkerDrain } from "./orders.ts";
import { within } from "./race.ts";
import { WorkerLink } from "./worker-link.ts";
import { childPeer, FIRST_DESCRIPTOR, type WorkerPeer } from "./worker-peer.ts";

/** A worker that does not serve by then never will: a start takes a quarter of a second. */
const START_MS = 15_000;
/** A worker that lived this long did not die of its start. */
const STABLE_MS = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
const BEAT_EVERY_MS = 250;
/**
 * A worker that answers nothing for 2.5 s is followed by another, which serves before the kernel's
 * queue is full (4 s at 1,000 connections a second).
 */
const SILENT_BEATS_MAX = 10;
/** And after 10 s it is killed: until then it may come to itself and serve out what it has. */
const KILL_BEATS_MAX = 40;
/** For what a worker that came to itself still has. */
const SILENT_DRAIN_MS = 30_000;

export interface CrewOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly commands: CrewCommands;
  /** Of the control socket, which every worker inherits. */
  readonly control: number;
  /** The certificates that listeners of this configuration serve now. */
  readonly pairsOf: (config: GatewayConfig) => ServedPairs;
  /** The serving worker died without having been told to. */
  readonly onLost: () => void;
}

export interface CrewCommands {
  /** Starts this gateway. */
  readonly program: Command;
  /** Added for a worker. */
  readonly workerArguments: readonly string[];
  /** Added for a holder like this one: for the worker that it leaves behind. */
  readonly holderArguments: readonly string[];
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

  /** Those that can answer: one that is still starting hears nothing yet, a silent one no more. */
  get all(): readonly WorkerLink[] {
    return [...this.#workers].filter((link) => link.hasServed && !link.isSilent);
  }

  /**
   * Starts a worker that takes over from the one before, which drains. Rejects with
   * `CannotListen`, `WorkerGone` or `DeadlineExceeded`; the one before then serves on.
   */
  async takeOver(config: GatewayConfig, sockets: Sockets, drain: WorkerDrain): Promise<void> {
    const { clock, log, commands, control, pairsOf } = this.#options;
    this.#forgetAllBut(config);
    const inherited = [...sockets].map(([name, { host, port }], index) => {
      return { name, host, port, descriptor: FIRST_DESCRIPTOR + 1 + index };
    });
    const descriptors = [...sockets.values()].map(({ descriptor }) => descriptor);
    const link = this.#link(
      childPeer([...commands.program, ...commands.workerArguments], [control, ...descriptors]),
    );
    const known = Object.fromEntries(this.#known);
    link.start({ config, pairs: pairsOf(config), sockets: inherited, known });
    try {
      await within(link.serving, { clock, ms: START_MS, what: `worker ${link.pid} to serve` });
    } catch (error) {
      link.isDraining = true;
      link.kill();
      throw error;
    }
    log("worker-serving", { pid: link.pid, generation: config.generation });
    // In this order: two that are seated would start a holder each.
    this.#serving?.drain(drain);
    this.#seat(link);
    void this.#watch(link);
  }

  /**
   * The worker that started this process serves on. One of another version is only drained: it
   * might mean something else by the same words.
   */
  adopt(peer: WorkerPeer, known: KnownEndpoints, isForeign: boolean): void {
    for (const [endpoint, what] of Object.entries(known)) this.#known.set(endpoint, what);
    const link = this.#link(peer);
    if (isForeign) {
      this.#serving = link;
      return;
    }
    link.hasServed = true;
    this.#seat(link);
    void this.#watch(link);
  }

  /** This holder ends, and its worker starts the next one by `command`. */
  leaveTo(command: Command): boolean {
    this.#serving?.seat([...command, ...this.#options.commands.holderArguments]);
    return this.#serving !== undefined;
  }

  #link(peer: WorkerPeer): WorkerLink {
    const link = new WorkerLink(peer, (known, endpoint) => {
      if (!link.isDraining) this.#known.set(endpoint, known);
    });
    this.#workers.add(link);
    void link.exited.then((how) => this.#onExit(link, how));
    return link;
  }

  #seat(link: WorkerLink): void {
    this.#serving = link;
    this.#servingSinceMs = this.#options.clock.now();
    const { program, holderArguments } = this.#options.commands;
    link.seat([...program, ...holderArguments]);
  }

  /** By beats, not by time: one that this process itself was late with is no silence. */
  async #watch(link: WorkerLink): Promise<void> {
    const { clock } = this.#options;
    let silentBeats = 0;
    while (this.#workers.has(link) && silentBeats < KILL_BEATS_MAX) {
      link.beat();
      await clock.sleep(BEAT_EVERY_MS);
      silentBeats = link.hasAnswered ? 0 : silentBeats + 1;
      if (silentBeats === SILENT_BEATS_MAX) this.#onSilent(link);
    }
    if (this.#workers.has(link)) link.kill();
  }

  #onSilent(link: WorkerLink): void {
    const { log } = this.#options;
    log("worker-silent", { pid: link.pid, ms: SILENT_BEATS_MAX * BEAT_EVERY_MS });
    link.drain({ deadlineMs: SILENT_DRAIN_MS, hasSuccessor: true });
    link.giveUp();
    if (link === this.#serving) this.#lose();
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
    this.#workers.delete(link);
    this.#options.log("worker-ended", { pid: link.pid, how });
    if (link === this.#serving) this.#lose();
  }

  #lose(): void {
    const { clock, onLost } = this.#options;
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
