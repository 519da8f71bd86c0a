import { readdirSync, readFileSync } from "node:fs";
import type { ProcessIdentity } from "../../record/fault.ts";

/** A process as the kernel shows it at this moment. Source: proc(5), /proc/PID/stat. */
export interface SeenProcess {
  readonly identity: ProcessIdentity;
  /** One letter: R, S, D running or waiting, T stopped, Z dead but not yet reaped. */
  readonly state: string;
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
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return undefined;
  return {
    identity: { pid, startTicks, bootId: bootId() },
    state,
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

/** Live members of the recorded leader's process group or session, the leader included. */
export function groupOf(leader: ProcessIdentity): readonly ProcessIdentity[] {
  if (!isAlive(leader)) return [];
  return seeAll()
    .filter((seen) => seen.group === leader.pid || seen.session === leader.pid)
    .map((seen) => seen.identity);
}

/** Live processes whose environment bears our mark; also those that left their group. */
export function markedBy(owner: string): readonly MarkedProcess[] {
  const marked: MarkedProcess[] = [];
  for (const process of seeAll()) {
    const mark = markOf(process.identity.pid);
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

function isDead(seen: SeenProcess): boolean {
  return seen.state === "Z" || seen.state === "X";
}

function markOf(pid: number): Mark | undefined {
  const environment = readText(`/proc/${pid}/environ`);
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
