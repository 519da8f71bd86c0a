import type { Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import { backoffMs } from "@seaworthy/std/retry";
import { folderArgument } from "./folder-argument.ts";
import { isAlive, OWNER_VARIABLE, INSTANCE_VARIABLE } from "./identity.ts";
import { readLiveIdentity, writeIdentity } from "./identity-file.ts";
import { takeLock } from "./lock.ts";
import { openLogs } from "./log-files.ts";
import { allowedEnvironment, spawnDetached } from "./spawn-detached.ts";
import type { StateFolder } from "./state-folder.ts";
import { EXIT_ALREADY_SUPERVISED, identityFileOf } from "./supervisor/paths.ts";

/** What `_watch` is started with. */
export interface WatchOptions {
  readonly folder: StateFolder;
  readonly clock: Clock;
  readonly ownCommand: OwnCommand;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Our own processes have names that no unit can have. */
const SUPERVISOR_INSTANCE = "_supervise";

const BACKOFF = { firstMs: 100, maxMs: 5_000 };
/** A supervisor that lived this long did not fail at its start. */
const SETTLED_MS = 10_000;
const LOOK_MS = 100;
/** A minute and more of failing at once: the next command will say why, and starts a new one. */
const FAILURES_MAX = 20;

/**
 * Starts the supervisor again whenever it dies, and ends when it ends by itself. It holds nothing
 * and knows nothing, so there is little that could end it.
 */
export async function watch(options: WatchOptions, pid: number): Promise<number> {
  const { folder, clock } = options;
  await using lock = await takeLock(`watchdog-${folder.id}`);
  if (lock === undefined) return 0;
  await writeIdentity(identityFileOf(folder, "watchdog"), pid);
  for (let failures = 0; failures < FAILURES_MAX; failures += 1) {
    const startedMs = clock.now();
    const end = await superviseOnce(options);
    if (end === 0) return 0;
    if (clock.now() - startedMs > SETTLED_MS) failures = 0;
    await clock.sleep(backoffMs(failures, BACKOFF));
  }
  return 1;
}

/** Exit code of one supervisor's life; undefined when a signal ended it or nobody saw its end. */
async function superviseOnce(options: WatchOptions): Promise<number | undefined> {
  const { folder, clock, ownCommand } = options;
  const logs = openLogs(folder.logs, SUPERVISOR_INSTANCE);
  try {
    const spawned = await spawnDetached({
      command: ownCommand("_supervise", folderArgument(folder)),
      cwd: folder.run,
      environment: {
        ...allowedEnvironment(options.environment),
        [OWNER_VARIABLE]: folder.id,
        [INSTANCE_VARIABLE]: SUPERVISOR_INSTANCE,
      },
      stdout: logs.stdout,
      stderr: logs.stderr,
    });
    const { code } = await spawned.ended;
    if (code !== EXIT_ALREADY_SUPERVISED) return code;
  } finally {
    logs.close();
  }
  // The one that lives is not our child: its absence is all that shows.
  const other = await readLiveIdentity(identityFileOf(folder, "supervisor"));
  while (other !== undefined && isAlive(other)) await clock.sleep(LOOK_MS);
  return undefined;
}
