import { type Random, seeded } from "@seaworthy/std/random";
import type { Step } from "../record/step.ts";
import type { Goal, Situation } from "./goal.ts";
import {
  abandoned,
  baked,
  begun,
  ended,
  finishing,
  freshMemory,
  type Memory,
  reversed,
} from "./memory.ts";
import { ModelWorld, type Nature } from "./model-world.fixture.ts";
import type { Decision } from "./rolling.ts";

/** One random life of a roll. Times are ticks of 100 ms. */
export interface History {
  readonly before: number;
  readonly replicas: number;
  readonly surge: number;
  readonly kind: "create" | "roll" | "scale";
  readonly fresh: Nature;
  /** What happens to instances of the old release that are started on the way back. */
  readonly old: Nature;
  readonly oldDiesAt: number | undefined;
  readonly bake: "pass" | "fail" | "inconclusive";
  /** The runner dies at these ticks and is started again with nothing in mind. */
  readonly crashes: readonly number[];
  readonly lag: number;
  readonly seed: number;
}

export type Machine = (situation: Situation) => Decision;

export interface Told {
  readonly end: "new" | "old" | "gave-up";
  /** The last phase: a release that starts dying after its proof cannot be taken back any more. */
  readonly phase: Memory["phase"];
  readonly world: ModelWorld;
  readonly goal: Goal;
  readonly steps: readonly Step[];
  readonly ticks: number;
}

const UNIT = "api";
const OLD = "r1";
const NEW = "r2";
const TICK_MS = 100;
const TICKS_MAX = 3_000;
const DEADLINE_TICKS = 1_200;
const BAKE_TICKS = 15;
const LIMITS = { bootMs: 4_000, drainMs: 1_000, stopMs: 1_000 };

interface Flight {
  readonly step: Step;
  readonly sinceTick: number;
  readonly length: number;
}

/** Plays a history with a machine; throws at the first broken promise. */
export function play(history: History, machine: Machine): Told {
  return new Play(history, machine).run();
}

class Play {
  readonly #history: History;
  readonly #machine: Machine;
  #goal: Goal;
  readonly #world: ModelWorld;
  readonly #chance: Random;
  readonly #steps: Step[] = [];
  #flights: Flight[] = [];
  #memory: Memory;
  #floor = 0;
  #bakeSince: number | undefined;
  #turning = false;

  constructor(history: History, machine: Machine) {
    this.#history = history;
    this.#machine = machine;
    this.#goal = goalFor(history);
    this.#chance = seeded(history.seed);
    const natures = new Map([
      [NEW, history.fresh],
      [OLD, history.old],
    ]);
    this.#world = new ModelWorld(natures, history.lag);
    const before = history.kind === "create" ? 0 : history.before;
    for (let index = 0; index < before; index += 1) this.#world.serving(OLD, UNIT);
    if (before > 0) this.#world.committed = OLD;
    this.#memory = this.#fresh();
  }

  run(): Told {
    for (;;) {
      const { tick } = this.#world;
      if (tick > TICKS_MAX) throw new Error(`no end within ${TICKS_MAX} ticks`);
      this.#world.advance();
      if (tick === this.#history.oldDiesAt) this.#world.kill(`${UNIT}-1`);
      if (this.#history.crashes.includes(tick)) this.#crash();
      this.#land();
      this.#checkWorld();
      const end = this.#turning ? this.#turn() : this.#act();
      if (end === undefined) continue;
      const { phase } = this.#memory;
      return { end, phase, world: this.#world, goal: this.#goal, steps: this.#steps, ticks: tick };
    }
  }

  #fresh(): Memory {
    this.#floor = readyRouted(this.#world);
    return freshMemory((this.#world.tick + DEADLINE_TICKS) * TICK_MS);
  }

  /** Everything in mind is lost; what was begun at the target ends there, waits are forgotten. */
  #crash(): void {
    for (const { step, length } of this.#flights) {
      if (step.action !== "await-ready" && step.action !== "drain") {
        this.#world.progress(step, length, length);
      }
    }
    this.#flights = [];
    if (this.#world.committed === NEW) this.#goal = repairOf(this.#goal);
    this.#memory = this.#fresh();
    this.#bakeSince = undefined;
    this.#turning = false;
  }

  #land(): void {
    const still: Flight[] = [];
    for (const flight of this.#flights) {
      const { step, sinceTick, length } = flight;
      const result = this.#world.progress(step, this.#world.tick - sinceTick, length);
      if (result === undefined) still.push(flight);
      else this.#memory = ended(this.#memory, step, result);
    }
    this.#flights = still;
  }

  /** As the runner does: waits are cut short, everything else is waited for. */
  #turn(): undefined {
    const isWait = ({ step }: Flight) => step.action === "await-ready" || step.action === "drain";
    for (const { step } of this.#flights.filter(isWait)) {
      this.#memory = abandoned(this.#memory, step);
    }
    this.#flights = this.#flights.filter((flight) => !isWait(flight));
    if (this.#flights.length > 0) return;
    this.#memory = reversed(this.#memory, (this.#world.tick + DEADLINE_TICKS) * TICK_MS);
    this.#turning = false;
    this.#floor = readyRouted(this.#world);
  }

  #act(): Told["end"] | undefined {
    const world = this.#world.seen();
    const nowMs = this.#world.tick * TICK_MS;
    const decision = this.#machine({ goal: this.#goal, world, memory: this.#memory, nowMs });
    switch (decision.kind) {
      case "steps":
        for (const step of decision.steps) this.#launch(step);
        return undefined;
      case "wait":
        return undefined;
      case "bake":
        return this.#bake();
      case "held":
        this.#memory = finishing(this.#memory, nowMs + DEADLINE_TICKS * TICK_MS);
        return undefined;
      case "reverse":
        this.#turning = true;
        return undefined;
      case "done":
        return this.#memory.direction === "forward" ? "new" : "old";
      case "gave-up":
        return "gave-up";
    }
  }

  #bake(): undefined {
    const mine = [...this.#world.processes.values()].filter((one) => one.release === NEW);
    const hasFailed = mine.some((one) => one.state !== "ready" || one.restarts > 0);
    this.#bakeSince ??= this.#world.tick;
    if (!hasFailed && this.#world.tick - this.#bakeSince < BAKE_TICKS) return;
    if (hasFailed || this.#history.bake !== "pass") this.#turning = true;
    else this.#memory = baked(this.#memory);
  }

  #launch(step: Step): void {
    this.#checkStep(step);
    this.#steps.push(step);
    this.#memory = begun(this.#memory, step, this.#world.seen());
    const failure = this.#world.begin(step);
    if (failure !== undefined) this.#memory = ended(this.#memory, step, failure);
    else {
      const length = 1 + this.#chance.below(5);
      this.#flights.push({ step, sinceTick: this.#world.tick, length });
    }
  }

  #aimed(): number {
    const { replicas, from } = this.#goal;
    if (this.#memory.direction === "forward") return replicas.to;
    return from === undefined ? 0 : replicas.from;
  }

  #checkStep(step: Step): void {
    const processes = this.#world.processes;
    const limit = this.#aimed() + this.#goal.surge;
    if (step.action === "start" && processes.size + 1 > limit) {
      throw new Error(`${step.instance} makes ${processes.size + 1} instances, limit ${limit}`);
    }
    if (step.action === "switch") this.#checkSwitch(step.instances);
    if (step.action !== "stop" && step.action !== "drain") return;
    const one = processes.get(step.instance);
    if (one?.routed === true) throw new Error(`${step.action} of ${one.id}, which is routed`);
    const isUndrained = one?.everRouted === true && !one.drainedSinceRouted;
    if (step.action === "stop" && one?.state === "ready" && isUndrained) {
      throw new Error(`${one.id} is stopped with requests in flight`);
    }
  }

  #checkSwitch(ids: readonly string[]): void {
    const seen = this.#world.seen().instances;
    const readyOf = (chosen: (id: string) => boolean): number =>
      seen.filter((one) => one.state === "ready" && chosen(one.id)).length;
    const routed = new Set(seen.filter((one) => one.routed).map((one) => one.id));
    const before = readyOf((id) => routed.has(id));
    const after = readyOf((id) => ids.includes(id));
    if (after < Math.min(this.#aimed(), before))
      throw new Error(`switch lowers ${before} to ${after}`);
    for (const id of ids.filter((one) => !routed.has(one))) {
      if (seen.find((one) => one.id === id)?.state !== "ready") {
        throw new Error(`${id} is routed and not ready`);
      }
      const process = this.#world.processes.get(id);
      if (process?.awaited !== true && process?.everRouted !== true) {
        throw new Error(`${id} is routed and was never waited for`);
      }
    }
  }

  /** Capacity, with what died by fate (not by us) taken off. */
  #checkWorld(): void {
    const floor = Math.min(this.#aimed(), this.#floor) - this.#world.casualties;
    const now = readyRouted(this.#world);
    if (now < floor) throw new Error(`capacity ${now} is below ${floor}`);
  }
}

function goalFor(history: History): Goal {
  const { kind, before, replicas, surge } = history;
  const isCreate = kind === "create";
  return {
    unit: UNIT,
    from: isCreate ? undefined : OLD,
    to: kind === "scale" ? OLD : NEW,
    replicas: { from: isCreate ? 0 : before, to: replicas },
    surge,
    limits: LIMITS,
    proof: kind === "roll" ? "bake" : isCreate ? "readiness" : "none",
  };
}

/** What a plan says once the new release is the committed one: only leftovers are to be done. */
function repairOf(goal: Goal): Goal {
  const { to } = goal.replicas;
  return { ...goal, from: NEW, to: NEW, replicas: { from: to, to }, proof: "readiness" };
}

function readyRouted(world: ModelWorld): number {
  return [...world.processes.values()].filter((one) => one.routed && one.state === "ready").length;
}
