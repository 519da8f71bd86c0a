import { readFileSync } from "node:fs";
import type { UnitName } from "../../plan/graph.ts";
import type { InstanceId } from "../../record/step.ts";
import { groupsOf } from "./identity.ts";
import type { SupervisorState } from "./supervisor/state.ts";

const KIBIBYTE = 1_024;
/**
 * What nobody else could use if this process went: pages without a file behind them, in memory and
 * swapped out, and shared memory. Programs and libraries are not in it: they are shared and can be
 * read again. Source: proc_pid_status(5), since Linux 4.5.
 */
const HELD = /^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$/gm;

/** Bytes that each instance of the unit holds, all its processes; one that is gone is left out. */
export function heldMemory(
  state: Pick<SupervisorState, "instances"> | undefined,
  unit: UnitName,
): ReadonlyMap<InstanceId, number> {
  const ours = Object.values(state?.instances ?? {}).filter((record) => record.unit === unit);
  const groups = groupsOf(ours.flatMap(({ identity }) => identity ?? []));
  const held = new Map<InstanceId, number>();
  for (const { id, identity } of ours) {
    const pids = identity === undefined ? undefined : groups.get(identity);
    if (pids === undefined) continue;
    const bytes = pids.map(heldBy);
    held.set(
      id,
      bytes.reduce((sum, more) => sum + more, 0),
    );
  }
  return held;
}

function heldBy(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return [...status.matchAll(HELD)].reduce((sum, [, kib]) => sum + Number(kib) * KIBIBYTE, 0);
  } catch {
    // It ended since it was seen, and holds nothing.
    return 0;
  }
}
