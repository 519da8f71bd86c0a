import { spawn } from "node:child_process";
import type { Command } from "@seaworthy/std/command";
import type { ProcessIdentity } from "../../record/fault.ts";
import { TargetError } from "../target.ts";
import { seeProcess } from "./identity.ts";
import { outside } from "./outside.ts";

/** How a process ended; both undefined when it was not our child and only its absence was seen. */
export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface Spawned {
  readonly identity: ProcessIdentity;
  readonly ended: Promise<ProcessEnd>;
}

export interface SpawnOptions {
  readonly command: Command;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Descriptors of append-only files: a pipe would break when we die. */
  readonly stdout: number | "ignore";
  readonly stderr: number | "ignore";
}

/**
 * Starts a process in a session and process group of its own, so that signals reach the whole
 * group and nothing that ends us ends it.
 */
export async function spawnDetached(options: SpawnOptions): Promise<Spawned> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.environment },
    stdio: ["ignore", options.stdout, options.stderr],
    detached: true,
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined }),
    );
  });
  // Read before the event loop turns: even a process that ended at once is not reaped yet.
  const seen = child.pid === undefined ? undefined : seeProcess(child.pid);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", () => resolve());
    child.once("error", (error) => reject(outside(error, `could not start ${program}`)));
  });
  child.unref();
  if (seen === undefined) throw new TargetError("failed", `${program} ended before it was seen`);
  return { identity: seen.identity, ended };
}

/** `exited with code 1`, `ended by SIGKILL`. */
export function describeEnd(end: ProcessEnd): string {
  if (end.signal !== undefined) return `ended by ${end.signal}`;
  return end.code === undefined ? "is gone" : `exited with code ${end.code}`;
}

const ALLOWED = new Set(["PATH", "HOME", "LANG", "TZ", "TMPDIR"]);

/** What of our own environment an instance may see; everything else is declared or absent. */
export function allowedEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const allowed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (ALLOWED.has(name) || name.startsWith("LC_"))) allowed[name] = value;
  }
  return allowed;
}
