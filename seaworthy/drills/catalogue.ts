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

export interface DrillDescription {
  readonly breaks: string;
  readonly tier: Tier;
  /** The fault it injects; undefined where it rolls a release instead. */
  readonly fault: Fault["kind"] | undefined;
  /** What its evidence speaks of; everything else it measures is shown, not judged. */
  readonly objectives: readonly ObjectiveName[];
  /** Requests and streams in flight on the victim are lost by nature (architecture §13). */
  readonly losesInFlight: boolean;
  /** Relative to the root of the project. */
  readonly page: string;
}

export const CATALOGUE: Readonly<Record<DrillName, DrillDescription>> = {
  "roll-under-load": {
    breaks: "nothing: rolls the same content as another release and back, under the declared load",
    tier: "T1",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    page: "docs/drills/roll-under-load.md",
  },
  "kill-instance": {
    breaks: "one instance, by SIGKILL to all its processes",
    tier: "T1",
    fault: "kill",
    objectives: ["errors", "recovery.time"],
    losesInFlight: true,
    page: "docs/drills/kill-instance.md",
  },
  "freeze-instance": {
    breaks: "one instance, by SIGSTOP: its sockets accept and nothing answers; then it resumes",
    tier: "T1",
    fault: "freeze",
    objectives: ["latency.p95", "latency.p99", "recovery.time"],
    losesInFlight: false,
    page: "docs/drills/freeze-instance.md",
  },
  "never-ready-release": {
    breaks: "a roll, by a release that stays alive and never listens",
    tier: "T1",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    page: "docs/drills/never-ready-release.md",
  },
};

export function isDrillName(name: string): name is DrillName {
  return Object.hasOwn(CATALOGUE, name);
}
