import {
  subjectOf,
  type FaultHandle,
  type FaultSight,
  type ProcessIdentity,
} from "../../../record/fault.ts";
import { isAlive } from "../identity.ts";
import type { FaultSite } from "./fault-site.ts";
import { MEANS } from "./means.ts";

/** What the edge says of itself; undefined when it does not answer. */
export interface SeenEdge {
  readonly generation: number;
  readonly workerPid: number;
}

/** Asks the kernel and the edge, not the supervisor that injects and undoes. */
export async function seeFault(
  handle: FaultHandle,
  site: FaultSite,
  edge: () => Promise<SeenEdge | undefined>,
): Promise<FaultSight> {
  const { kind } = handle.fault;
  switch (kind) {
    case "kill":
    case "kill-edge":
      return seeKilled(handle);
    case "reload-edge":
    case "upgrade-edge":
      return seeOtherEdge(handle, await edge());
    case "freeze":
    case "drop":
    case "slow":
    case "fill-volume":
    case "fill-logs":
    case "exhaust-memory":
      return await MEANS[kind].see(handle, site);
  }
}

function seeKilled({ fault, processes }: FaultHandle): FaultSight {
  const alive = processes.filter(isAlive);
  const subject = subjectOf(fault);
  if (alive.length > 0) return { state: "over", seen: `${subject}: ${pids(alive)} there` };
  return { state: "in-force", seen: `${subject}: ${pids(processes)} gone` };
}

function seeOtherEdge({ fault, edge }: FaultHandle, now: SeenEdge | undefined): FaultSight {
  if (edge === undefined || now === undefined) {
    return { state: "unclear", seen: "the edge does not say what it is" };
  }
  const seen = `the edge routes by generation ${now.generation}, worker pid ${now.workerPid}`;
  const isOther =
    fault.kind === "reload-edge"
      ? now.generation > edge.generation
      : now.workerPid !== edge.workerPid && now.workerPid !== 0;
  return { state: isOther ? "in-force" : "over", seen };
}

/** `pid 7 is`, `pids 7, 8 are`. */
function pids(processes: readonly ProcessIdentity[]): string {
  const all = processes.map(({ pid }) => pid).join(", ");
  return processes.length === 1 ? `pid ${all} is` : `pids ${all} are`;
}
