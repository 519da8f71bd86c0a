import type { FaultHandle, FaultSight, ProcessIdentity } from "../../../record/fault.ts";
import { subjectOf } from "../../../record/fault.ts";
import { isAlive, isStopped, seeSame } from "../identity.ts";

/** Asks the kernel, not the supervisor that injects and undoes. */
export async function seeFault(handle: FaultHandle): Promise<FaultSight> {
  switch (handle.fault.kind) {
    case "kill":
      return seeKilled(handle);
    case "freeze":
      return seeFrozen(handle);
    case "drop":
    case "slow":
    case "fill-volume":
    case "fill-logs":
    case "exhaust-memory":
    case "kill-edge":
    case "reload-edge":
    case "upgrade-edge":
      return { inForce: false, seen: "nobody looks for it here" };
  }
}

function seeKilled({ fault, processes }: FaultHandle): FaultSight {
  const alive = processes.filter(isAlive);
  if (alive.length > 0) return { inForce: false, seen: `${pids(alive)} still there` };
  return { inForce: true, seen: `${subjectOf(fault)}: ${pids(processes)} gone` };
}

function seeFrozen({ fault, processes }: FaultHandle): FaultSight {
  const subject = subjectOf(fault);
  const leader = processes[0];
  const stopped = processes.filter(isStopped);
  if (leader !== undefined && stopped.includes(leader)) {
    return { inForce: true, seen: `${subject} (pid ${leader.pid}) is stopped` };
  }
  if (stopped.length > 0) return { inForce: true, seen: `${subject}: ${pids(stopped)} stopped` };
  const now = leader === undefined ? undefined : seeSame(leader);
  if (now === undefined) return { inForce: false, seen: `${subject}: ${pids(processes)} gone` };
  return { inForce: false, seen: `${subject} runs again (pid ${now.identity.pid}, ${now.state})` };
}

/** `pid 7 is`, `pids 7 and 8 are`. */
function pids(processes: readonly ProcessIdentity[]): string {
  const all = processes.map(({ pid }) => pid).join(", ");
  return processes.length === 1 ? `pid ${all} is` : `pids ${all} are`;
}
