import { readdirSync, readFileSync } from "node:fs";
import type { ProcessIdentity } from "../../record/fault.ts";

/** A process as the kernel shows it at this moment. Source: proc(5), /proc/PID/stat. */
export interface SeenProcess {
  readonly identity: ProcessIdentity;
  /** One letter: R, S, D running or waiting, T stopped, Z ended; of its first thread only. */
  readonly state: string;
  /** The first one counts until the process is reaped. */
  readonly threads: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/** What an instance's environment says about whose it is. */
export interface Mark {
  readonly owner: string;
  readonly instance: string;
}

export interface MarkedProcess {
  readonly process: SeenProcess;
  readonly mark: Mark;
}

/** Names in every instance's environment: how orphans are found again. */
export const OWNER_VARIABLE = "SEAWORTHY_OWNER";
export const INSTANCE_VARIABLE = "SEAWORTHY_INSTANCE";

/** Undefined when there is no such process. */
export function seeProcess(pid: number): SeenProcess | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The program's name stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  const threads = fields[17];
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return undefined;
  return {
    identity: { pid, startTicks, bootId: bootId() },
    state,
    threads: Number(threads),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
  };
}

/** Identity of a live process; undefined when it is gone or only waits to be reaped. */
export function identify(pid: number): ProcessIdentity | undefined {
  const seen = seeProcess(pid);
  return seen === undefined || isDead(seen) ? undefined : seen.identity;
}

/** The very process that was recorded, as it is now; undefined when it is gone. */
export function seeSame(identity: ProcessIdentity): SeenProcess | undefined {
  const seen = seeProcess(identity.pid);
  if (seen === undefined || isDead(seen)) return undefined;
  const same =
    seen.identity.startTicks === identity.startTicks && seen.identity.bootId === identity.bootId;
  return same ? seen : undefined;
}

export function isAlive(identity: ProcessIdentity): boolean {
  return seeSame(identity) !== undefined;
}

/** Stopped by SIGSTOP (state `T`), and still the recorded process. */
export function isStopped(identity: ProcessIdentity): boolean {
  return seeSame(identity)?.state === "T";
}

/** Every live process of this machine that we may look at. */
function seeAll(): readonly SeenProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => seeProcess(Number(name)))
    .filter((seen) => seen !== undefined)
    .filter((seen) => !isDead(seen));
}

/** The same for many leaders in one look at the machine. */
export function groupsOf(
  leaders: readonly ProcessIdentity[],
): ReadonlyMap<ProcessIdentity, readonly number[]> {
  const living = leaders.filter(isAlive);
  const all = living.length === 0 ? [] : seeAll();
  const members = ({ pid }: ProcessIdentity): readonly number[] =>
    all
      .filter((seen) => seen.group === pid || seen.session === pid)
      .map(({ identity }) => identity.pid);
  return new Map(living.map((leader) => [leader, members(leader)]));
}

/** Live members of the recorded leader's process group or session, the leader included. */
export function groupOf(leader: ProcessIdentity): readonly ProcessIdentity[] {
  if (!isAlive(leader)) return [];
  return seeAll()
    .filter((seen) => seen.group === leader.pid || seen.session === leader.pid)
    .map((seen) => seen.identity);
}

/** Live processes that it started and that have not left it, oldest first. */
export function childrenOf(parent: ProcessIdentity): readonly ProcessIdentity[] {
  if (!isAlive(parent)) return [];
  return seeAll()
    .filter((seen) => seen.parent === parent.pid)
    .map(({ identity }) => identity)
    .toSorted((a, b) => Number(a.startTicks) - Number(b.startTicks));
}

/** Live processes whose environment bears our mark; also those that left their group. */
export function markedBy(owner: string): readonly MarkedProcess[] {
  const marked: MarkedProcess[] = [];
  for (const process of seeAll()) {
    const mark = markOf(process);
    if (mark !== undefined && mark.owner === owner) marked.push({ process, mark });
  }
  return marked;
}

/** Signals one process if it still is the recorded one; false: it is gone. */
export function signalOne(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

/** Signals the whole group that the recorded process leads; false: the leader is gone. */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  const seen = seeSame(leader);
  if (seen === undefined) return false;
  return send(seen.group === leader.pid ? -leader.pid : leader.pid, signal);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * A process whose first thread has ended lives while another has not: its ports, its folders and
 * its files are taken until then. On a busy machine that shows at the end of every Node.
 */
function isDead(seen: SeenProcess): boolean {
  return (seen.state === "Z" || seen.state === "X") && seen.threads <= 1;
}

function markOf(seen: SeenProcess): Mark | undefined {
  const environment = environmentOf(seen);
  if (environment === undefined || !environment.includes(`${OWNER_VARIABLE}=`)) return undefined;
  let owner: string | undefined;
  let instance: string | undefined;
  for (const entry of environment.split("\0")) {
    if (entry.startsWith(`${OWNER_VARIABLE}=`)) owner = entry.slice(OWNER_VARIABLE.length + 1);
    if (entry.startsWith(`${INSTANCE_VARIABLE}=`)) {
      instance = entry.slice(INSTANCE_VARIABLE.length + 1);
    }
  }
  return owner === undefined || instance === undefined ? undefined : { owner, instance };
}

/** A thread that has ended shows none: another one is asked then. */
function environmentOf({ identity: { pid }, state }: SeenProcess): string | undefined {
  if (state !== "Z") return readText(`/proc/${pid}/environ`);
  for (const thread of threadsOf(pid)) {
    const environment = readText(`/proc/${pid}/task/${thread}/environ`);
    if (environment !== undefined && environment !== "") return environment;
  }
  return undefined;
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It ended since it was seen.
    return [];
  }
}

/** Changes with each boot: start ticks count from there. */
function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
