import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";

export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

/** Something that was told to end just now may need this long on a busy machine. */
export const GRACE_MS = 5_000;
const LOOK_EVERY_MS = 100;

/**
 * Processes whose environment, command line or working folder names `folder`, after a grace to end.
 * A supervisor's instances get no environment of ours, but their working folder gives them away.
 * Source: proc(5). Empty where there is no `/proc` (macOS): the guard then guards nothing.
 */
export async function leftProcesses(
  folder: string,
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
): Promise<readonly LeftProcess[]> {
  const until = clock.now() + graceMs;
  for (;;) {
    const left = processesNaming(folder);
    if (left.length === 0 || clock.now() >= until) return left;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Our own temporary folders that a test forgot. */
export function leftFolders(temporary: string): readonly string[] {
  return readdirSync(temporary).filter((name) => /^(seaworthy-|sw-)/.test(name));
}

function processesNaming(folder: string): readonly LeftProcess[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const command = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, "utf8"));
    const cwd = attempt(() => readlinkSync(join("/proc", name, "cwd")));
    const isOurs = [command, environment, cwd].some((text) => text.includes(folder));
    return isOurs ? [{ pid, command: command.replaceAll("\0", " ").trim() }] : [];
  });
}

/** A process may end, or belong to somebody else, between two looks. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
