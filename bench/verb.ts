import { spawn } from "node:child_process";
import { join } from "node:path";
import { deadline } from "@seaworthy/std/clock";
import type { Event } from "../seaworthy/record/event.ts";
import { parseRecord } from "../seaworthy/record/read.ts";
import type { World } from "./measured.ts";

/** The longest verb is a drill; one that takes longer hangs. */
const VERB_MS = 180_000;
/** After Ctrl-C the verb may still end its step. */
const INTERRUPT_MS = 30_000;
/** What a failure needs to be understood. */
const STDERR_CHARACTERS = 2_000;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly wallMs: number;
}

/** One program, waited for: nothing else of ours runs meanwhile unless the caller starts it. */
export interface Program {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: three minutes. */
  readonly deadlineMs?: number;
  /** Signals go to what it started as well: it does not end its children itself. */
  readonly isGroup?: boolean;
}

/** Runs it to its end. Throws when it cannot be started or does not end in time. */
export async function runProgram(program: Program, world: World): Promise<Ended> {
  const [path, ...argv] = program.command;
  const bounded = deadline(
    program.deadlineMs ?? VERB_MS,
    [path.split("/").at(-1), ...argv].join(" "),
  );
  const startedMs = world.clock.now();
  const child = spawn(path, argv, {
    cwd: program.cwd,
    env: { ...program.environment },
    stdio: ["ignore", "pipe", "pipe"],
    // In a group of its own, so that Ctrl-C reaches it once, from us.
    detached: true,
  });
  const send = (signal: NodeJS.Signals): void => {
    if (program.isGroup === true && child.pid !== undefined) signalGroup(child.pid, signal);
    else child.kill(signal);
  };
  const kill = (): void => send("SIGKILL");
  const interrupt = (): void => {
    send("SIGINT");
    deadline(INTERRUPT_MS, "an interrupted verb").addEventListener("abort", kill, { once: true });
  };
  bounded.addEventListener("abort", kill, { once: true });
  world.signal.addEventListener("abort", interrupt, { once: true });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (bounded.aborted) throw bounded.reason;
    return { code: code ?? 1, stdout, stderr, wallMs: world.clock.now() - startedMs };
  } finally {
    bounded.removeEventListener("abort", kill);
    world.signal.removeEventListener("abort", interrupt);
  }
}

/** A group that `detached` made: its id is that of the process that leads it. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody of it is left.
  }
}

/** The tool as a user of a checkout starts it. */
export function tool(world: World, args: readonly string[]): Program["command"] {
  return [join(world.root, "bin/seaworthy"), ...args];
}

/** The last line of a verb's `--json` output, its outcome document; undefined when it is none. */
export function lastDocument(stdout: string): unknown {
  try {
    return JSON.parse(stdout.slice(stdout.trimEnd().lastIndexOf("\n") + 1));
  } catch {
    return undefined;
  }
}

/** The events of a verb's `--json` output: all its lines but the last, which is the outcome. */
export function eventsIn(stdout = ""): readonly Event[] {
  return stdout.split("\n").flatMap((line) => {
    if (!line.includes('"kind"')) return [];
    const event = parseRecord("event", JSON.parse(line));
    return event.ok ? [event.value] : [];
  });
}

/** What a person needs who wants to know why. */
export function complaintOf(what: string, ended: Ended): string {
  const document = lastDocument(ended.stdout);
  const said =
    typeof document === "object" && document !== null && "because" in document
      ? String(document.because)
      : ended.stderr.slice(-STDERR_CHARACTERS).trim();
  return `${what} ended with ${ended.code}: ${said}`;
}
