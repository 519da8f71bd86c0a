import type { RolloutSettings } from "../system/system.ts";
import { type BakeVerdict, type BakeView, judgeBake } from "./bake.ts";
import { LeftOut, saidOf } from "./left-out.ts";
import { observe, unitIn } from "./look.ts";
import { errorRatioOf, p95Of, type Tally, tallyOf } from "./tally.ts";
import { measure, memoryFault, type Roller, type UnitRoll } from "./unit-roll.ts";

/** Twice a second: a death is seen while its log is still warm, and the edge is not bothered. */
const LOOK_EVERY_MS = 500;
/** Every second look is told: one line a second is a progress bar, more is noise. */
const EMIT_EVERY_LOOKS = 2;

type ProbeCount = Pick<Tally, "requests" | "failed">;
const NONE_SENT: ProbeCount = { requests: 0, failed: 0 };

/** What is judged: all of a release, or a canary's share beside the release before it. */
export interface Watched {
  readonly settings: Pick<RolloutSettings, "bakeMs" | "bakeRequestsMin" | "abort">;
  readonly share: number | undefined;
}

export type BakeEnd =
  | Exclude<BakeVerdict, { readonly verdict: "wait" }>
  | { readonly verdict: "stopped"; readonly because: string };

/** One bake of a unit; counts from the moment it is begun. */
export class BakeWatch {
  readonly #roll: UnitRoll;
  readonly #roller: Roller;
  readonly #watched: Watched;
  readonly #atStart: Pick<UnitRoll, "counters" | "seen"> & {
    readonly nowMs: number;
    readonly sent: ProbeCount;
  };
  #looks = 0;
  readonly #leftOut = new LeftOut();

  private constructor(roll: UnitRoll, roller: Roller, watched: Watched) {
    this.#roll = roll;
    this.#roller = roller;
    this.#watched = watched;
    const { counters, seen, probe } = roll;
    this.#atStart = { counters, seen, nowMs: roller.clock.now(), sent: probe?.sent ?? NONE_SENT };
  }

  static async begin(roll: UnitRoll, roller: Roller, watched: Watched): Promise<BakeWatch> {
    await measure(roll, roller);
    return new BakeWatch(roll, roller, watched);
  }

  /** Looks until it can be judged. */
  async judged(): Promise<BakeEnd> {
    return await this.#until((end) => {
      this.#tell();
      return end.verdict === "wait" ? undefined : end;
    });
  }

  /** Looks while a person thinks: only what goes wrong meanwhile counts. */
  async held(answer: () => "keep" | "go-back" | undefined): Promise<BakeEnd | "keep" | "go-back"> {
    return await this.#until((end) =>
      end.verdict === "fail" || end.verdict === "stopped" ? end : answer(),
    );
  }

  async #until<End>(endOf: (end: BakeEnd | BakeVerdict) => End | undefined): Promise<End> {
    for (;;) {
      const end = endOf(await this.#look());
      if (end !== undefined) return end;
      await this.#roller.clock.sleep(LOOK_EVERY_MS, this.#roller.signal);
    }
  }

  async #look(): Promise<BakeEnd | BakeVerdict> {
    const [roll, roller] = [this.#roll, this.#roller];
    const { settings, share } = this.#watched;
    if (roller.stopRequested()) return { verdict: "stopped", because: "stopped on request" };
    roll.seen = unitIn(await observe(roller), roll.goal.unit);
    await measure(roll, roller);
    const complaint = roll.probe?.look(true);
    // The probe asks both releases: which of them failed, the comparison says.
    if (complaint !== undefined && share === undefined) {
      return { verdict: "fail", because: complaint };
    }
    const excess = memoryFault(roll);
    if (excess !== undefined) return { verdict: "fail", because: excess };
    const steady = tallyOf(roll.counters, (one) => one.release === roll.goal.from);
    const health = healthOf(roll, this.#atStart.seen.instances);
    const leftOut = this.#leftOut.look(roll);
    roll.culprit ??= leftOut[0]?.id;
    const casualties = [...health.casualties, ...leftOut.map(saidOf)];
    return judgeBake({ settings, ...this.#seen(), steady, ...health, casualties });
  }

  /** Both groups over the very same time. */
  #seen(): Pick<BakeView, "elapsedMs" | "fresh" | "control" | "ownProbe"> {
    const { goal, counters, probe } = this.#roll;
    const [sent, before] = [probe?.sent ?? NONE_SENT, this.#atStart.sent];
    const since = (release: string | undefined): Tally =>
      tallyOf(counters, (one) => one.release === release, this.#atStart.counters);
    return {
      elapsedMs: this.#roller.clock.now() - this.#atStart.nowMs,
      fresh: since(goal.to),
      control: this.#watched.share === undefined ? undefined : since(goal.from),
      ownProbe: {
        requests: sent.requests - before.requests,
        failed: sent.failed - before.failed,
      },
    };
  }

  #tell(): void {
    this.#looks += 1;
    if (this.#looks % EMIT_EVERY_LOOKS !== 1) return;
    const { share } = this.#watched;
    const { elapsedMs, fresh, control } = this.#seen();
    this.#roller.emit({
      kind: "bake",
      unit: this.#roll.goal.unit,
      elapsedMs,
      ...figuresOf(fresh),
      ...(share === undefined ? {} : { share }),
      ...(control === undefined ? {} : { control: figuresOf(control) }),
    });
  }
}

function figuresOf(tally: Tally) {
  return {
    requests: tally.requests,
    errorRatio: errorRatioOf(tally),
    p95Ms: p95Of(tally),
  };
}

interface Health {
  readonly casualties: readonly string[];
  readonly unready: readonly string[];
}

function healthOf(roll: UnitRoll, atStart: UnitRoll["seen"]["instances"]): Health {
  const casualties: string[] = [];
  const unready: string[] = [];
  for (const then of atStart.filter((one) => one.release === roll.goal.to && one.routed)) {
    const now = roll.seen.instances.find((one) => one.id === then.id);
    const because = now?.because === undefined ? "" : ` (${now.because})`;
    if (now === undefined || now.state === "gone" || now.state === "failed") {
      casualties.push(`${then.id} of the new release died during the bake${because}`);
    } else if (now.restarts > then.restarts || now.state === "backing-off") {
      casualties.push(`${then.id} of the new release restarted during the bake${because}`);
    } else if (now.state !== "ready") unready.push(`${then.id}${because}`);
    if (casualties.length > 0) roll.culprit ??= then.id;
  }
  return { casualties, unready };
}
