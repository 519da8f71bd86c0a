import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@seaworthy/std/clock";
import type { Tally } from "../test/reporter.ts";
import { add, testRun } from "./check-stages.ts";
import { GRACE_MS, leftFolders, leftProcesses } from "./leftovers.ts";
import { runStage, type Surroundings } from "./stage.ts";

/** Two files at once use both cores of our smallest machine; more would only be noise. */
const CONCURRENCY = 2;
/** A drill under load takes about a minute; a file that needs more has to be split. */
const FILE_DEADLINE_MS = 300_000;

/** Runs each file in a process and a set of folders of its own, and looks what it left behind. */
export async function runIntegration(
  files: readonly string[],
  around: Surroundings & { readonly folder: string },
): Promise<Tally> {
  const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
  const waiting = files.entries();
  const work = async (): Promise<void> => {
    for (const [index, file] of waiting) {
      if (around.signal.aborted) return;
      add(sum, await runFile(file, { ...around, folder: join(around.folder, String(index)) }));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return sum;
}

async function runFile(
  file: string,
  around: Surroundings & { readonly folder: string },
): Promise<Tally> {
  const folders = {
    TMPDIR: join(around.folder, "t"),
    XDG_STATE_HOME: join(around.folder, "s"),
    XDG_RUNTIME_DIR: join(around.folder, "r"),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const tally = await runStage(testRun(file, [file], FILE_DEADLINE_MS), {
    ...around,
    environment: { ...around.environment, ...folders },
  });
  const left = await leftProcesses(`${around.folder}/`, {
    clock: systemClock,
    graceMs: GRACE_MS,
  });
  for (const { pid, command } of left) {
    around.write(`FAIL ${file} left process ${pid} behind: ${command}\n`);
    killProcess(pid);
  }
  const forgotten = leftFolders(folders.TMPDIR);
  if (forgotten.length > 0) around.write(`FAIL ${file} left folders: ${forgotten.join(" ")}\n`);
  const clean = left.length + forgotten.length === 0;
  add(tally, { passed: clean ? 1 : 0, failed: clean ? 0 : 1, skipped: 0 });
  return tally;
}

/** It names a folder that only this run knows: it is ours. */
function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself since it was seen.
  }
}
