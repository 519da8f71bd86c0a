import { constants, existsSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { subjectOf, type FaultHandle, type FaultSight } from "../../../record/fault.ts";
import { logFileOf } from "../log-files.ts";
import type { FaultSite } from "./fault-site.ts";
import type { Means } from "./means.ts";
import { runProgram } from "./system-program.ts";

const STREAMS = ["stdout", "stderr"] as const;

/**
 * The files that it writes to are made immutable (chattr(1) `+i`): from then on each write to them
 * fails with EPERM, through descriptors that are open already, too (seen on ext4). A full disk
 * says ENOSPC instead; to a program that writes its log, both are a write that fails.
 */
export const FILL_LOGS: Means = {
  hasBreaker: false,
  break: async (handle, site) => {
    const files = filesOf(handle, site);
    const opened = await openAll(files);
    try {
      const done = await runProgram("chattr", ["+i", "--", ...files]);
      if (!done.ok) return done;
      // As its own descriptors were: opened before. Not every file system heeds the flag there.
      const errors = await Promise.all(opened.map(writeLine));
      if (errors.every((code) => code === "EPERM"))
        return ok("a line cannot be written to its log");
      return refuse("this file system lets open files be written all the same");
    } finally {
      for (const file of opened) await file.close();
    }
  },
  mend: async (handle, site) => {
    // Logs of what is gone may be gone, too.
    const files = filesOf(handle, site).filter((path) => existsSync(path));
    const done = files.length === 0 ? ok("") : await runProgram("chattr", ["-i", "--", ...files]);
    return done.ok ? ok("its log can be written") : done;
  },
  see: seeClosed,
};

/** By opening them for writing, which the kernel refuses for what is immutable. */
async function seeClosed(handle: FaultHandle, site: FaultSite): Promise<FaultSight> {
  const states: string[] = [];
  for (const path of filesOf(handle, site)) {
    const opened = await openToAppend(path);
    if (opened.ok) await opened.value.close();
    states.push(opened.ok ? "can be written" : opened.error);
  }
  const seen = `the log of ${subjectOf(handle.fault)}: ${states.join(", ")}`;
  if (states.every((state) => state === "EPERM")) return { state: "in-force", seen };
  const isOpen = states.every((state) => state === "can be written");
  return { state: isOpen ? "over" : "unclear", seen };
}

function filesOf({ fault }: FaultHandle, { logs }: FaultSite): readonly string[] {
  if (fault.kind !== "fill-logs") return [];
  return STREAMS.map((stream) => logFileOf(logs, { instance: fault.instance, stream }));
}

async function openAll(paths: readonly string[]): Promise<readonly FileHandle[]> {
  const opened: FileHandle[] = [];
  for (const path of paths) {
    const one = await openToAppend(path);
    if (one.ok) opened.push(one.value);
  }
  return opened;
}

async function openToAppend(path: string): Promise<Result<FileHandle, string>> {
  try {
    return ok(await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW));
  } catch (error) {
    return refuse(codeOf(error));
  }
}

/** The error's code; undefined when the line stands in the log now. */
async function writeLine(file: FileHandle): Promise<string | undefined> {
  return await file.write("\n").then(() => undefined, codeOf);
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : String(error);
}
