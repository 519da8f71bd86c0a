import { present } from "@seaworthy/std/assert";
import { timestamp } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { backoffMs } from "@seaworthy/std/retry";
import type { ServiceUnit } from "../../../plan/graph.ts";
import type { ProcessIdentity } from "../../../record/fault.ts";
import { isAlive } from "../identity.ts";
import { describeEnd, type ProcessEnd, type Spawned } from "../spawn-detached.ts";
import { definitionFor } from "./definitions.ts";
import { describeProbe, probe } from "./probe.ts";
import { rejoin } from "./rejoin.ts";
import { spawnInstance } from "./spawn-instance.ts";
import type { InstanceRecord } from "./state.ts";
import { terminate } from "./terminate.ts";
import type { World } from "./world.ts";

/** An instance that stayed up this long earned a fresh start of its backoff. */
const SETTLED_MS = 10_000;
/** Exit of a process that is not our child shows only in /proc. */
const LOOK_MS = 100;
/** Readiness is asked at least this often while booting, so that a short boot is seen as one. */
const BOOT_LOOK_MS = 200;

/** What a keeper tells the rest of its supervisor. */
export interface KeeperListener {
  /** The port changed, or the instance ended for good: the edge must learn it. */
  edgeChanged(): Promise<void>;
  /** Its health check gave it up: resolves when it may be ended, at `signal` at the latest. */
  givenUp(signal: AbortSignal): Promise<void>;
}

/** Looks after one instance: starts it, asks for its health, starts it again, ends it. */
export class Keeper {
  readonly id: string;
  readonly #world: World;
  readonly #listener: KeeperListener;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #started = Promise.withResolvers<string | undefined>();
  #graceMs = 0;
  #exits = 0;
  #failures = 0;

  constructor(world: World, id: string, listener: KeeperListener) {
    this.#world = world;
    this.id = id;
    this.#listener = listener;
    this.#ended = this.#run();
    // Whoever asks for the stop learns why it failed; until then nobody may be waiting.
    this.#ended.catch(() => {});
  }

  /** How often it ended by itself in this supervisor's time without having been ready. */
  get exitsBeforeReady(): number {
    return this.#exits;
  }

  /** Resolves when it was spawned first: undefined, or why it could not be. */
  get started(): Promise<string | undefined> {
    return this.#started.promise;
  }

  /** Ends it for good; nothing of it is left when this resolves. Asking twice is asking once. */
  async stop(graceMs: number): Promise<void> {
    this.#graceMs = Math.max(this.#graceMs, graceMs);
    this.#stop.abort();
    await this.#ended;
  }

  /** As defined now for its release: a new health check counts at once. */
  #unit(): ServiceUnit | undefined {
    return definitionFor(this.#world.ledger.state, this.#record());
  }

  #record(): InstanceRecord {
    return present(this.#world.ledger.state.instances[this.id], `the record of ${this.id}`);
  }

  async #run(): Promise<void> {
    let process = this.#adopted();
    while (!this.#stop.signal.aborted) {
      process ??= await this.#spawn();
      if (process !== undefined) {
        const upAt = this.#world.clock.now();
        await this.#note(await this.#watch(process));
        if (this.#world.clock.now() - upAt >= SETTLED_MS) this.#failures = 0;
        await this.#takeOut(process.identity);
        if (this.#stop.signal.aborted) break;
        await this.#endOld(process.identity, this.#unit()?.stopMs ?? 0);
        process = undefined;
      }
      await this.#backOff();
    }
    await this.#change({ phase: "stopping" });
    await this.#end(this.#record().identity, this.#graceMs);
  }

  #adopted(): Spawned | undefined {
    const { identity } = this.#record();
    if (identity === undefined || !isAlive(identity)) return undefined;
    this.#started.resolve(undefined);
    return { identity, ended: new Promise<ProcessEnd>(() => {}) };
  }

  async #spawn(): Promise<Spawned | undefined> {
    try {
      const before = this.#record().port;
      const spawned = await spawnInstance(this.#world, this.id);
      if (before !== this.#record().port) await this.#moved(spawned, before);
      this.#started.resolve(undefined);
      return spawned;
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      this.#exits += 1;
      await this.#change({ because });
      this.#started.resolve(because);
      return undefined;
    }
  }

  /** An edge that does not know the new port yet learns it when the instance is up. */
  async #moved({ identity }: Spawned, before: number): Promise<void> {
    try {
      await this.#listener.edgeChanged();
    } catch (error) {
      await this.#change({ withdrawn: this.#record().withdrawn ?? "returning" });
      if (before !== 0) return;
      // Whoever asked for its first start learns at once that it failed.
      await this.#endOld(identity, 0);
      throw error;
    }
  }

  /** Resolves with why the process is to be replaced, or when a stop was asked for. */
  async #watch(process: Spawned): Promise<string | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    try {
      return await Promise.race([
        process.ended.then(describeEnd),
        this.#gone(process.identity, signal),
        this.#unhealthy(signal),
      ]);
    } finally {
      over.abort();
    }
  }

  async #gone(identity: ProcessIdentity, signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      if (!isAlive(identity)) {
        // Our own child's exit code arrives a moment later than its absence.
        await this.#world.clock.sleep(LOOK_MS);
        return "is gone";
      }
      await this.#world.clock.sleep(LOOK_MS, signal).catch(() => {});
    }
    return undefined;
  }

  /** Ready first (boot), then health: `fall` failures in a row are the answer. */
  async #unhealthy(signal: AbortSignal): Promise<string | undefined> {
    let failures = 0;
    const { phase, withdrawn, because } = this.#record();
    // What a supervisor that died had begun is gone on with; a new process is `starting`.
    if (withdrawn === "out" && phase === "up") return because ?? "failed its health check";
    if (withdrawn === "returning" && phase === "up") this.#rejoin(signal);
    while (!signal.aborted) {
      const unit = this.#unit();
      const record = this.#record();
      const booting = record.phase === "starting";
      const check = booting ? unit?.ready : unit?.health;
      const everyMs = check?.everyMs ?? 1_000;
      const pauseMs = booting ? Math.min(everyMs, BOOT_LOOK_MS) : everyMs;
      await this.#world.clock.sleep(pauseMs, signal).catch(() => {});
      if (signal.aborted || check === undefined || unit === undefined) continue;
      const outcome = await probe({
        port: record.port,
        path: check.path,
        method: "GET",
        headers: {},
        timeoutMs: check.timeoutMs,
      });
      if (signal.aborted) break;
      if (outcome.ok) {
        failures = 0;
        if (booting) await this.#up(signal);
      } else if (!booting) {
        failures += 1;
        if (failures >= check.fall) return `failed its health check: ${describeProbe(outcome)}`;
      } else if (this.#world.clock.wall() - record.spawnedWallMs > unit.bootMs) {
        await this.#upAs(`not ready: ${describeProbe(outcome)}`, signal);
      }
    }
    return undefined;
  }

  async #up(signal: AbortSignal): Promise<void> {
    this.#exits = 0;
    const { restarts } = this.#record();
    if (restarts > 0) {
      this.#world.chronicle.tell(this.id, { what: `is ready again, restart ${restarts}` });
    }
    await this.#upAs(undefined, signal);
  }

  /** From here on the edge's own checks judge it again. */
  async #upAs(because: string | undefined, signal: AbortSignal): Promise<void> {
    const { withdrawn } = this.#record();
    if (withdrawn === undefined) return await this.#change({ phase: "up", because });
    await this.#change({ phase: "up", because, withdrawn: "returning" });
    this.#rejoin(signal);
  }

  /** Nobody waits for it: its health is asked for meanwhile, at the pace that was declared. */
  #rejoin(signal: AbortSignal): void {
    const tell = async (): Promise<void> => await this.#listener.edgeChanged();
    void rejoin(this.#world, { id: this.id, tell }, signal);
  }

  /** One that is alive was given up by its health check, or is asked to stop. */
  async #takeOut(leader: ProcessIdentity): Promise<void> {
    if (this.#stop.signal.aborted || !isAlive(leader)) return;
    await this.#listener.givenUp(this.#stop.signal);
  }

  async #note(because: string | undefined): Promise<void> {
    if (because === undefined) return;
    if (this.#record().phase === "starting") this.#exits += 1;
    await this.#change({ because });
  }

  async #backOff(): Promise<void> {
    const { clock } = this.#world;
    const unit = this.#unit();
    const bounds = {
      firstMs: unit?.restart.backoffFirstMs ?? 1_000,
      maxMs: unit?.restart.backoffMaxMs ?? 10_000,
    };
    await this.#change({
      phase: "backing-off",
      since: timestamp(clock),
      restarts: this.#record().restarts + 1,
    });
    const pauseMs = backoffMs(this.#failures, bounds);
    this.#failures += 1;
    const { because = "it was not started" } = this.#record();
    const what = `is down, starts again in ${humanDuration(pauseMs)}`;
    this.#world.chronicle.tell(this.id, { what, because });
    await clock.sleep(pauseMs, this.#stop.signal).catch(() => {});
  }

  /** What cannot be ended now is tried again by the next stop; a restart must not wait for it. */
  async #endOld(leader: ProcessIdentity, graceMs: number): Promise<void> {
    try {
      await this.#end(leader, graceMs);
    } catch (error) {
      await this.#change({ because: error instanceof Error ? error.message : String(error) });
    }
  }

  async #end(leader: ProcessIdentity | undefined, graceMs: number): Promise<void> {
    await terminate(this.#world, { instance: this.id, leader }, graceMs);
    await this.#change({ identity: undefined });
  }

  async #change(change: Partial<InstanceRecord>): Promise<void> {
    await this.#world.ledger.record((state) => {
      const record = state.instances[this.id];
      if (record === undefined) return state;
      return { ...state, instances: { ...state.instances, [this.id]: { ...record, ...change } } };
    });
  }
}
