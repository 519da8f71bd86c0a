import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Command } from "@seaworthy/std/command";
import { TargetError } from "../target.ts";

/** Where administrators' programs lie, which a user's path may leave out (hier(7)). */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin", "/usr/local/sbin"];
/** Reading one file takes milliseconds. */
const RUN_MS = 20_000;
const OUTPUT_BYTES_MAX = 1_000_000;
/** What a person reads of a refusal. */
const LINES_MAX = 20;

export type FrontProgram = "haproxy" | "nginx";

/** The Debian package that brings it. */
const PACKAGES: Readonly<Record<FrontProgram, string>> = {
  haproxy: "haproxy",
  nginx: "nginx-light",
};

/**
 * The oldest that is known to do what is asked of them: HAProxy adds servers while it runs without
 * `experimental-mode` (2.6), nginx says where its first errors go (`-e`, 1.19.5).
 */
const OLDEST: Readonly<Record<FrontProgram, readonly [major: number, minor: number]>> = {
  haproxy: [2, 6],
  nginx: [1, 20],
};

/** Its absolute path; undefined: it is not installed. */
function findFrontProgram(
  name: FrontProgram,
  searchPath: string | undefined,
  systemFolders: readonly string[] = SYSTEM_FOLDERS,
): string | undefined {
  return [...(searchPath ?? "").split(delimiter), ...systemFolders]
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        // Not in this folder.
        return false;
      }
    });
}

/** Throws, with what installs it, where it is not there: nothing was begun then. */
export function frontProgram(
  name: FrontProgram,
  searchPath: string | undefined,
  systemFolders?: readonly string[],
): string {
  const path = findFrontProgram(name, searchPath, systemFolders);
  if (path !== undefined) return path;
  throw new TargetError("unsupported", `edge.provider is ${name}, which is not installed here`, {
    fix: `${installLine(name)}, or declare provider: "gateway"`,
  });
}

export interface FrontSight {
  readonly path: string;
  /** `2.6.12`; undefined: it does not say. */
  readonly version: string | undefined;
  readonly isNewEnough: boolean;
}

/** Which of it is installed; undefined: none. */
export async function seeFrontProgram(
  name: FrontProgram,
  searchPath: string | undefined,
  systemFolders?: readonly string[],
): Promise<FrontSight | undefined> {
  const path = findFrontProgram(name, searchPath, systemFolders);
  if (path === undefined) return undefined;
  const { lines } = await runFrontProgram([path, "-v"], "/");
  const [, version, major, minor] = /((\d+)\.(\d+)[.\d]*)/.exec(lines.join(" ")) ?? [];
  const [oldestMajor, oldestMinor] = OLDEST[name];
  const isNewer =
    Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
  return { path, version, isNewEnough: version === undefined || isNewer };
}

/** Throws, as `frontProgram` does, also where what is installed is too old. */
export async function frontReady(
  name: FrontProgram,
  searchPath: string | undefined,
  systemFolders?: readonly string[],
): Promise<void> {
  frontProgram(name, searchPath, systemFolders);
  const seen = await seeFrontProgram(name, searchPath, systemFolders);
  if (seen === undefined || seen.isNewEnough) return;
  const least = OLDEST[name].join(".");
  throw new TargetError("unsupported", `${seen.path} is ${name} ${seen.version}`, {
    fix: `install ${name} ${least} or newer, or declare provider: "gateway"`,
  });
}

export function installLine(name: FrontProgram): string {
  return `apt-get install ${PACKAGES[name]}`;
}

export interface ProgramEnd {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Runs it to its end, in a folder of its own; what it said, and how it ended. */
export async function runFrontProgram(
  [program, ...args]: Command,
  cwd: string,
): Promise<ProgramEnd> {
  return await new Promise((resolve) => {
    const options = { cwd, timeout: RUN_MS, maxBuffer: OUTPUT_BYTES_MAX, env: { LC_ALL: "C" } };
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      const said = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
      resolve({ code, lines: said.slice(0, LINES_MAX) });
    });
  });
}
