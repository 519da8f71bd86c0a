import type { InstanceId, Step, StepResult } from "../record/step.ts";
import type { InstanceState } from "../targets/target.ts";
import type { RollInstance, RollWorld } from "./goal.ts";

/** How instances of one release behave. Times are ticks of the model. */
export interface Nature {
  readonly bootTicks: number;
  readonly fate: "good" | "never-ready" | "dies-booting" | "dies-serving" | "crashes" | "no-start";
}

interface Process {
  readonly id: InstanceId;
  readonly release: string;
  readonly nature: Nature;
  readonly bornTick: number;
  routed: boolean;
  state: InstanceState;
  restarts: number;
  /** States of the ticks before, newest first: what a slow observer still sees. */
  past: InstanceState[];
  everRouted: boolean;
  drainedSinceRouted: boolean;
  awaited: boolean;
}

const DIES_SERVING_AFTER = 12;
const CRASHES_EVERY = 6;

/** A world of processes and an edge that does what steps say, and what fate says. */
export class ModelWorld {
  tick = 0;
  committed: string | undefined;
  casualties = 0;
  readonly processes = new Map<InstanceId, Process>();
  readonly #natures: ReadonlyMap<string, Nature>;
  readonly #lag: number;
  #next = 1;

  constructor(natures: ReadonlyMap<string, Nature>, lag: number) {
    this.#natures = natures;
    this.#lag = lag;
  }

  /** Something that already serves when the history begins; it only dies when told to. */
  serving(release: string, unit: string): void {
    const nature: Nature = { bootTicks: 0, fate: "good" };
    const process = this.#born(`${unit}-${this.#next}`, release, nature);
    process.state = "ready";
    process.past = Array.from({ length: this.#lag + 1 }, (): InstanceState => "ready");
    process.routed = true;
    process.everRouted = true;
  }

  kill(id: InstanceId | undefined): void {
    const process = id === undefined ? undefined : this.processes.get(id);
    if (process === undefined || process.state === "gone") return;
    process.state = "gone";
    this.casualties += 1;
  }

  advance(): void {
    this.tick += 1;
    for (const process of this.processes.values()) {
      process.past.unshift(process.state);
      process.past.length = Math.min(process.past.length, this.#lag + 1);
      this.#age(process);
    }
  }

  /** What an observer is told: states may be old, what the edge acknowledged is not. */
  seen(): RollWorld {
    const instances = [...this.processes.values()].map(
      (one): RollInstance => ({
        id: one.id,
        release: one.release,
        state: one.state === "stopping" ? "stopping" : (one.past[this.#lag - 1] ?? one.state),
        routed: one.routed,
        restarts: one.restarts,
      }),
    );
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
    if (step.action === "switch") this.#switch(step.instances);
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

  #switch(ids: readonly InstanceId[]): void {
    for (const process of this.processes.values()) {
      const routed = ids.includes(process.id);
      if (routed && !process.routed) process.drainedSinceRouted = false;
      process.routed = routed;
      process.everRouted ||= routed;
    }
  }

  #born(id: InstanceId, release: string, nature: Nature): Process {
    const process: Process = {
      id,
      release,
      nature,
      bornTick: this.tick,
      routed: false,
      state: "starting",
      restarts: 0,
      past: ["starting"],
      everRouted: false,
      drainedSinceRouted: false,
      awaited: false,
    };
    this.processes.set(id, process);
    this.#next = Math.max(this.#next, Number(id.split("-")[1]) + 1);
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
