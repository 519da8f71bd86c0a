import { rm } from "node:fs/promises";
import { RecordDamaged } from "../../../record/line.ts";
import { readRecords } from "../../../record/read.ts";
import type { RecordStore } from "../../../record/store.ts";
import { readLiveIdentity, writeIdentity } from "../identity-file.ts";
import { folderArgument } from "../folder-argument.ts";
import { takeLock } from "../lock.ts";
import { rotateLogs } from "../log-files.ts";
import { openRecordFiles } from "../record-files.ts";
import { spawnDetached } from "../spawn-detached.ts";
import { adopt } from "./adopt.ts";
import { Chronicle } from "./chronicle.ts";
import { Crew } from "./crew.ts";
import { replaceDeadSwitches } from "./faults.ts";
import { LeaseDesk } from "./lease-desk.ts";
import { Ledger } from "./ledger.ts";
import { openReception } from "./reception.ts";
import { EXIT_ALREADY_SUPERVISED, identityFileOf, stateFile } from "./paths.ts";
import { remembered } from "./remembered.ts";
import { emptyState, isEmpty, readState, type SupervisorState } from "./state.ts";
import { Ports } from "./ports.ts";
import { Volumes } from "./volumes.ts";
import { Scheduler } from "./scheduler.ts";
import { markedEnvironment, type SuperviseOptions, type World } from "./world.ts";

/** Long enough for a client that just connected to ask for the lease. */
const IDLE_MS = 3_000;
const LOOK_MS = 250;
/** A watchdog that was just started has not said who it is yet; switches are looked at with it. */
const WATCHDOG_STARTS_MS = 3_000;
/** Bounds what one instance may keep on disk: a few files of this size. */
const LOG_LIMITS = { maxBytes: 8 * 1_048_576, keep: 2 };

/**
 * The supervisor of one system on this machine. Ends with 0 when nothing is left to look after;
 * killed, it leaves everything running, and the next one takes over.
 */
export async function supervise(options: SuperviseOptions, pid: number): Promise<number> {
  const lock = await takeLock(`supervisor-${options.folder.id}`);
  if (lock === undefined) return EXIT_ALREADY_SUPERVISED;
  const statePath = stateFile(options.folder);
  const records = openRecordFiles(options.folder.record);
  const state = (await readState(statePath)) ?? (await recall(options.folder.id, records));
  const ledger = new Ledger(statePath, state);
  const ports = new Ports(options.folder.id, options.clock);
  const volumes = new Volumes(options.clock);
  const chronicle = new Chronicle(records, options.clock);
  const world: World = { ...options, ledger, ports, volumes, chronicle };
  const crew = new Crew(world);
  const desk = new LeaseDesk(ledger, options.clock, () => chronicle.settled());
  await writeIdentity(identityFileOf(options.folder, "supervisor"), pid);
  await adopt(crew);
  const reception = await openReception(crew, desk, pid);
  const ending = new AbortController();
  void crew.edge.keep(ending.signal);
  const scheduler = new Scheduler(crew, ending.signal);
  scheduler.resume();
  await untilEmpty(world, desk, scheduler);
  ending.abort();
  reception.close();
  await rm(identityFileOf(options.folder, "supervisor"), { force: true });
  await lock[Symbol.asyncDispose]();
  return 0;
}

/** A state file that is gone, or was put aside: what the journal knows is not done twice. */
async function recall(owner: string, records: RecordStore): Promise<SupervisorState> {
  try {
    return remembered(owner, await readRecords(records, "journal"));
  } catch (error) {
    // The verbs refuse such a journal, and doctor keeps what of it can be read.
    if (error instanceof RecordDamaged) return emptyState(owner);
    throw error;
  }
}

/** Housekeeping, until nothing is left and nobody holds the lease. */
async function untilEmpty(world: World, desk: LeaseDesk, scheduler: Scheduler): Promise<void> {
  const { clock, ledger, folder, chronicle } = world;
  let emptySinceMs = clock.now();
  let watchdogSinceMs = clock.now();
  for (;;) {
    await clock.sleep(LOOK_MS);
    await ledger.flush();
    await chronicle.flush(() => desk.isHeld).catch(() => {});
    await scheduler.tick().catch(() => {});
    await rotateLogs(folder.logs, LOG_LIMITS).catch(() => {});
    if (!isEmpty(ledger.state) || desk.isHeld) {
      emptySinceMs = clock.now();
      if (clock.now() - watchdogSinceMs < WATCHDOG_STARTS_MS) continue;
      watchdogSinceMs = clock.now();
      await ensureWatchdog(world);
      // What cannot be started now is tried again at the next look.
      await replaceDeadSwitches(world).catch(() => {});
    } else if (desk.wasHeld || clock.now() - emptySinceMs > IDLE_MS) return;
  }
}

/** Each of the two starts the other one again. */
async function ensureWatchdog(world: World): Promise<void> {
  const { folder, ownCommand } = world;
  if ((await readLiveIdentity(identityFileOf(folder, "watchdog"))) !== undefined) return;
  await spawnDetached({
    command: ownCommand("_watch", folderArgument(folder)),
    cwd: folder.run,
    environment: markedEnvironment(world, "_watch"),
    stdout: "ignore",
    stderr: "ignore",
  }).catch(() => {});
}
