import type { Clock } from "@seaworthy/std/clock";
import { ok, refuse } from "@seaworthy/std/result";
import {
  subjectOf,
  type FaultHandle,
  type FaultSight,
  type ProcessIdentity,
} from "../../../record/fault.ts";
import { isAlive, isStopped, seeSame, signalGroup, signalOne } from "../identity.ts";
import type { Means } from "./means.ts";

/** A signal takes effect at the next scheduling; longer means it was not delivered. */
const FREEZE_MS = 2_000;
/** A process continues within a tick; longer means that something stops it again. */
const THAW_MS = 2_000;
const LOOK_MS = 10;

export const FREEZE: Means = {
  hasBreaker: false,
  break: async ({ processes }, { clock }) => {
    const leader = processes[0];
    if (leader === undefined) return refuse("no process was prepared");
    sendAll(processes, "SIGSTOP");
    await until(clock, FREEZE_MS, () => processes.every((one) => isStopped(one) || !isAlive(one)));
    if (isStopped(leader)) return ok(`pid ${leader.pid} is in state T`);
    const state = seeSame(leader)?.state ?? "gone";
    return refuse(`pid ${leader.pid} is not stopped after SIGSTOP: state ${state}`);
  },
  mend: async ({ fault, processes }, { clock }) => {
    const stopped = await thaw(processes, clock);
    if (stopped > 0) return refuse(`${stopped} processes of ${subjectOf(fault)} stay stopped`);
    const leader = processes[0];
    if (leader !== undefined && isAlive(leader)) {
      return ok(`pid ${leader.pid} runs again (not in state T)`);
    }
    return ok(`pid ${leader?.pid} is gone`);
  },
  see: async (handle) => seeFrozen(handle),
};

/** SIGCONT to exactly the recorded processes; how many of them are stopped all the same. */
export async function thaw(processes: readonly ProcessIdentity[], clock: Clock): Promise<number> {
  sendAll(processes, "SIGCONT");
  await until(clock, THAW_MS, () => !processes.some(isStopped));
  return processes.filter(isStopped).length;
}

/** The leader's group first, so that all of it is struck at one moment. */
export function sendAll(processes: readonly ProcessIdentity[], signal: NodeJS.Signals): void {
  const leader = processes[0];
  if (leader !== undefined) signalGroup(leader, signal);
  for (const identity of processes) signalOne(identity, signal);
}

function seeFrozen({ fault, processes }: FaultHandle): FaultSight {
  const subject = subjectOf(fault);
  const stopped = processes.find(isStopped);
  if (stopped !== undefined) {
    const seen = `${subject} (pid ${stopped.pid}) is stopped`;
    return { state: stopped === processes[0] ? "in-force" : "unclear", seen };
  }
  const now = processes.map(seeSame).find((seen) => seen !== undefined);
  if (now === undefined) return { state: "over", seen: `${subject} was replaced, or ended` };
  const seen = `${subject} runs again (pid ${now.identity.pid}, state ${now.state})`;
  return { state: "over", seen };
}

async function until(clock: Clock, msMax: number, there: () => boolean): Promise<void> {
  const sinceMs = clock.now();
  while (!there() && clock.now() - sinceMs < msMax) await clock.sleep(LOOK_MS);
}
