import { type Random, seeded } from "@seaworthy/std/random";
import type { Step } from "../record/step.ts";
import type { Goal, Situation } from "./goal.ts";
import {
  goalFor,
  type History,
  NEW,
  OLD,
  type Refusal,
  repairOf,
  STRANGER,
  UNIT,
} from "./history.fixture.ts";
import {
  abandoned,
  baked,
  begun,
  committing,
  ended,
  finishing,
  freshMemory,
  type Memory,
  reversed,
  stepPassed,
} from "./memory.ts";
import { ModelWorld } from "./model-world.fixture.ts";
import {
  checkStep,
  checkWorld,
  type Floor,
  floorOf,
  type Moment,
  shareOfNew,
} from "./promises.fixture.ts";
import { positionOf } from "./resume.ts";
import type { Decision } from "./rolling.ts";

/** What is played: the deciding, and how a run that follows a dead one begins. */
export interface Machine {
  readonly decide: (situation: Situation) => Decision;
  readonly position: typeof positionOf;
}

export interface Told {
  readonly end: "new" | "old" | "gave-up";
  /** The last phase: a release that starts dying after its proof cannot be taken back any more. */
  readonly phase: Memory["phase"];
  readonly world: ModelWorld;
  readonly goal: Goal;
  readonly steps: readonly Step[];
  /** Steps of the last run that were refused after it turned back, or that it could not end. */
  readonly refusedLate: number;
  readonly judgements: number;
}

const TICK_MS = 100;
const TICKS_MAX = 6_000;
const DEADLINE_TICKS = 1_200;
const BAKE_TICKS = 15;
const BLIND_TICKS = 8;
/** A run begins when what the one before it did shows: a process takes longer to start. */
const RESTART_TICKS = 4;

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
  readonly #world: ModelWorld;
  readonly #chance: Random;
  readonly #steps: Step[] = [];
  readonly #counts = new Map<Step["action"], number>();
  #goal: Goal;
  #flights: Flight[] = [];
  #memory: Memory;
  #floor: Floor;
  #bakeSince: number | undefined;
  #turning = false;
  /** Some run has turned back. */
  #hasTurned = false;
  /** A run that has not looked yet. */
  #isNew = true;
  #startsAt = 0;
  #shareBefore = 0;
  #refusedLate = 0;
  #judgements = 0;
  /** Steps of the canary that were judged good, by whichever run. */
  #good = 0;

  constructor(history: History, machine: Machine) {
    this.#history = history;
    this.#machine = machine;
    this.#chance = seeded(history.seed);
    const natures = new Map([
      [NEW, history.fresh],
      [OLD, history.kind === "restart" ? history.fresh : history.old],
    ]);
    this.#world = new ModelWorld(natures, history);
    const before = history.kind === "create" ? 0 : history.before;
    this.#furnish(before);
    if (before > 0) this.#world.committed = OLD;
    this.#goal = goalFor(history, this.#world.next);
    this.#floor = floorOf(this.#world);
    this.#memory = freshMemory(this.#deadlineMs());
  }

  /** What is there when the first run begins. */
  #furnish(before: number): void {
    const { kind, strangers, leftWarm, isolated } = this.#history;
    const serving = Array.from({ length: before }, (_, index) =>
      this.#world.serving(kind === "roll" && index < strangers ? STRANGER : OLD, UNIT),
    );
    const warm = Array.from({ length: before === 0 ? 0 : leftWarm }, () =>
      this.#world.serving(OLD, UNIT),
    );
    for (const one of warm) one.routed = false;
    const [first] = serving;
    if (!isolated || before < 2 || first === undefined) return;
    first.isolated = "to look at it";
    first.routed = false;
  }

  run(): Told {
    for (;;) {
      const { tick } = this.#world;
      if (tick > TICKS_MAX) throw new Error(`no end within ${TICKS_MAX} ticks`);
      this.#world.advance();
      this.#shareBefore = shareOfNew(this.#world);
      if (tick === this.#history.oldDiesAt) this.#world.kill(`${UNIT}-1`);
      if (this.#history.crashes.includes(tick)) this.#crash();
      this.#land();
      checkWorld(this.#moment());
      if (tick < this.#startsAt || this.#isBlind(tick)) continue;
      if (this.#isNew) this.#memory = this.#fresh();
      const end = this.#turning ? this.#turn() : this.#act();
      if (end !== undefined) return this.#told(end);
    }
  }

  #told(end: Told["end"]): Told {
    return {
      end,
      phase: this.#memory.phase,
      world: this.#world,
      goal: this.#goal,
      steps: this.#steps,
      refusedLate: this.#refusedLate,
      judgements: this.#judgements,
    };
  }

  #isBlind(tick: number): boolean {
    return this.#history.blind.some((since) => since <= tick && tick < since + BLIND_TICKS);
  }

  #deadlineMs(): number {
    return (this.#world.tick + DEADLINE_TICKS) * TICK_MS;
  }

  #fresh(): Memory {
    this.#isNew = false;
    this.#refusedLate = 0;
    const { shares } = this.#goal.strategy;
    const canary = this.#history.forgets ? [] : shares;
    const change = { unit: UNIT, from: OLD, to: NEW, replicas: 0, canary };
    const { passed } = this.#machine.position(this.#goal, this.#world.seen(), [change]);
    return { ...freshMemory(this.#deadlineMs()), passed };
  }

  /**
   * Everything in mind is lost. What was begun at the target ends there, or never reached it; waits
   * are forgotten.
   */
  #crash(): void {
    for (const { step, length } of this.#flights) {
      const isWait = step.action === "await-ready" || step.action === "drain";
      const mayBeLost = step.action === "switch" || step.action === "commit";
      if (isWait || (mayBeLost && this.#chance.below(2) === 0)) continue;
      this.#world.progress(step, length, length);
    }
    this.#flights = [];
    if (this.#world.committed === NEW) this.#goal = repairOf(this.#goal);
    this.#memory = freshMemory(this.#deadlineMs());
    this.#floor = floorOf(this.#world);
    this.#startsAt = this.#world.tick + RESTART_TICKS;
    this.#bakeSince = undefined;
    this.#turning = false;
    this.#isNew = true;
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
    this.#memory = reversed(this.#memory, this.#deadlineMs());
    this.#turning = false;
    this.#hasTurned = true;
    this.#floor = floorOf(this.#world);
  }

  #act(): Told["end"] | undefined {
    const world = this.#world.seen();
    const nowMs = this.#world.tick * TICK_MS;
    const decision = this.#machine.decide({
      ...{ goal: this.#goal, world, memory: this.#memory, nowMs },
    });
    switch (decision.kind) {
      case "steps":
        for (const step of decision.steps) this.#launch(step);
        return undefined;
      case "wait":
        return undefined;
      case "bake":
        return this.#bake();
      case "held":
        return this.#held();
      case "reverse":
        this.#turning = true;
        return undefined;
      case "done":
        return this.#memory.direction === "forward" ? "new" : "old";
      case "gave-up":
        return "gave-up";
    }
  }

  /** One unit is the whole fleet here: proved, committed, then finished. */
  #held(): undefined {
    const isCommitted = this.#memory.phase === "committing";
    const next = isCommitted ? finishing : committing;
    this.#memory = next(this.#memory, this.#deadlineMs());
  }

  #bake(): undefined {
    const mine = [...this.#world.processes.values()].filter((one) => one.release === NEW);
    const hasFailed = mine.some((one) => one.state !== "ready" || one.restarts > 0);
    this.#bakeSince ??= this.#world.tick;
    if (!hasFailed && this.#world.tick - this.#bakeSince < BAKE_TICKS) return;
    this.#bakeSince = undefined;
    const { judged } = this.#history;
    const verdict = judged[Math.min(this.#judgements, judged.length - 1)];
    this.#judgements += 1;
    if (hasFailed || verdict !== "pass") {
      this.#turning = true;
      return;
    }
    const isStep = this.#memory.passed < this.#goal.strategy.shares.length;
    if (!isStep) this.#memory = baked(this.#memory, this.#deadlineMs());
    else {
      this.#memory = stepPassed(this.#memory, this.#deadlineMs());
      this.#good = Math.max(this.#good, this.#memory.passed);
    }
  }

  #launch(step: Step): void {
    checkStep(step, this.#moment());
    this.#steps.push(step);
    this.#memory = begun(this.#memory, step, this.#world.seen());
    const failure = this.#refusal(step) ?? this.#world.begin(step);
    if (failure !== undefined) this.#memory = ended(this.#memory, step, failure);
    else {
      const length = 1 + this.#chance.below(5);
      this.#flights.push({ step, sinceTick: this.#world.tick, length });
    }
  }

  #refusal(step: Step): ReturnType<ModelWorld["begin"]> {
    const nth = 1 + (this.#counts.get(step.action) ?? 0);
    this.#counts.set(step.action, nth);
    const isIt = (one: Refusal) => one.action === step.action && one.nth === nth;
    if (!this.#history.refusals.some(isIt)) return undefined;
    const { direction, phase } = this.#memory;
    if (direction === "reverse" || phase === "finishing") this.#refusedLate += 1;
    if (step.action === "switch" && this.#chance.below(2) === 0) {
      this.#world.progress(step, 1, 1);
    }
    return { outcome: "failed", because: `${step.action} is refused`, detail: [] };
  }

  #moment(): Moment {
    const { shares } = this.#goal.strategy;
    const { oldDiesAt } = this.#history;
    const standsIn = this.#hasTurned && oldDiesAt !== undefined && oldDiesAt <= this.#world.tick;
    const shareMax = Math.max(shares[this.#good] ?? 1, this.#shareBefore);
    return {
      world: this.#world,
      goal: this.#goal,
      memory: this.#memory,
      floor: this.#floor,
      shareMax: standsIn ? undefined : shareMax,
      isCommitted: this.#world.committed === this.#goal.to,
    };
  }
}
