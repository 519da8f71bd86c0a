import { open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { subjectOf, type FaultHandle, type FaultSight } from "../../../record/fault.ts";
import { isAlive } from "../identity.ts";
import type { Means } from "./means.ts";
import {
  isOurGroup,
  killsIn,
  makeGroup,
  moveInto,
  removeGroup,
  type MemoryGroup,
} from "./memory-group.ts";
import { endBreaker } from "./slow.ts";

/**
 * What the group may hold. More than a Node of ours takes (45 MB resident, seen with ps): what
 * `oom_score_adj` adds for the victim is the whole of it, so that the victim goes first, however
 * small it is (proc(5): adj × limit / 1000 pages).
 */
const LIMIT_BYTES = 96 * 1_048_576;
const PIECE_BYTES = 1_048_576;
/** Its memory counts for the group and not for whoever wrote it. */
const MEMORY_FOLDER = "/dev/shm";

/**
 * The instance is put into a control group with a limit, and a process of ours (`breaker.ts`) fills
 * the group until the kernel kills. What the instance itself had is still counted where it came
 * from; so it takes somebody else to fill the group, and a score to choose the victim.
 */
export const EXHAUST_MEMORY: Means = {
  hasBreaker: true,
  break: async (handle) => {
    const group = groupOf(handle);
    if (!group.ok) return group;
    try {
      await makeGroup(group.value.folder, LIMIT_BYTES);
      for (const { pid } of handle.processes.filter(isAlive)) {
        await writeFile(`/proc/${pid}/oom_score_adj`, "1000");
        await moveInto(group.value.folder, pid);
      }
      return ok("it lives in a control group of its own");
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error));
    }
  },
  mend: async (handle, site) => {
    const group = groupOf(handle);
    if (!group.ok) return group;
    if (!(await endBreaker(handle, site))) return refuse("what fills its memory outlives SIGKILL");
    // Ours, if it was killed between making and unlinking it.
    await rm(ballastOf(handle), { force: true });
    return await removeGroup(group.value, site.clock);
  },
  see: seeExhausted,
};

/** By the kernel's own count in that group. */
async function seeExhausted(handle: FaultHandle): Promise<FaultSight> {
  const group = groupOf(handle);
  const kills = group.ok ? await killsIn(group.value.folder) : undefined;
  const subject = subjectOf(handle.fault);
  if (kills === undefined)
    return { state: "over", seen: `${subject} has no control group of ours` };
  const leader = handle.processes[0];
  const isGone = leader !== undefined && !isAlive(leader);
  const seen = `the kernel killed ${kills} in the control group of ${subject}`;
  const told = `${seen}; pid ${leader?.pid} ${isGone ? "is gone" : "lives"}`;
  return { state: kills > 0 && isGone ? "in-force" : "unclear", seen: told };
}

/**
 * The breaker's part: joins the group, and takes from it until nobody who was prepared lives.
 * False: all of it was taken, and they live on.
 */
export async function exhaust(handle: FaultHandle, pid: number): Promise<boolean> {
  const group = groupOf(handle);
  if (!group.ok) return false;
  await moveInto(group.value.folder, pid);
  const path = ballastOf(handle);
  await using file = await open(path, "wx", 0o600);
  // Nobody needs to tidy up after a process that is killed.
  await rm(path, { force: true });
  const piece = Buffer.alloc(PIECE_BYTES, 1);
  for (let bytes = 0; bytes <= 2 * LIMIT_BYTES; bytes += PIECE_BYTES) {
    if (!handle.processes.some(isAlive)) return true;
    await file.write(piece);
  }
  return false;
}

function ballastOf({ id }: FaultHandle): string {
  return join(MEMORY_FOLDER, `seaworthy-${id}`);
}

function groupOf({ id, group }: FaultHandle): Result<MemoryGroup, string> {
  if (group === undefined || !isOurGroup(group.folder, id))
    return refuse("no control group is ours");
  return ok(group);
}
