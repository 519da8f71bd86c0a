import type { ProcessIdentity } from "../../../record/fault.ts";
import { TargetError } from "../../target.ts";
import { groupOf, isAlive, markedBy, signalGroup, signalOne } from "../identity.ts";
import type { World } from "./world.ts";

export interface Victim {
  readonly instance: string;
  /** Leads the process group; undefined when only the marks in the environment are known. */
  readonly leader: ProcessIdentity | undefined;
}

/** What lives of an instance: its group, and what left the group but bears its mark. */
export interface Members {
  readonly group: readonly ProcessIdentity[];
  readonly strays: readonly ProcessIdentity[];
}

const LOOK_MS = 20;
/** SIGKILL needs the kernel's attention only; longer means a process stuck in the kernel. */
const KILL_MS = 10_000;

/**
 * SIGTERM, grace, SIGKILL. When it resolves, nothing of the instance is left: neither the group
 * nor what left it (found by the mark in its environment).
 */
export async function terminate(world: World, victim: Victim, graceMs: number): Promise<void> {
  const { clock } = world;
  const { group, strays } = membersOf(world, victim);
  const members = [...group, ...strays];
  if (members.length === 0) return;
  signalMembers(victim, { group, strays }, "SIGTERM");
  const since = clock.now();
  while (clock.now() - since < graceMs && members.some(isAlive)) await clock.sleep(LOOK_MS);
  await killAll(world, victim, members);
}

/** SIGKILL to the whole group at once; resolves when all of it is gone. */
async function killAll(
  world: World,
  victim: Victim,
  known: readonly ProcessIdentity[] = [],
): Promise<void> {
  const { clock } = world;
  const since = clock.now();
  for (;;) {
    const members = membersOf(world, victim);
    const left = [...known.filter(isAlive), ...members.group, ...members.strays];
    if (left.length === 0) return;
    if (clock.now() - since > KILL_MS) {
      throw new TargetError("failed", `${victim.instance}: processes outlive SIGKILL`, {
        detail: [...new Set(left.map(({ pid }) => `pid ${pid}`))],
      });
    }
    signalMembers(victim, members, "SIGKILL");
    for (const identity of known) signalOne(identity, "SIGKILL");
    await clock.sleep(LOOK_MS);
  }
}

/** Every live process of the instance. */
function membersOf(world: World, victim: Victim): Members {
  const group = victim.leader === undefined ? [] : groupOf(victim.leader);
  const pids = new Set(group.map(({ pid }) => pid));
  const strays = markedBy(world.ledger.state.owner)
    .filter(({ mark }) => mark.instance === victim.instance)
    .map(({ process }) => process.identity)
    .filter(({ pid }) => !pids.has(pid));
  return { group, strays };
}

function signalMembers(victim: Victim, members: Members, signal: "SIGTERM" | "SIGKILL"): void {
  // One signal to the group reaches each once; a second SIGTERM means "at once" to many programs.
  const reached = victim.leader !== undefined && signalGroup(victim.leader, signal);
  const singly = reached ? members.strays : [...members.group, ...members.strays];
  for (const member of singly) signalOne(member, signal);
}
