import { numberOf } from "../plan/instance-number.ts";
import type { InstanceId, Step, StepResult } from "../record/step.ts";
import type { InstanceState } from "../targets/target.ts";
import { weightsOf } from "../targets/weights.ts";
import type { RollInstance, RollWorld } from "./goal.ts";

/** How instances of one release behave. Times are ticks of the model. */
export interface Nature {
  readonly bootTicks: number;
  readonly fate: "good" | "never-ready" | "dies-booting" | "dies-serving" | "crashes" | "no-start";
}

/** What the target shows badly. */
export interface Manners {
  /** States are this many ticks old when they are seen. */
  readonly lag: number;
  /** A switch or a start that was acknowledged shows this many ticks later. */
  readonly late: number;
}

export interface Process {
  readonly id: InstanceId;
  readonly release: string;
  readonly nature: Nature;
  bornTick: number;
  routed: boolean;
  weight: number;
  isolated: string | undefined;
  state: InstanceState;
  restarts: number;
  everRouted: boolean;
  drainedSinceRouted: boolean;
  awaited: boolean;
}

/** More than any lag of a history. */
const PAST_MAX = 10;
const DIES_SERVING_AFTER = 12;
const CRASHES_EVERY = 6;

/** A world of processes and an edge that does what steps say, and what fate says. */
export class ModelWorld {
  tick = 0;
  committed: string | undefined;
  casualties = 0;
  readonly processes = new Map<InstanceId, Process>();
  readonly #natures: ReadonlyMap<string, Nature>;
  readonly #manners: Manners;
  /** Newest first: what a slow observer still sees. */
  #past: (readonly RollInstance[])[] = [];
  #next = 1;

  constructor(natures: ReadonlyMap<string, Nature>, manners: Manners) {
    this.#natures = natures;
    this.#manners = manners;
  }

  get next(): number {
    return this.#next;
  }

  /** Something that already serves when the history begins; it only dies when told to. */
  serving(release: string, unit: string): Process {
    const nature: Nature = { bootTicks: 0, fate: "good" };
    const process = this.#born(`${unit}-${this.#next}`, release, nature);
    process.state = "ready";
    process.routed = true;
    process.everRouted = true;
    process.bornTick = -PAST_MAX;
    return process;
  }

  /** What serves. */
  ready(): readonly Process[] {
    return [...this.processes.values()].filter((one) => one.routed && one.state === "ready");
  }

  kill(id: InstanceId | undefined): void {
    const process = id === undefined ? undefined : this.processes.get(id);
    if (process === undefined || process.state === "gone") return;
    process.state = "gone";
    this.casualties += 1;
  }

  advance(): void {
    this.#past.unshift(this.#now());
    this.#past.length = Math.min(this.#past.length, PAST_MAX);
    this.tick += 1;
    for (const process of this.processes.values()) this.#age(process);
  }

  /** What an observer is told; that an instance was told to stop is never old. */
  seen(): RollWorld {
    const { lag, late } = this.#manners;
    const there = this.#now().filter(
      ({ id }) => this.tick - (this.processes.get(id)?.bornTick ?? 0) >= late,
    );
    const instances = there.map((one) => {
      const then = this.#ago(lag, one);
      const { routed, weight } = this.#ago(late, one);
      return one.state === "stopping" ? { ...one, routed, weight } : { ...then, routed, weight };
    });
    return { instances, committed: this.committed, nextInstance: this.#next };
  }

  /** The step's effect at its beginning; undefined: its end is asked for tick by tick. */
  begin(step: Step): StepResult | undefined {
    if (step.action === "start") {
      const nature = this.#natures.get(step.release);
      if (nature === undefined || nature.fate === "no-start") return failed("cannot start");
      this.#born(step.instance, step.release, nature);
    }
    if (step.action === "stop") {
      const process = this.processes.get(step.instance);
      if (process !== undefined) process.state = "stopping";
    }
    return undefined;
  }

  /** Whether a step that has lasted `ticks` of its `length` is over, and how. */
  progress(step: Step, ticks: number, length: number): StepResult | undefined {
    if (step.action === "await-ready") return this.#awaited(step, ticks);
    if (ticks < length) return undefined;
    if (step.action === "switch") this.#switch(step);
    if (step.action === "stop") this.processes.delete(step.instance);
    if (step.action === "commit") this.committed = step.release;
    const process = step.action === "drain" ? this.processes.get(step.instance) : undefined;
    if (process !== undefined) process.drainedSinceRouted = true;
    return { outcome: "done" };
  }

  #awaited(step: Step & { action: "await-ready" }, ticks: number): StepResult | undefined {
    const process = this.processes.get(step.instance);
    if (process?.state === "ready") {
      process.awaited = true;
      return { outcome: "done" };
    }
    const isDead = process === undefined || process.state === "gone" || process.state === "failed";
    return isDead || ticks * 100 >= step.deadlineMs ? failed("not ready") : undefined;
  }

  #switch({ instances, shares }: Extract<Step, { action: "switch" }>): void {
    const chosen = [...this.processes.values()].filter(({ id }) => instances.includes(id));
    const weights = weightsOf(chosen, shares);
    for (const process of this.processes.values()) {
      const weight = weights.get(process.id);
      if (weight !== undefined && !process.routed) process.drainedSinceRouted = false;
      process.routed = weight !== undefined;
      process.weight = weight ?? 1;
      process.everRouted ||= process.routed;
    }
  }

  #ago(ticks: number, one: RollInstance): RollInstance {
    return this.#past[ticks - 1]?.find(({ id }) => id === one.id) ?? one;
  }

  #now(): readonly RollInstance[] {
    return [...this.processes.values()].map(
      ({ id, release, state, routed, weight, isolated, restarts }) => ({
        ...{ id, release, state, routed, weight, isolated, restarts },
      }),
    );
  }

  #born(id: InstanceId, release: string, nature: Nature): Process {
    const process: Process = {
      id,
      release,
      nature,
      bornTick: this.tick,
      routed: false,
      weight: 1,
      isolated: undefined,
      state: "starting",
      restarts: 0,
      everRouted: false,
      drainedSinceRouted: false,
      awaited: false,
    };
    this.processes.set(id, process);
    this.#next = Math.max(this.#next, numberOf(id) + 1);
    return process;
  }

  #age(process: Process): void {
    const { nature, state } = process;
    const age = this.tick - process.bornTick;
    if (state === "starting" && age >= nature.bootTicks) {
      if (nature.fate === "dies-booting") this.kill(process.id);
      else if (nature.fate !== "never-ready") process.state = "ready";
    }
    const served = age - nature.bootTicks;
    if (nature.fate === "dies-serving" && served === DIES_SERVING_AFTER) this.kill(process.id);
    if (nature.fate !== "crashes" || served <= 0 || served % CRASHES_EVERY !== 0) return;
    if (state === "ready") this.casualties += 1;
    if (state === "ready" || state === "backing-off") {
      process.restarts += state === "ready" ? 1 : 0;
      process.state = state === "ready" ? "backing-off" : "ready";
    }
  }
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
