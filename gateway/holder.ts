import { assertNever } from "@seaworthy/std/assert";
import { deadline, timestamp, type Clock } from "@seaworthy/std/clock";
import type { Random } from "@seaworthy/std/random";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { poll } from "@seaworthy/std/retry";
import { Certificates } from "./certificates.ts";
import type { GatewayConfig, ListenerConfig } from "./config.ts";
import type { CertificateStatus, ControlReply, ControlRequest } from "./control.ts";
import { Crew, type CrewCommands } from "./crew.ts";
import type { Log } from "./holder-log.ts";
import {
  bindListeners,
  closeAllBut,
  inheritedSockets,
  portsOf,
  sameSockets,
  type Sockets,
} from "./listener-sockets.ts";
import type { Inheritance, InheritedSocket, ServedPairs, WorkerReply } from "./orders.ts";
import { within } from "./race.ts";
import { readState, writeState, type KeptState } from "./state-store.ts";
import { combineDrains, gatewayStatus, withHolderMetrics } from "./combine.ts";
import { GATEWAY_VERSION } from "./version.ts";
import { CannotListen, WorkerGone, type WorkerLink } from "./worker-link.ts";
import type { WorkerPeer } from "./worker-peer.ts";

/** The worker of a holder that died still listens until it has noticed. */
const BIND_WAIT_MS = 5_000;
const BIND_EVERY_MS = 50;
/** Applying is a matter of milliseconds; a worker that takes this long is stuck. */
const ASK_MS = 10_000;
/** How long connections of a replaced set of listeners are served out. */
const RELISTEN_DRAIN_MS = 30_000;
/** Kept below the 10 s that most supervisors wait before they kill. */
const STOP_DRAIN_MS = 8_000;
/** A chosen port may be lost to another chooser between bind and listen. */
const LISTEN_TRIES_MAX = 3;

export interface HolderOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Holds the last configuration; 0700. */
  readonly folder: string;
  readonly commands: CrewCommands;
  /** Descriptor of the control socket. */
  readonly control: number;
  readonly log: Log;
}

/**
 * Owns the listening sockets and never accepts from them, so that they outlive every worker.
 * Everything that changes them or the workers happens one after the other.
 */
export class Holder {
  readonly #options: HolderOptions;
  readonly #crew: Crew;
  readonly #certificates: Certificates;
  readonly #stopping = new AbortController();
  #config: GatewayConfig | undefined = undefined;
  #sockets: Sockets = new Map();
  #ports: Readonly<Record<string, number>> = {};
  #turn: Promise<unknown> = Promise.resolve();
  readonly #left = Promise.withResolvers<void>();

  constructor(options: HolderOptions) {
    this.#options = options;
    const { clock, log, commands, control } = options;
    this.#certificates = new Certificates(clock, log);
    const onLost = (): void => {
      void this.#inTurn(() => this.#revive());
    };
    const pairsOf = ({ listeners }: GatewayConfig): ServedPairs =>
      this.#certificates.pairsOf(listeners);
    this.#crew = new Crew({ clock, log, commands, control, pairsOf, onLost });
    const onPairs = (): void => {
      void this.#inTurn(async () => this.#serveCertificates());
    };
    void this.#certificates.watch(onPairs, this.#stopping.signal);
  }

  /**
   * Comes back with what was applied last, on the sockets that are inherited and on others that it
   * binds. Refuses a damaged state and a port that is taken.
   */
  async restore(inherited: readonly InheritedSocket[]): Promise<Result<undefined, string>> {
    const kept = await readState(this.#options.folder);
    if (!kept.ok) return kept;
    const state = kept.value;
    if (state === undefined || this.#config !== undefined) return ok(undefined);
    const held = inheritedSockets(inherited);
    const sockets = await this.#bindPatiently(state, held);
    if (!sockets.ok) return sockets;
    closeAllBut(held, sockets.value);
    // A pair that does not load now is told and tried again; the other listeners serve meanwhile.
    await this.#certificates.load(state.config.listeners);
    this.#config = state.config;
    this.#ports = state.ports;
    this.#sockets = sockets.value;
    this.#options.log("restored", { generation: state.config.generation });
    void this.#inTurn(() => this.#revive());
    return ok(undefined);
  }

  /**
   * Goes on where a holder that died has left its worker, which serves meanwhile. What that one was
   * about to apply is applied now. Rejects where nothing readable says what to serve.
   */
  async succeed(will: Inheritance, peer: WorkerPeer): Promise<Result<undefined, string>> {
    const { log, folder } = this.#options;
    const isForeign = will.version !== GATEWAY_VERSION;
    const kept = await readState(folder);
    if (!kept.ok) log("state-unreadable", { error: kept.error });
    const state = kept.ok ? kept.value : undefined;
    if (isForeign && state === undefined) return refuse("nothing says what to serve");
    const served = isForeign && state !== undefined ? state.config : will.config;
    await this.#certificates.load(served.listeners, will.pairs);
    this.#config = served;
    this.#sockets = inheritedSockets(will.sockets);
    this.#ports = { ...state?.ports, ...portsOf(this.#sockets) };
    this.#crew.adopt(peer, will.known, isForeign);
    log("succeeded", { worker: will.pid, generation: served.generation });
    void this.#inTurn(async () => {
      if (isForeign) await this.#handover(RELISTEN_DRAIN_MS);
      if (state !== undefined && state.config.generation > served.generation) {
        const applied = await this.#apply(state.config);
        if (!applied.ok) log("request-failed", { op: "apply", error: applied.error });
      }
    }).catch((error: Error) => log("worker-failed", { error: error.message }));
    return ok(undefined);
  }

  /** Never rejects. */
  async answer(request: ControlRequest): Promise<ControlReply> {
    const { id } = request;
    try {
      return await this.#answer(request);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.log("request-failed", { op: request.op, error: message });
      return { id, ok: false, error: message };
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Drains and ends all workers, then lets go of the sockets. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#crew.stop(STOP_DRAIN_MS);
    closeAllBut(this.#sockets, new Map());
  }

  async #answer(request: ControlRequest): Promise<ControlReply> {
    const { id } = request;
    switch (request.op) {
      case "apply": {
        const applied = await this.#inTurn(() => this.#apply(request.config));
        return applied.ok ? this.#status(id) : { id, ok: false, error: applied.error };
      }
      case "handover": {
        const done = await this.#inTurn(() => this.#handover(request.drainMs));
        return done.ok ? this.#status(id) : { id, ok: false, error: done.error };
      }
      case "replace-holder":
        return await this.#inTurn(() => this.#replace(request));
      case "status":
        return this.#status(id);
      case "drain-endpoint":
        return this.#drainEndpoint(request);
      case "metrics": {
        const reply = await this.#askServing({ op: "metrics" });
        const text = reply?.kind === "metrics" ? reply.text : "";
        const { restarts } = this.#crew;
        const certificates = this.#certificateStatus();
        return { id, ok: true, metrics: withHolderMetrics(text, { restarts, certificates }) };
      }
      default:
        return assertNever(request);
    }
  }

  /** One change at a time, in the order asked. */
  #inTurn<Value>(change: () => Promise<Value>): Promise<Value> {
    const mine = this.#turn.then(change);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #apply(config: GatewayConfig): Promise<Result<undefined, string>> {
    const old = this.#config;
    if (old !== undefined && config.generation <= old.generation) {
      if (JSON.stringify(config) === JSON.stringify(old)) return ok(undefined);
      return refuse(
        `generation ${config.generation} is not above the ${old.generation} that is applied`,
      );
    }
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#applyOnce(config);
      if (outcome.ok || !outcome.error.isPortLost || tries >= LISTEN_TRIES_MAX) {
        this.#certificates.keepOnly(this.#config?.listeners ?? []);
        return outcome.ok ? outcome : refuse(outcome.error.message);
      }
    }
  }

  async #applyOnce(
    config: GatewayConfig,
  ): Promise<Result<undefined, { readonly message: string; readonly isPortLost: boolean }>> {
    const loaded = await this.#certificates.load(config.listeners);
    if (!loaded.ok) {
      return refuse({ message: `not applied: ${loaded.error}`, isPortLost: false });
    }
    const { random } = this.#options;
    const before = { config: this.#config, sockets: this.#sockets, ports: this.#ports };
    const plan = { wanted: config.listeners, held: before.sockets, ports: before.ports, random };
    const bound = bindListeners(plan);
    if (!bound.ok) return refuse({ message: bound.error, isPortLost: false });
    const sockets = bound.value;
    const ports = portsOf(sockets);
    try {
      // Kept before it is in force: a holder that dies between comes back with what was asked for.
      await this.#keep(config, ports);
      await this.#route(config, sockets);
    } catch (error) {
      closeAllBut(sockets, before.sockets);
      if (before.config !== undefined)
        await this.#keep(before.config, before.ports).catch(() => {});
      const isPortLost = error instanceof CannotListen && error.code === "EADDRINUSE";
      const message = error instanceof Error ? error.message : String(error);
      return refuse({ message: `not applied: ${message}`, isPortLost });
    }
    this.#config = config;
    this.#sockets = sockets;
    this.#ports = ports;
    closeAllBut(before.sockets, sockets);
    return ok(undefined);
  }

  #keep(config: GatewayConfig, ports: Readonly<Record<string, number>>): Promise<void> {
    return writeState(this.#options.folder, { version: 1, config, ports });
  }

  /** Returns when every worker routes by it; other sockets need another worker. */
  async #route(config: GatewayConfig, sockets: Sockets): Promise<void> {
    const kindsBefore = JSON.stringify(this.#config?.listeners.map(kindOf));
    const kinds = JSON.stringify(config.listeners.map(kindOf));
    const serving = this.#crew.serving;
    const isTakenOver =
      serving === undefined || kinds !== kindsBefore || !sameSockets(sockets, this.#sockets);
    if (isTakenOver) {
      const drain = { deadlineMs: RELISTEN_DRAIN_MS, hasSuccessor: true };
      await this.#crew.takeOver(config, sockets, drain);
    }
    // A draining worker still routes what comes on connections that are open.
    const told = this.#crew.all.map((link) => this.#tell(link, config));
    const outcomes = await Promise.all(told);
    if (!isTakenOver && outcomes.includes("gone") && this.#crew.serving === undefined) {
      await this.#crew.takeOver(config, sockets, { deadlineMs: 0, hasSuccessor: true });
    }
  }

  #certificateStatus(): ReadonlyMap<string, CertificateStatus> {
    const { listeners } = this.#config ?? { listeners: [] };
    return new Map(
      listeners.flatMap((one) => {
        const status = this.#certificates.statusOf(one);
        return status === undefined ? [] : [[one.name, status]];
      }),
    );
  }

  #serveCertificates(): void {
    const pairs = this.#certificates.pairsOf(this.#config?.listeners ?? []);
    for (const link of this.#crew.all) link.serveCertificates(pairs);
  }

  async #tell(link: WorkerLink, config: GatewayConfig): Promise<"applied" | "gone"> {
    try {
      const pairs = this.#certificates.pairsOf(config.listeners);
      await this.#ask(link, { op: "apply", config, pairs });
      return "applied";
    } catch (error) {
      if (error instanceof WorkerGone) return "gone";
      throw error;
    }
  }

  #ask(link: WorkerLink, what: Parameters<WorkerLink["ask"]>[0]): Promise<WorkerReply> {
    const { clock } = this.#options;
    const ms = what.op === "drain-endpoint" ? what.deadlineMs + ASK_MS : ASK_MS;
    return within(link.ask(what), { clock, ms, what: `worker ${link.pid} to ${what.op}` });
  }

  async #handover(drainMs: number): Promise<Result<undefined, string>> {
    if (this.#config === undefined) return refuse("there is no configuration to serve yet");
    const drain = { deadlineMs: drainMs, hasSuccessor: true };
    await this.#crew.takeOver(this.#config, this.#sockets, drain);
    return ok(undefined);
  }

  /** A worker died: another one, at once, then ever more slowly while they keep dying. */
  async #revive(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#isStopping() && this.#config !== undefined && this.#crew.serving === undefined) {
      await clock.sleep(this.#crew.nextStartDelayMs());
      if (this.#isStopping()) return;
      try {
        const drain = { deadlineMs: 0, hasSuccessor: true };
        await this.#crew.takeOver(this.#config, this.#sockets, drain);
      } catch (error) {
        this.#crew.failedStart();
        log("worker-failed", { error: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  async #status(id: number): Promise<ControlReply> {
    const links = this.#crew.all;
    const replies = await Promise.all(
      links.map((link) => this.#ask(link, { op: "status" }).catch(() => undefined)),
    );
    const status = gatewayStatus({
      generation: this.#config?.generation ?? 0,
      serving: this.#crew.serving,
      workers: links.map((link, index) => ({ link, reply: replies[index] })),
      sockets: this.#sockets,
      certificates: this.#certificateStatus(),
      now: timestamp(this.#options.clock),
    });
    return { id, ok: true, status };
  }

  /** This process ends, and nothing of what it holds does. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  async #replace(
    request: Extract<ControlRequest, { op: "replace-holder" }>,
  ): Promise<ControlReply> {
    const { id, command } = request;
    const reply = await this.#status(id);
    if (!this.#crew.leaveTo(command)) {
      return { id, ok: false, error: "no worker is there to start another holder" };
    }
    this.#left.resolve();
    return reply;
  }

  async #askServing(what: { readonly op: "metrics" }): Promise<WorkerReply | undefined> {
    const serving = this.#crew.serving;
    return serving === undefined ? undefined : this.#ask(serving, what);
  }

  async #drainEndpoint(
    request: Extract<ControlRequest, { op: "drain-endpoint" }>,
  ): Promise<ControlReply> {
    const { id, endpoint, deadlineMs } = request;
    const ask = { op: "drain-endpoint", endpoint, deadlineMs } as const;
    const replies = await Promise.all(
      // With a worker that dies, what it had in flight is over too.
      this.#crew.all.map((link) => this.#ask(link, ask).catch(() => undefined)),
    );
    const combined = combineDrains(replies);
    return combined.ok
      ? { id, ok: true, drained: combined.value }
      : { id, ok: false, error: combined.error };
  }

  async #bindPatiently(
    { config, ports }: KeptState,
    held: Sockets,
  ): Promise<Result<Sockets, string>> {
    const { clock, random } = this.#options;
    const plan = { wanted: config.listeners, held, ports, random };
    const signal = deadline(BIND_WAIT_MS, "the listeners' ports to be free");
    let last: Result<Sockets, string> = refuse("not tried");
    const attempt = async (): Promise<Sockets | undefined> => {
      last = bindListeners(plan);
      return last.ok ? last.value : undefined;
    };
    try {
      return ok(await poll(attempt, { clock, everyMs: BIND_EVERY_MS, signal }));
    } catch {
      return last;
    }
  }
}

/** What makes another worker necessary: a listener of one kind cannot become one of another. */
function kindOf({ name, kind, tls }: ListenerConfig): string {
  return `${name} ${kind} ${tls === undefined ? "http" : "https"}`;
}
