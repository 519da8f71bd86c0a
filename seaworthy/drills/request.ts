import type { Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import type { StartLoad } from "../load/load.ts";
import type { Graph, JobUnit, ServiceUnit, UnitName } from "../plan/graph.ts";
import type { EventBody } from "../record/event.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import type { Parsed } from "../system/system.ts";
import type { Lease, Target } from "../targets/target.ts";
import type { DrillName, Tier } from "./catalogue.ts";

/** Everything a drill needs of the world; made by the composition root. */
export interface DrillRequest {
  readonly name: DrillName;
  /** Undefined: the service behind the edge's `/`, or the only one. */
  readonly unit: UnitName | undefined;
  readonly target: Target;
  readonly lease: Lease;
  readonly parsed: Parsed;
  /** As it is defined on the target now, scale overrides included. */
  readonly graph: Graph;
  readonly startLoad: StartLoad;
  /** Rolls this unit, under the same lease, to what this definition of it is now made of. */
  readonly roll: RollUnit;
  /** Makes every instance of this unit another one of the same release, as `restart` does. */
  readonly restart: (unit: UnitName, signal: AbortSignal) => Promise<RolloutOutcome>;
  /** Starts the tool again: it is what a release that is bad on purpose runs. */
  readonly ownCommand: OwnCommand;
  readonly clock: Clock;
  /** Chooses the victim and the order of the load; printed, so that a run can be repeated. */
  readonly seed: number;
  readonly runs: number;
  /** By schedule: all the runs can be made now, or none is begun (`DrillRefused` that waits). */
  readonly isDue: boolean;
  /** What is of a higher tier is refused. */
  readonly tierMax: Tier;
  /** The victim may be the last healthy member. */
  readonly allowOutage: boolean;
  /** Names this drill in the journal, in the load's writes and in its samples. */
  readonly operation: string;
  /** Absolute folder for the raw samples; it exists. */
  readonly scratch: string;
  /** The same folder as the evidence names it: relative to the record. */
  readonly raw: string;
  readonly emit: (body: EventBody) => void;
  /** First Ctrl-C: the drill undoes, and ends as aborted. */
  readonly stopRequested?: () => boolean;
  /** Ends every wait; the fault is undone all the same. */
  readonly signal: AbortSignal;
}

/** With this job before it, where one is given. */
export type RollUnit = (
  unit: ServiceUnit,
  signal: AbortSignal,
  job?: JobUnit,
) => Promise<RolloutOutcome>;

/** Not allowed here, or meaningless: nothing was touched. Becomes exit 9 or 2 in the cli. */
export class DrillRefused extends Error {
  override readonly name = "DrillRefused";
  readonly code:
    | "last-member"
    | "excluded"
    | "tier"
    | "no-such-unit"
    | "nothing-to-judge"
    | "blackout"
    | "budget";
  readonly fix: string;
  constructor(code: DrillRefused["code"], message: string, fix: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }

  /** It ends by itself: what is due may be asked for again later. */
  get waits(): boolean {
    return this.code === "blackout" || this.code === "budget";
  }
}
