import type { Clock } from "@seaworthy/std/clock";
import type { Graph, UnitName } from "../plan/graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "../plan/observed.ts";
import type { InstanceId, Step, StepResult } from "../record/step.ts";
import type { RecordKind } from "../record/store.ts";
import { weightsOf } from "../targets/weights.ts";
import {
  type Headroom,
  type Lease,
  type Measured,
  type Target,
  TargetError,
} from "../targets/target.ts";

/** How instances of one release behave on this target. */
export interface Behaviour {
  readonly bootMs: number;
  readonly neverReady?: boolean;
  /** This long after it took its first requests, each instance dies and is restarted. */
  readonly crashesAfterMs?: number;
  readonly errorRatio?: number;
  readonly latencyMs?: number;
  /** Held after a second more than before it; all releases begin with the same. */
  readonly leaksBytesPerS?: number;
  /** When the edge leaves it out, in ms since it took its first requests, the first one first. */
  readonly ejections?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

interface Machine {
  readonly id: InstanceId;
  readonly unit: UnitName;
  readonly release: string;
  readonly bornMs: number;
  routed: boolean;
  weight: number;
  isolated: string | undefined;
  routedMs: number | undefined;
  stopping: boolean;
  /** Dead until then, started again where it is. */
  downUntilMs: number;
  restarts: number;
  requests: number;
  failed: number;
}

const BOUNDS_MS = [10, 20, 50, 100, 200, 500, 1_000, 2_000];
const HELD_BYTES = 50 * 1_048_576;
const STEP_MS = 20;
const READY_LOOK_MS = 200;
const DONE: StepResult = { outcome: "done" };

/** A target made of arithmetic: slow where told, failing where told, and watched at every step. */
export class ModelTarget {
  readonly clock: Clock;
  readonly journal: unknown[] = [];
  readonly applied: Step[] = [];
  readonly units = new Map<UnitName, ObservedUnit>();
  readonly machines = new Map<InstanceId, Machine>();
  readonly behaviours = new Map<string, Behaviour>();
  /** Requests a second that each unit's edge is sent. */
  ratePerSecond = 50;
  epoch = 1;
  headroom: Headroom = { memoryBytes: 1e12, addresses: 1_000 };
  readonly lost = new AbortController();
  /** Called when a step begins; a result stands instead of its effect, a throw is passed on. */
  onStep: (step: Step) => StepResult | undefined | Promise<StepResult | undefined> = () =>
    undefined;
  /** As `define` was last told. */
  graph: Graph | undefined;
  #before: Observed["before"];
  #countedMs = 0;
  #since = "once";

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get lease(): Lease {
    return {
      epoch: this.epoch,
      lost: this.lost.signal,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** Something that has served for a while when the test begins. */
  serving(unit: UnitName, release: string, count: number): void {
    const seen = this.#unit(unit);
    this.units.set(unit, { ...seen, desired: count, committed: release });
    this.behaviours.set(release, { bootMs: 0 });
    for (let index = 0; index < count; index += 1) {
      const machine = this.#born(`${unit}-${this.#unit(unit).nextInstance}`, unit, release);
      machine.routed = true;
      machine.routedMs = -60_000;
      machine.requests = 1_000;
    }
  }

  get target(): Target {
    return {
      platform: { name: "dry", edge: "gateway", faults: new Set() },
      observe: () => Promise.resolve(this.observed()),
      lease: () => Promise.resolve({ held: true, lease: this.lease }),
      describe: () => Promise.reject(new Error("not asked for in these tests")),
      put: () => Promise.resolve(),
      define: (graph, { operation }) => Promise.resolve(this.#define(graph, operation)),
      apply: (step, { signal, epoch }) => this.#apply(step, signal, epoch),
      headroom: () => Promise.resolve(this.headroom),
      measure: (unit) => Promise.resolve(this.#measure(unit)),
      prepare: () => Promise.reject(new Error("not asked for in these tests")),
      witness: () => Promise.reject(new Error("not asked for in these tests")),
      exec: () => Promise.reject(new Error("not asked for in these tests")),
      logs: (query) => this.#logs(query.instance),
      store: {
        append: async (kind, body) => {
          await this.clock.sleep(1);
          if (kind === "journal") this.journal.push(body);
        },
        read: (kind: RecordKind) => Promise.resolve(kind === "journal" ? this.journal : []),
      },
      close: () => Promise.resolve(),
    };
  }

  /** Dies, and is started again where it is after a while. */
  die(id: InstanceId, forMs: number): void {
    const one = this.machines.get(id);
    if (one === undefined) return;
    one.downUntilMs = this.clock.now() + forMs;
    one.restarts += 1;
  }

  /** What a step does, though nobody is told so. */
  force(step: Step): void {
    if (step.action === "start") this.#born(step.instance, step.unit, step.release);
    else this.#take(step);
  }

  observed(): Observed {
    const units = [...this.units.values()].map((unit) => ({
      ...unit,
      instances: [...this.machines.values()]
        .filter((one) => one.unit === unit.name)
        .map((one) => this.#seen(one)),
    }));
    const edge = { addresses: ["http://127.0.0.1:1"], ready: true };
    return { basis: "basis", exists: true, units, edge, graph: this.graph, before: this.#before };
  }

  async *#logs(instance: InstanceId | undefined) {
    await this.clock.sleep(1);
    if (instance === undefined) return;
    yield { instance, stream: "stderr" as const, text: "the last thing it said" };
  }

  #define(graph: Graph, operation = ""): void {
    if (this.#before?.operation !== operation) this.#before = { operation, graph: this.graph };
    this.graph = graph;
    for (const unit of graph.units) {
      if (unit.kind !== "service") continue;
      this.units.set(unit.name, { ...this.#unit(unit.name), desired: unit.replicas });
    }
  }

  async #apply(step: Step, signal: AbortSignal, epoch: number): Promise<StepResult> {
    this.applied.push(step);
    if (epoch !== this.epoch) throw new TargetError("fenced", `epoch ${epoch} is over`);
    const instead = await this.onStep(step);
    if (instead !== undefined) return instead;
    if (step.action === "start") this.#born(step.instance, step.unit, step.release);
    if (step.action === "await-ready") return await this.#awaitReady(step, signal);
    if (step.action === "stop") this.#mark(step.instance);
    await this.clock.sleep(STEP_MS, signal);
    this.#take(step);
    return DONE;
  }

  #take(step: Step): void {
    this.#count();
    if (step.action === "stop") this.machines.delete(step.instance);
    if (step.action === "remove") this.units.delete(step.unit);
    if (step.action === "commit") {
      const unit = this.#unit(step.unit);
      const previous = unit.committed;
      this.units.set(step.unit, { ...unit, committed: step.release, previous });
    }
    if (step.action !== "switch") return;
    const mine = [...this.machines.values()].filter((one) => one.unit === step.unit);
    const chosen = mine.filter(({ id }) => step.instances.includes(id));
    const weights = weightsOf(chosen, step.shares);
    for (const one of mine) {
      one.routed = chosen.includes(one);
      one.weight = weights.get(one.id) ?? 1;
      if (one.routed) one.routedMs ??= this.clock.now();
    }
  }

  async #awaitReady(
    step: Step & { action: "await-ready" },
    signal: AbortSignal,
  ): Promise<StepResult> {
    const until = this.clock.now() + step.deadlineMs;
    while (this.clock.now() < until) {
      const one = this.machines.get(step.instance);
      if (one !== undefined && this.#seen(one).state === "ready") return DONE;
      await this.clock.sleep(READY_LOOK_MS, signal);
    }
    const detail = ["last probe: GET /ready 503", `${step.instance} stderr | still migrating`];
    return { outcome: "failed", because: `${step.instance} was not ready in time`, detail };
  }

  #mark(id: InstanceId): void {
    const one = this.machines.get(id);
    if (one !== undefined) one.stopping = true;
  }

  #unit(name: UnitName): ObservedUnit {
    return (
      this.units.get(name) ?? {
        name,
        kind: "service",
        desired: 0,
        scaleOverride: undefined,
        committed: undefined,
        previous: undefined,
        instances: [],
        nextInstance: 1,
        url: `http://127.0.0.1:1/${name}`,
        definition: "d",
      }
    );
  }

  #born(id: InstanceId, unit: UnitName, release: string): Machine {
    const machine: Machine = {
      id,
      unit,
      release,
      bornMs: this.clock.now(),
      routed: false,
      weight: 1,
      isolated: undefined,
      routedMs: undefined,
      stopping: false,
      downUntilMs: Number.NEGATIVE_INFINITY,
      restarts: 0,
      requests: 0,
      failed: 0,
    };
    this.machines.set(id, machine);
    const seen = this.#unit(unit);
    const number = Number(id.split("-").at(-1));
    this.units.set(unit, { ...seen, nextInstance: Math.max(seen.nextInstance, number + 1) });
    return machine;
  }

  #seen(one: Machine): ObservedInstance {
    const nature = this.behaviours.get(one.release) ?? { bootMs: 0 };
    const now = this.clock.now();
    const { crashesAfterMs } = nature;
    const served = one.routedMs === undefined ? 0 : now - one.routedMs;
    const crashes = crashesAfterMs === undefined ? 0 : Math.floor(served / crashesAfterMs);
    const restarts = one.restarts + crashes;
    const isDown = now < one.downUntilMs;
    const upMs = now - Math.max(one.bornMs, one.downUntilMs);
    const isReady = nature.neverReady !== true && upMs >= nature.bootMs;
    const times = this.#ejected(one);
    const up = isReady ? (times === 0 ? "ready" : "unready") : "starting";
    const out = { because: "left out by the edge: it is slow", times };
    return {
      id: one.id,
      unit: one.unit,
      release: one.release,
      routed: one.routed,
      weight: one.weight,
      isolated: one.isolated,
      restarts,
      state: one.stopping ? "stopping" : isDown ? "backing-off" : up,
      address: undefined,
      pid: 1,
      since: "",
      because: restarts > 0 ? "it exited with 1" : times > 0 ? out.because : undefined,
      ...(times > 0 ? { ejected: out } : {}),
    };
  }

  /** Which ejection it is in; 0: none. */
  #ejected({ release, routedMs }: Machine): number {
    const served = routedMs === undefined ? 0 : this.clock.now() - routedMs;
    const ejections = this.behaviours.get(release)?.ejections ?? [];
    return 1 + ejections.findIndex(({ fromMs, toMs }) => served >= fromMs && served < toMs);
  }

  /** One request to this instance, as the edge counts it. */
  count(one: Machine, requests = 1): void {
    one.requests += requests;
    one.failed += requests * (this.behaviours.get(one.release)?.errorRatio ?? 0);
  }

  /** An edge that started again has counted nothing yet. */
  forgetCounters(): void {
    this.#count();
    this.#since = `${this.clock.now()}`;
    for (const one of this.machines.values()) [one.requests, one.failed] = [0, 0];
  }

  /** Requests since the last count fall on what is routed, by weight. */
  #count(): void {
    const now = this.clock.now();
    const seconds = (now - this.#countedMs) / 1_000;
    this.#countedMs = now;
    for (const unit of this.units.keys()) {
      const routed = [...this.machines.values()].filter(
        (one) => one.unit === unit && one.routed && this.#ejected(one) === 0,
      );
      const all = routed.reduce((sum, { weight }) => sum + weight, 0);
      for (const one of routed) this.count(one, (this.ratePerSecond * seconds * one.weight) / all);
    }
  }

  #measure(unit: UnitName): Measured {
    this.#count();
    const mine = [...this.machines.values()].filter((one) => one.unit === unit);
    const none = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
    const instances = mine.map((one) => {
      const latency = this.behaviours.get(one.release)?.latencyMs ?? 15;
      const bucket = BOUNDS_MS.findIndex((bound) => latency <= bound);
      const requests = Math.round(one.requests);
      const counts = [...BOUNDS_MS, 0].map((_, index) => (index === bucket ? requests : 0));
      return {
        instance: one.id,
        release: one.release,
        requests,
        inFlight: none,
        failed: { ...none, safe: Math.round(one.failed) },
        lastRequestWallMs: undefined,
        latency: { boundsMs: BOUNDS_MS, counts },
        memoryBytes: this.#held(one),
      };
    });
    return { since: this.#since, instances };
  }

  #held({ release, bornMs }: Machine): number {
    const grows = this.behaviours.get(release)?.leaksBytesPerS ?? 0;
    return HELD_BYTES + (grows * (this.clock.now() - bornMs)) / 1_000;
  }
}
