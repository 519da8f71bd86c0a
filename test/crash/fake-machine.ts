import { present } from "@seaworthy/std/assert";
import { type Random, seeded } from "@seaworthy/std/random";
import type { Clock } from "@seaworthy/std/clock";
import type { Observed, ObservedInstance, ObservedUnit } from "../../seaworthy/plan/observed.ts";
import type { Graph } from "../../seaworthy/plan/graph.ts";
import type { Fault, FaultHandle, FaultSight } from "../../seaworthy/record/fault.ts";
import type { Release } from "../../seaworthy/record/release.ts";
import type { InstanceId, Step, StepResult } from "../../seaworthy/record/step.ts";
import type { RecordKind } from "../../seaworthy/record/store.ts";
import { virtualClock } from "../../seaworthy/rollout/virtual-clock.fixture.ts";
import { basisOf } from "../../seaworthy/targets/basis.ts";
import { DryWorld } from "../../seaworthy/targets/dry/dry-world.ts";
import type { Measured, MeasuredInstance } from "../../seaworthy/targets/target.ts";

/** What a machine knows of one instance beside what the model of a target does. */
interface Life {
  readonly bornMs: number;
  /** Its release never listens. */
  readonly mute: boolean;
  restarts: number;
  /** When it was killed last. */
  killedMs: number | undefined;
  requests: number;
}

interface JobRun {
  readonly endsMs: number;
}

interface Freeze {
  readonly instance: InstanceId;
  /** The dead man's switch thaws it then. */
  readonly untilMs: number;
}

/** All of a machine that its copy begins with. */
interface Memory {
  readonly nowMs: number;
  readonly observed: Observed;
  readonly releases: ReadonlyMap<string, Release>;
  readonly records: ReadonlyMap<RecordKind, readonly unknown[]>;
  readonly lives: ReadonlyMap<InstanceId, Life>;
  readonly jobs: ReadonlyMap<string, JobRun>;
  readonly freezes: ReadonlyMap<string, Freeze>;
  readonly injected: ReadonlySet<string>;
  /** Prepared so far: each has an id of its own. */
  readonly faults: number;
}

const BOOT_MS = 300;
const BACK_AFTER_MS = 700;
const JOB_MS = 400;
const LOOK_MS = 50;
/** What any call of a client takes at most; chance says how much of it. */
const CALL_MS_MAX = 40;
const REQUESTS_PER_S = 50;
const RECORDS: readonly RecordKind[] = ["journal", "event", "evidence", "release"];
const BOUNDS_MS = [10, 20, 50, 100];
const NONE = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

/**
 * A machine made of arithmetic on which the real verbs run, and which outlives them: the model of a
 * target (`targets/dry`) with time, boots, jobs, faults and requests. It counts what is done twice
 * and what must never be done (`sins`).
 */
export class FakeMachine {
  readonly clock: Clock;
  readonly world: DryWorld;
  readonly sins: string[] = [];
  /** Ready routed instances a service must never have less of; empty where that is allowed. */
  readonly floors = new Map<string, number>();
  /** `JOB RELEASE` → how often it was begun, on this machine and on those it was forked from. */
  readonly jobStarts = new Map<string, number>();
  /** Release → the version that its declaration said. */
  readonly versions = new Map<string, string>();
  readonly chance: Random;
  readonly #seed: number;
  readonly #releases: Map<string, Release>;
  readonly #lives = new Map<InstanceId, Life>();
  readonly #jobs: Map<string, JobRun>;
  readonly #freezes: Map<string, Freeze>;
  readonly #injected: Set<string>;
  readonly #records: Map<RecordKind, unknown[]>;
  #graph: Graph | undefined;
  #faults: number;
  #countedMs: number;

  constructor(seed: number, memory?: Memory) {
    this.clock = virtualClock(memory?.nowMs ?? 0);
    this.#countedMs = this.clock.now();
    this.#seed = seed;
    this.chance = seeded(seed);
    this.world = new DryWorld(this.clock, memory?.observed);
    this.#graph = memory?.observed.graph;
    this.#faults = memory?.faults ?? 0;
    this.#releases = new Map(memory?.releases);
    this.#jobs = new Map(memory?.jobs);
    this.#freezes = new Map(memory?.freezes);
    this.#injected = new Set(memory?.injected);
    for (const [id, life] of memory?.lives ?? []) this.#lives.set(id, { ...life });
    const kept = (kind: RecordKind) => [...(memory?.records.get(kind) ?? [])];
    this.#records = new Map(RECORDS.map((kind) => [kind, kept(kind)]));
  }

  /** Another machine that is just like this one, and goes its own way from here on. */
  fork(): FakeMachine {
    const other = new FakeMachine(this.#seed, {
      nowMs: this.clock.now(),
      observed: this.observed(),
      releases: this.#releases,
      records: this.#records,
      lives: this.#lives,
      jobs: this.#jobs,
      freezes: this.#freezes,
      injected: this.#injected,
      faults: this.#faults,
    });
    for (const [unit, floor] of this.floors) other.floors.set(unit, floor);
    for (const [job, starts] of this.jobStarts) other.jobStarts.set(job, starts);
    for (const [release, version] of this.versions) other.versions.set(release, version);
    other.sins.push(...this.sins);
    return other;
  }

  records(kind: RecordKind): unknown[] {
    return present(this.#records.get(kind), kind);
  }

  /** How long the next call of a client takes. */
  callMs(): number {
    return 1 + this.chance.below(CALL_MS_MAX);
  }

  observed(): Observed {
    const { edge, exists, units } = this.world.observe();
    const seen = units.map((unit) => this.#unit(unit));
    return { basis: basisOf(seen, edge), exists, units: seen, edge, graph: this.#graph };
  }

  get frozen(): readonly InstanceId[] {
    const now = this.clock.now();
    return [...this.#freezes.values()]
      .filter(({ untilMs }) => untilMs > now)
      .map((one) => one.instance);
  }

  put(release: Release, version: string): void {
    this.#releases.set(release.id, release);
    // A rollback puts a release that is there, and names the declaration of today.
    if (!this.versions.has(release.id)) this.versions.set(release.id, version);
    this.world.releases.set(release.id, release);
  }

  prepare(fault: Fault): FaultHandle {
    this.#faults += 1;
    return { ...this.world.prepare(fault), id: `f${this.#faults}` };
  }

  define(graph: Graph): void {
    this.world.define(graph);
    this.#graph = graph;
  }

  /** The effect of a step; `wait` lets time pass until what it waits for has come. */
  async apply(step: Step, wait: (ms: number) => Promise<void>): Promise<StepResult> {
    this.#count();
    this.#watch(step);
    if (step.action === "run-job") return await this.#runJob(step, wait);
    if (step.action === "await-ready") return await this.#awaitReady(step, wait);
    const before = new Set(this.#instances().map(({ id }) => id));
    const result = this.world.apply(step);
    if (step.action === "start" && !before.has(step.instance)) this.#born(step);
    if (step.action === "stop") this.#lives.delete(step.instance);
    if (step.action === "inject") this.#inject(step.fault);
    if (step.action === "undo") this.#freezes.delete(step.fault.id);
    this.#checkFloors(step);
    return result;
  }

  measure(unit: string): Measured {
    this.#count();
    const mine = this.#instances().filter((one) => one.unit === unit);
    const instances = mine.map(({ id, release }): MeasuredInstance => {
      const requests = Math.round(this.#lives.get(id)?.requests ?? 0);
      const counts = [0, requests, 0, 0, 0];
      const latency = { boundsMs: BOUNDS_MS, counts };
      const quiet = { failed: NONE, inFlight: NONE, lastRequestWallMs: undefined };
      return { instance: id, release, requests, latency, ...quiet };
    });
    return { since: "once", instances };
  }

  /** Whether a fault is in force, seen by another way than its steps take. */
  witness({ fault, id }: FaultHandle): FaultSight {
    const inForce =
      fault.kind === "freeze" ? this.isFrozen(fault.instance) : this.#injected.has(id);
    return { state: inForce ? "in-force" : "over", seen: inForce ? "seen" : "not seen" };
  }

  isFrozen(instance: InstanceId): boolean {
    return this.frozen.includes(instance);
  }

  #instances(): readonly ObservedInstance[] {
    return this.world.observe().units.flatMap((unit) => unit.instances);
  }

  #unit(unit: ObservedUnit): ObservedUnit {
    const instances = unit.instances.map((one) => this.#instance(one));
    const url = unit.kind === "service" ? `http://127.0.0.1:1/${unit.name}` : undefined;
    const done = [...this.#jobs]
      .filter(([key, run]) => key.startsWith(`${unit.name} `) && run.endsMs <= this.clock.now())
      .map(([key]) => key.slice(unit.name.length + 1));
    const committed = unit.kind === "job" ? done.at(-1) : unit.committed;
    return { ...unit, instances, url, committed };
  }

  #instance(one: ObservedInstance): ObservedInstance {
    const life = present(this.#lives.get(one.id), `the life of ${one.id}`);
    const { restarts } = life;
    const number = Number(one.id.split("-").at(-1));
    const state = this.#state(one.id, life);
    const pid = state === "backing-off" ? undefined : 10_000 * number + restarts;
    return { ...one, state, restarts, pid };
  }

  #state(id: InstanceId, life: Life): ObservedInstance["state"] {
    if (this.isFrozen(id)) return "frozen";
    const now = this.clock.now();
    const deadMs = life.killedMs === undefined ? undefined : now - life.killedMs;
    if (deadMs !== undefined && deadMs < BACK_AFTER_MS) return "backing-off";
    const upMs = deadMs === undefined ? now - life.bornMs : deadMs - BACK_AFTER_MS;
    return life.mute || upMs < BOOT_MS ? "starting" : "ready";
  }

  #born(step: Extract<Step, { action: "start" }>): void {
    const release = this.#releases.get(step.release);
    const mute = release?.argv.some((word) => word.includes('"never-ready"')) === true;
    const bornMs = this.clock.now();
    const life = { bornMs, mute, restarts: 0, killedMs: undefined, requests: 0 };
    this.#lives.set(step.instance, life);
  }

  #inject(handle: FaultHandle): void {
    const { fault } = handle;
    if (this.#injected.has(handle.id)) this.sins.push(`${handle.id} is injected twice`);
    this.#injected.add(handle.id);
    const now = this.clock.now();
    if (fault.kind === "kill") {
      const life = present(this.#lives.get(fault.instance), fault.instance);
      life.restarts += 1;
      life.killedMs = now;
    }
    if (fault.kind !== "freeze") return;
    const untilMs = now + (handle.undoByWallMs - this.clock.wall());
    this.#freezes.set(handle.id, { instance: fault.instance, untilMs });
  }

  /** Once per release: asked again, it says what became of it. It runs on when its client dies. */
  async #runJob(
    step: Extract<Step, { action: "run-job" }>,
    wait: (ms: number) => Promise<void>,
  ): Promise<StepResult> {
    const key = `${step.job} ${step.release}`;
    const known = this.#jobs.get(key);
    if (known === undefined) {
      this.#jobs.set(key, { endsMs: this.clock.now() + JOB_MS });
      this.jobStarts.set(key, (this.jobStarts.get(key) ?? 0) + 1);
    }
    const { endsMs } = present(this.#jobs.get(key), key);
    while (this.clock.now() < endsMs) await wait(LOOK_MS);
    return { outcome: "done" };
  }

  async #awaitReady(
    step: Extract<Step, { action: "await-ready" }>,
    wait: (ms: number) => Promise<void>,
  ): Promise<StepResult> {
    const untilMs = this.clock.now() + step.deadlineMs;
    for (;;) {
      const one = this.#instances().find(({ id }) => id === step.instance);
      const failed = (because: string): StepResult => ({ outcome: "failed", because, detail: [] });
      if (one === undefined) return failed(`there is no instance ${step.instance}`);
      if (this.#instance(one).state === "ready") return { outcome: "done" };
      if (this.clock.now() >= untilMs) return failed(`${step.instance} was not ready in time`);
      await wait(LOOK_MS);
    }
  }

  #watch(step: Step): void {
    const find = (id: InstanceId) => this.#instances().find((one) => one.id === id);
    if (step.action === "stop" || step.action === "drain") {
      if (find(step.instance)?.routed === true) {
        this.sins.push(`${step.action} of ${step.instance}, which is routed`);
      }
    }
    if (step.action !== "switch") return;
    for (const id of step.instances) {
      const one = find(id);
      if (one === undefined || one.routed || this.#instance(one).state === "ready") continue;
      this.sins.push(`${id} is routed before it is ready`);
    }
  }

  #checkFloors(step: Step): void {
    for (const [name, floor] of this.floors) {
      const unit = this.world.observe().units.find((one) => one.name === name);
      const serving = (unit?.instances ?? []).filter(
        (one) => one.routed && this.#instance(one).state === "ready",
      ).length;
      if (serving >= floor) continue;
      this.sins.push(`${name} has ${serving} serving after ${step.action}, floor ${floor}`);
    }
  }

  /** Requests since the last count fall evenly on what is routed. */
  #count(): void {
    const now = this.clock.now();
    const seconds = (now - this.#countedMs) / 1_000;
    this.#countedMs = now;
    for (const { instances } of this.world.observe().units) {
      const routed = instances.filter((one) => one.routed);
      for (const { id } of routed) {
        const life = this.#lives.get(id);
        if (life !== undefined) life.requests += (REQUESTS_PER_S * seconds) / routed.length;
      }
    }
  }
}
