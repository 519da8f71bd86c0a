import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";
import type { FaultHandle, ProcessIdentity } from "../../record/fault.ts";
import { faultHandleSchema } from "../../record/schema-step.ts";
import { readTextIfThere, writeDurably } from "./durable-file.ts";
import { isAlive, isStopped, signalGroup, signalOne } from "./identity.ts";
import { writeIdentity } from "./identity-file.ts";

/** What `_undo` is started with. */
export interface UndoOptions {
  readonly handleFile: string;
  readonly clock: Clock;
  readonly pid: number;
}

/** How often the switch looks whether it is still needed. */
const LOOK_MS = 100;
/** A process continues within a tick; longer means that something stops it again. */
const THAW_MS = 2_000;
const THAW_LOOK_MS = 10;

/**
 * The dead man's switch of one freeze: waits for the moment in the handle's file, thaws what is
 * recorded there, and ends. Without the file (undone by others) it ends at once. It knows nothing
 * of the tool, so that nothing that happens to the tool keeps it from its work.
 */
export async function undoAtDeadline(options: UndoOptions): Promise<number> {
  const { clock, handleFile } = options;
  const handle = await readHandle(handleFile);
  if (handle === undefined) return 0;
  await writeIdentity(armedFile(handleFile), options.pid);
  const startedMs = clock.now();
  // The wall clock may be set back meanwhile: the monotonic one then keeps the promise.
  const waitMs = handle.undoByWallMs - clock.wall();
  while (clock.wall() < handle.undoByWallMs && clock.now() - startedMs < waitMs) {
    if ((await readTextIfThere(handleFile)) === undefined) return await leave(handleFile);
    await clock.sleep(LOOK_MS);
  }
  const seen = await thaw(handle.processes, clock);
  await writeDurably(undoneFile(handleFile), JSON.stringify({ wallMs: clock.wall(), seen }));
  await rm(handleFile, { force: true });
  return await leave(handleFile);
}

export interface Thawed {
  /** Recorded processes that run again. */
  readonly running: number;
  /** Recorded processes that are gone: replaced, or ended. */
  readonly gone: number;
  /** Recorded processes that still are stopped. */
  readonly stopped: number;
}

/** SIGCONT to exactly the recorded processes, and a look whether it took effect. */
export async function thaw(processes: readonly ProcessIdentity[], clock: Clock): Promise<Thawed> {
  const leader = processes[0];
  if (leader !== undefined) signalGroup(leader, "SIGCONT");
  for (const identity of processes) signalOne(identity, "SIGCONT");
  const sinceMs = clock.now();
  while (processes.some(isStopped) && clock.now() - sinceMs < THAW_MS) {
    await clock.sleep(THAW_LOOK_MS);
  }
  const stopped = processes.filter(isStopped).length;
  const gone = processes.filter((identity) => !isAlive(identity)).length;
  return { running: processes.length - stopped - gone, gone, stopped };
}

/** Undefined when the fault is undone and its file gone. */
async function readHandle(path: string): Promise<FaultHandle | undefined> {
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : faultHandleSchema.parse(JSON.parse(text));
}

/** Handles of faults that nobody has undone yet. */
export async function pendingHandles(faultsFolder: string): Promise<readonly string[]> {
  const names = await readdir(faultsFolder);
  return names
    .filter((name) => name.endsWith(HANDLE_SUFFIX))
    .map((name) => join(faultsFolder, name));
}

const HANDLE_SUFFIX = ".fault.json";

export function handleFileOf(faultsFolder: string, id: string): string {
  return join(faultsFolder, `${id}${HANDLE_SUFFIX}`);
}

/** Names the switch process once it watches. */
export function armedFile(handleFile: string): string {
  return handleFile.replace(HANDLE_SUFFIX, ".switch");
}

/** Left behind by a switch that had to do it itself. */
function undoneFile(handleFile: string): string {
  return handleFile.replace(HANDLE_SUFFIX, ".undone");
}

async function leave(handleFile: string): Promise<number> {
  await rm(armedFile(handleFile), { force: true });
  return 0;
}
