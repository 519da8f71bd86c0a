import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";
import { refuse, ok, type Result } from "@seaworthy/std/result";

/** Version 1 and 2 of control groups say the same in other files (cgroups(7), cgroup-v2.rst). */
interface Files {
  readonly limit: string;
  /** Memory and swap together (v1), or swap alone (v2): otherwise it is swapped out, not killed. */
  readonly swap: string;
  /** Has a line `oom_kill N`. */
  readonly kills: string;
}

const VERSION_1: Files = {
  limit: "memory.limit_in_bytes",
  swap: "memory.memsw.limit_in_bytes",
  kills: "memory.oom_control",
};
const VERSION_2: Files = { limit: "memory.max", swap: "memory.swap.max", kills: "memory.events" };

/** A process that was killed leaves its group a moment after it is gone (EBUSY until then). */
const LEAVE_MS = 2_000;
const LOOK_MS = 20;

/** Where a process is put, and where it came from. */
export interface MemoryGroup {
  readonly folder: string;
  readonly home: string;
}

/**
 * A group of our own for this process: below its own group in version 1, beside it in version 2,
 * where a group with processes has none below it. A reason where no hierarchy of this machine
 * accounts for memory, or it may not be written by us.
 */
export function groupFor(pid: number | "self", id: string): Result<MemoryGroup, string> {
  const mounts = lines("/proc/self/mounts").map((line) => line.split(" "));
  const own = lines(`/proc/${pid}/cgroup`).map((line) => line.split(":"));
  const first = mounts.find(([, , type, options]) => type === "cgroup" && has(options, "memory"));
  const path = own.find(([, controllers]) => has(controllers, "memory"))?.[2];
  if (first?.[1] !== undefined && path !== undefined) {
    const home = join(first[1], path);
    return madeIn(home, { id, home });
  }
  const unified = mounts.find(([, , type]) => type === "cgroup2")?.[1];
  const place = own.find(([hierarchy]) => hierarchy === "0")?.[2];
  if (unified === undefined || place === undefined) return refuse("no control groups here");
  const home = join(unified, place);
  const parent = dirname(home);
  if (has(lines(join(parent, "cgroup.subtree_control")).join(",").replaceAll(" ", ","), "memory")) {
    return madeIn(parent, { id, home });
  }
  return refuse("its control group does not account for memory");
}

function madeIn(
  parent: string,
  { id, home }: { readonly id: string; readonly home: string },
): Result<MemoryGroup, string> {
  try {
    accessSync(join(parent, "cgroup.procs"), constants.W_OK);
    return ok({ folder: join(parent, `seaworthy-${id}`), home });
  } catch {
    return refuse(`${parent} may not be written by this user`);
  }
}

/** Makes it, and nothing in it may take more than this. */
export async function makeGroup(folder: string, limitBytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = filesOf(folder);
  await writeFile(join(folder, files.limit), String(limitBytes));
  // Without accounting for swap there is no such file, or it may not be written.
  const swapBytes = files === VERSION_1 ? limitBytes : 0;
  await writeFile(join(folder, files.swap), String(swapBytes)).catch(() => {});
}

export async function moveInto(folder: string, pid: number): Promise<void> {
  await writeFile(join(folder, "cgroup.procs"), String(pid));
}

/** Who lives in it goes back to where it came from; then it is removed. Idempotent. */
export async function removeGroup(
  group: MemoryGroup,
  clock: Clock,
): Promise<Result<string, string>> {
  const untilMs = clock.now() + LEAVE_MS;
  for (;;) {
    const removed = await removeNow(group);
    if (removed.ok || clock.now() >= untilMs) return removed;
    await clock.sleep(LOOK_MS);
  }
}

async function removeNow({ folder, home }: MemoryGroup): Promise<Result<string, string>> {
  try {
    for (const pid of await membersOf(folder)) {
      // One that ends meanwhile needs no moving.
      await moveInto(home, pid).catch(() => {});
    }
    await rmdir(folder);
    return ok("its control group is gone");
  } catch (error) {
    if (!existsSync(folder)) return ok("its control group is gone");
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** How many processes the kernel killed in it for want of memory; undefined: there is no group. */
export async function killsIn(folder: string): Promise<number | undefined> {
  if (!existsSync(folder)) return undefined;
  const text = await readFile(join(folder, filesOf(folder).kills), "utf8").catch(() => "");
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Ours by its name, and below a hierarchy of the system. */
export function isOurGroup(folder: string, id: string): boolean {
  return basename(folder) === `seaworthy-${id}` && folder.startsWith("/sys/fs/cgroup/");
}

async function membersOf(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, "cgroup.procs"), "utf8");
  return text.split("\n").filter(Boolean).map(Number);
}

function filesOf(folder: string): Files {
  return existsSync(join(folder, VERSION_1.limit)) ? VERSION_1 : VERSION_2;
}

function has(list: string | undefined, word: string): boolean {
  return list?.split(",").includes(word) === true;
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}
