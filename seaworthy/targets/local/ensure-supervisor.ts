import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";
import { deadline } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import { freshId } from "@seaworthy/std/random";
import { poll } from "@seaworthy/std/retry";
import type { ProcessIdentity } from "../../record/fault.ts";
import { TargetError } from "../target.ts";
import { writeDurably } from "./durable-file.ts";
import { folderArgument } from "./folder-argument.ts";
import { INSTANCE_VARIABLE, isAlive, OWNER_VARIABLE, signalOne } from "./identity.ts";
import { readLiveIdentity } from "./identity-file.ts";
import { leaseReplySchema } from "./protocol.ts";
import { allowedEnvironment, spawnDetached } from "./spawn-detached.ts";
import type { StateFolder } from "./state-folder.ts";
import { SupervisorClient } from "./supervisor-client.ts";
import { identityFileOf, stateFile, supervisorSocket } from "./supervisor/paths.ts";
import { readState } from "./supervisor/state.ts";

export interface SupervisorPlace {
  readonly folder: StateFolder;
  readonly clock: Clock;
  readonly ownCommand: OwnCommand;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Our own processes have names that no unit can have. */
const WATCHDOG_INSTANCE = "_watch";
/** Two cold starts of Node and an adoption, on a busy machine. */
/** Whom others see while an older supervisor is replaced: milliseconds. */
const UPGRADE = { verb: "upgrade", pid: process.pid, host: "here", user: "seaworthy" };
const SUPERVISOR_BOOT_MS = 30_000;
const LOOK_MS = 20;
/** Its state, twice, while the new one replaces the old one; and identities. */
const ROOM_BYTES = 65_536;
/** What a supervisor and its watchdog need to end once nothing is left. */
const END_MS = 10_000;

/** The supervisor that runs, or a new one under a watchdog; an older one makes way for it. */
export async function ensureSupervisor(
  place: SupervisorPlace,
  signal: AbortSignal,
): Promise<SupervisorClient> {
  const path = supervisorSocket(place.folder);
  const running = await SupervisorClient.connect(path, signal);
  if (running !== undefined && !(running.isOlder && (await madeWay(running, place, signal)))) {
    return running;
  }
  // Damage and a full disk are told here: the supervisor itself can only end.
  await readState(stateFile(place.folder));
  await mustHaveRoom(place.folder);
  await startWatchdog(place);
  const limit = deadline(SUPERVISOR_BOOT_MS, "the supervisor", signal);
  try {
    return await poll(async () => await SupervisorClient.connect(path, limit), {
      clock: place.clock,
      everyMs: LOOK_MS,
      signal: limit,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new TargetError("unreachable", "the supervisor did not start", {
      cause: error,
      fix: `read ${place.folder.logs}: the files of _supervise say why`,
    });
  }
}

/**
 * Ends an older supervisor and its watchdog; what they looked after runs on, and the next one
 * adopts it. Not while somebody holds its lease: resolves to false then.
 */
async function madeWay(
  older: SupervisorClient,
  { folder, clock }: SupervisorPlace,
  signal: AbortSignal,
): Promise<boolean> {
  const reply = leaseReplySchema.parse(await older.ask({ call: "lease", owner: UPGRADE }, signal));
  if (!reply.held) return false;
  const limit = deadline(END_MS, "the end of an older supervisor", signal);
  // The watchdog first: it would start its supervisor again.
  for (const role of ["watchdog", "supervisor"] as const) {
    const identity = await readLiveIdentity(identityFileOf(folder, role));
    if (identity === undefined) continue;
    signalOne(identity, "SIGKILL");
    const gone = async () => (isAlive(identity) ? undefined : true);
    await poll(gone, { clock, everyMs: LOOK_MS, signal: limit });
  }
  older.close();
  return true;
}

/** Resolves when supervisor and watchdog are gone, which they do once nothing is left. */
export async function untilUnsupervised(place: SupervisorPlace): Promise<void> {
  const ending: ProcessIdentity[] = [];
  for (const role of ["supervisor", "watchdog"] as const) {
    const identity = await readLiveIdentity(identityFileOf(place.folder, role));
    if (identity !== undefined) ending.push(identity);
  }
  const signal = deadline(END_MS, "the end of the supervisor and its watchdog");
  // Those two and no others: the next command may have started new ones by then.
  await poll(async () => (ending.some(isAlive) ? undefined : true), {
    clock: place.clock,
    everyMs: LOOK_MS,
    signal,
  });
}

/** Room for what a supervisor writes before it can answer: fails with `no-space` otherwise. */
async function mustHaveRoom(folder: StateFolder): Promise<void> {
  const trial = join(folder.run, `room-${freshId(4)}`);
  await writeDurably(trial, " ".repeat(ROOM_BYTES));
  await rm(trial, { force: true });
}

/** One that is running already keeps its place: the new one ends at once. */
async function startWatchdog(place: SupervisorPlace): Promise<void> {
  await spawnDetached({
    command: place.ownCommand("_watch", folderArgument(place.folder)),
    cwd: place.folder.run,
    environment: {
      ...allowedEnvironment(place.environment),
      [OWNER_VARIABLE]: place.folder.id,
      [INSTANCE_VARIABLE]: WATCHDOG_INSTANCE,
    },
    stdout: "ignore",
    stderr: "ignore",
  });
}
