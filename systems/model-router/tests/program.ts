import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A program of this system as a real process on a free loopback port. */
export interface Program {
  readonly url: string;
  readonly root: string;
  signal(name: NodeJS.Signals): void;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  output(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ProgramOptions {
  readonly kind: keyof typeof COMMANDS;
  readonly env?: Readonly<Record<string, string>>;
  /** `SEAWORTHY_ROOT` → contents of files below it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Another program's root, to share its volume. */
  readonly root?: string;
}

const APPS = join(import.meta.dirname, "..", "apps");
const COMMANDS = {
  router: [process.execPath, "main.ts", "router"],
  node: [process.execPath, "main.ts", "model-server"],
  python: ["python3", "server.py", "model-server-python"],
} as const;

/** Generous: the machine may be busy. What is not up by then is reported with its output. */
const BOOT_MS_MAX = 20_000;

/** Starts a program and waits until it listens. */
export async function start(options: ProgramOptions): Promise<Program> {
  const program = run(options);
  const url = await Promise.race([listening(program), program.exited]);
  if (typeof url === "string" && url.startsWith("http")) return Object.assign(program, { url });
  await program[Symbol.asyncDispose]();
  throw new Error(`not up (${url}):\n${program.output()}`);
}

/** Starts a program without waiting; for boots that are meant to fail. */
export function run(options: ProgramOptions): Program {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "model-router-"));
  for (const [path, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  }
  const [command, script, app] = COMMANDS[options.kind];
  const child = spawn(command, [script], {
    cwd: join(APPS, app),
    env: { PORT: "0", SEAWORTHY_ROOT: root, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return {
    url: "",
    root,
    signal: (name) => void child.kill(name),
    exited,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      await end(child, exited);
      if (options.root === undefined) rmSync(root, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await exited;
}

async function listening(program: Program): Promise<string> {
  for (let waitedMs = 0; waitedMs < BOOT_MS_MAX; waitedMs += 20) {
    const port = /"msg": ?"listening".*"port": ?(\d+)/.exec(program.output())?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
    await delay(20);
  }
  return "not listening in time";
}

/** Asks until the answer is true; false at the end of a generous time. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
    if (await holds()) return true;
    await delay(20);
  }
  return false;
}
