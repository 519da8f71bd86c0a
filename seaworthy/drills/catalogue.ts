import type { Fault } from "../record/fault.ts";
import type { ObjectiveName } from "../system/system.ts";

export type DrillName =
  | "roll-under-load"
  | "kill-instance"
  | "freeze-instance"
  | "never-ready-release";

/**
 * How much it may hurt (`research/resilience.md` §2.1): T0 a scratch copy, T1 one member of a
 * redundant set, T2 a leader or a shared resource, T3 a site or data.
 */
export type Tier = "T0" | "T1" | "T2" | "T3";

/** How it is played: a fault, another release, more load, or a copy that nobody uses. */
export type DrillKind = "fault" | "roll" | "load" | "rehearsal";

/**
 * What it may hurt, at most. Whatever else is hurt shows that the fault ran away: the run is
 * aborted and undone.
 */
export type Blast = "instance" | "unit" | "edge" | "system" | "nothing";

/** What a drill is; how it is played stands in `plays.ts`, which does not compile without it. */
export interface DrillDescription {
  readonly kind: DrillKind;
  readonly breaks: string;
  readonly tier: Tier;
  readonly blast: Blast;
  /** The fault it injects: the target must be able to. Undefined where it injects none. */
  readonly fault: Fault["kind"] | undefined;
  /** What its evidence speaks of; everything else it measures is shown, not judged. */
  readonly objectives: readonly ObjectiveName[];
  /** Requests and streams in flight on the victim are lost by nature (architecture §13). */
  readonly losesInFlight: boolean;
  /** What a green run is easily taken for, and is not; ends the sentence "does not prove". */
  readonly unproven: string;
  /** Relative to the root of the project. */
  readonly page: string;
}

export const CATALOGUE: Readonly<Record<DrillName, DrillDescription>> = {
  "roll-under-load": {
    kind: "roll",
    breaks: "nothing: rolls the same content as another release and back, under the declared load",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that the next release is good: the same content is rolled",
    page: "docs/drills/roll-under-load.md",
  },
  "kill-instance": {
    kind: "fault",
    breaks: "one instance, by SIGKILL to all its processes",
    tier: "T1",
    blast: "instance",
    fault: "kill",
    objectives: ["errors", "recovery.time"],
    losesInFlight: true,
    unproven:
      "that acknowledged writes survive a power loss, nor anything about a host or a network",
    page: "docs/drills/kill-instance.md",
  },
  "freeze-instance": {
    kind: "fault",
    breaks: "one instance, by SIGSTOP: its sockets accept and nothing answers; then it resumes",
    tier: "T1",
    blast: "instance",
    fault: "freeze",
    objectives: ["latency.p95", "latency.p99", "recovery.time"],
    losesInFlight: false,
    unproven: "what a slow instance costs: a frozen one answers nothing at all",
    page: "docs/drills/freeze-instance.md",
  },
  "never-ready-release": {
    kind: "roll",
    breaks: "a roll, by a release that stays alive and never listens",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that a release which becomes ready and then fails is taken back",
    page: "docs/drills/never-ready-release.md",
  },
};

export function isDrillName(name: string): name is DrillName {
  return Object.hasOwn(CATALOGUE, name);
}
