import type { JobUnit } from "../../../plan/graph.ts";
import type { Step } from "../../../record/step.ts";
import { parseSchedule, type Schedule } from "../../../system/schedule.ts";
import { isAlive } from "../identity.ts";
import type { Crew } from "./crew.ts";
import { dueOf } from "./due.ts";
import { runJob, skipRun } from "./jobs.ts";
import type { JobRecord } from "./state.ts";

type RunJob = Extract<Step, { action: "run-job" }>;

/** Runs jobs when they are due, each by its committed release, never two runs of one at a time. */
export class Scheduler {
  readonly #crew: Crew;
  /** Reading a schedule and finding its next minute is not done four times a second. */
  readonly #known = new Map<string, Known>();
  readonly #ending: AbortSignal;

  constructor(crew: Crew, ending: AbortSignal) {
    this.#crew = crew;
    this.#ending = ending;
  }

  /** Runs that a supervisor before this one began are watched to their end or deadline. */
  resume(): void {
    const { state } = this.#crew.world.ledger;
    for (const record of Object.values(state.jobs)) {
      const unit = state.units[record.job];
      if (record.outcome !== "running" || record.run === undefined) continue;
      if (unit?.kind === "job") this.#begin(stepOf(unit, record.release, record.run));
    }
  }

  async tick(): Promise<void> {
    const { ledger, clock } = this.#crew.world;
    for (const unit of Object.values(ledger.state.units)) {
      if (unit.kind !== "job" || unit.schedule === undefined) continue;
      const seenToMs = ledger.state.schedules[unit.name];
      // Defined by a version that knew no schedules: its first minute is still to come.
      if (seenToMs === undefined) await this.#seenTo(unit.name, clock.wall());
      else await this.#look(unit, { text: unit.schedule, seenToMs });
    }
  }

  async #look(unit: JobUnit, { text, seenToMs }: Pick<Known, "text" | "seenToMs">): Promise<void> {
    const nowMs = this.#crew.world.clock.wall();
    const known = this.#known.get(unit.name);
    const isKnown = known?.text === text && known.seenToMs === seenToMs;
    if (isKnown && (known.nextMs === undefined || known.nextMs > nowMs)) return;
    const schedule = isKnown ? known.schedule : scheduleOf(text);
    if (schedule === undefined) return;
    const due = dueOf(schedule, { seenToMs, nowMs });
    switch (due.kind) {
      case "not-yet":
        this.#known.set(unit.name, { text, seenToMs, schedule, nextMs: due.nextMs });
        return;
      case "missed":
        return await this.#seenTo(unit.name, due.seenToMs);
      case "due":
        return await this.#run(unit, due.dueMs);
      default:
        return due satisfies never;
    }
  }

  async #run(unit: JobUnit, dueMs: number): Promise<void> {
    const { world } = this.#crew;
    const release = world.ledger.state.releases[unit.name]?.committed;
    if (release === undefined) return await this.#seenTo(unit.name, dueMs);
    const step = stepOf(unit, release, new Date(dueMs).toISOString());
    const earlier = Object.values(world.ledger.state.jobs).find(
      (record) => record.job === unit.name && isRunning(record),
    );
    if (earlier !== undefined) {
      return await skipRun(world, step, `${earlier.instance} had not ended`);
    }
    this.#begin(step);
    // Seen to with its first record; where that failed, the next look is not a storm of tries.
    await this.#seenTo(unit.name, dueMs);
  }

  #begin(step: RunJob): void {
    // What became of it stands in its record, which `status` and `job` show.
    void runJob(this.#crew, step, this.#ending).catch(() => {});
  }

  async #seenTo(job: string, ms: number): Promise<void> {
    await this.#crew.world.ledger.record((state) =>
      (state.schedules[job] ?? 0) >= ms
        ? state
        : { ...state, schedules: { ...state.schedules, [job]: ms } },
    );
  }
}

interface Known {
  readonly text: string;
  readonly seenToMs: number;
  readonly schedule: Schedule;
  readonly nextMs: number | undefined;
}

function scheduleOf(text: string): Schedule | undefined {
  const parsed = parseSchedule(text);
  return parsed.ok ? parsed.value : undefined;
}

function stepOf(unit: JobUnit, release: string, run: string): RunJob {
  return { action: "run-job", job: unit.name, release, deadlineMs: unit.deadlineMs, run };
}

function isRunning({ outcome, identity }: JobRecord): boolean {
  return outcome === "running" && (identity === undefined || isAlive(identity));
}
