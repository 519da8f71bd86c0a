import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";

export type ProgramName = "nft" | "mkfs.ext4" | "mount" | "umount" | "fallocate" | "chattr";

/**
 * Only where the system keeps its own programs (hier(7)): they run as root, and a search path
 * could lead elsewhere.
 */
const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** All of them ask the kernel for one thing; making a file system of 10 GB took 0.2 s. */
const PROGRAM_MS = 20_000;
/** Of what it says, for a message. */
const OUTPUT_CHARS_MAX = 20_000;

export function findProgram(name: ProgramName): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What it printed, or why it did not do it. Never through a shell, and never without an end. */
export async function runProgram(
  name: ProgramName,
  args: readonly string[],
  input = "",
): Promise<Result<string, string>> {
  const path = findProgram(name);
  if (path === undefined) return refuse(`${name} is not installed`);
  return await new Promise((resolve) => {
    const child = spawn(path, args, {
      cwd: "/",
      env: { PATH: FOLDERS.join(":"), LC_ALL: "C" },
      stdio: ["pipe", "pipe", "pipe"],
      signal: deadline(PROGRAM_MS, name),
      killSignal: "SIGKILL",
    });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said.out = (said.out + chunk).slice(0, OUTPUT_CHARS_MAX);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said.err = (said.err + chunk).slice(0, OUTPUT_CHARS_MAX);
    });
    // One that ends without having read everything says why by its exit.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("error", (error) => resolve(refuse(`${name}: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve(ok(said.out));
      else resolve(refuse(`${name} ended with ${code ?? "a signal"}: ${said.err.trim()}`));
    });
  });
}
