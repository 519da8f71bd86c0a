/** A system in a temp folder, driven through the real command line, cleaned up for certain. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../seaworthy/cli/launch.js", import.meta.url));
const APPS = fileURLToPath(new URL("apps", import.meta.url));
/** Gives a command a terminal, passes what is typed and printed, and ends as it did. */
const TERMINAL =
  "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
/** A verb that takes longer hangs: that is a failure, with what it printed so far. */
const VERB_MS = 120_000;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was printed so far, both streams. */
  readonly printed: () => string;
  /** Types on its terminal. */
  readonly type: (text: string) => void;
}

export interface Rehearsal extends AsyncDisposable {
  readonly folder: string;
  readonly state: string;
  write(path: string, text: string): Promise<void>;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  start(args: readonly string[], options?: RunOptions): Running;
  /** Processes of this rehearsal's systems that live now. */
  survivors(): Promise<readonly string[]>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A terminal of its own (pty(7)); both streams are then one, `stdout`. */
  readonly terminal?: true;
  /** Another composition root, with its first arguments, instead of the real command line. */
  readonly main?: readonly string[];
}

/** `files` are written into the folder; `apps/` holds copies of the fixture programs. */
export async function rehearse(files: Readonly<Record<string, string>> = {}): Promise<Rehearsal> {
  const root = await mkdtemp(join(tmpdir(), "seaworthy-e2e-"));
  const folder = join(root, "system");
  const state = join(root, "state");
  const run = join(root, "run");
  await Promise.all([mkdir(folder), mkdir(state), mkdir(run, { mode: 0o700 })]);
  await cp(APPS, join(folder, "apps"), { recursive: true });
  const env = { ...process.env, XDG_STATE_HOME: state, XDG_RUNTIME_DIR: run, NO_COLOR: "1" };
  const start = (args: readonly string[], options: RunOptions = {}): Running =>
    startCli(args, { ...options, cwd: options.cwd ?? folder, env: { ...env, ...options.env } });
  const rehearsal: Rehearsal = {
    folder,
    state,
    write: async (path, text) => {
      const full = join(folder, path);
      await mkdir(dirname(full), { recursive: true });
      await writeFile(full, text);
    },
    start,
    run: (args, options) => start(args, options).ended,
    survivors: () => processesUnder(root),
    [Symbol.asyncDispose]: async () => {
      await endEverything(root, rehearsal);
      await rm(root, { recursive: true, force: true });
    },
  };
  for (const [path, text] of Object.entries(files)) await rehearsal.write(path, text);
  return rehearsal;
}

export function startCli(
  args: readonly string[],
  options: Pick<RunOptions, "terminal" | "main"> & {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
  },
): Running {
  const { cwd, env, terminal = false, main = [CLI] } = options;
  const own = [process.execPath, ...main, ...args];
  const [program = "", ...rest] = terminal ? ["python3", "-c", TERMINAL, ...own] : own;
  const child = spawn(program, rest, {
    cwd,
    env: terminal ? { ...env, TERM: "xterm", CI: undefined } : env,
    stdio: [terminal ? "pipe" : "ignore", "pipe", "pipe"],
    detached: true,
  });
  const printed: string[] = [];
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    printed.push(chunk.toString());
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    printed.push(chunk.toString());
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), VERB_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 1), stdout, stderr });
    });
  });
  const type = (keys: string): void => void child.stdin?.write(keys);
  return { child, ended, printed: () => printed.join(""), type };
}

/** Anything of ours that is still there is stopped, and is the test's failure. */
async function endEverything(root: string, rehearsal: Rehearsal): Promise<void> {
  for (const name of await readdir(rehearsal.folder)) {
    if (!/^system.*\.(ts|yaml|json)$/.test(name)) continue;
    await rehearsal.run(["down", "-s", name, "--yes"]);
    for (const environment of ["a", "b"]) {
      const text = await readFile(join(rehearsal.folder, name), "utf8");
      if (text.includes("environments")) {
        await rehearsal.run(["down", "-s", name, "-e", environment, "--yes"]);
      }
    }
  }
  const left = await processesUnder(root);
  for (const line of left) {
    const pid = Number(line.split(" ")[0]);
    if (pid > 1) process.kill(pid, "SIGKILL");
  }
  assert.deepEqual(left, [], "processes were left behind");
}

/**
 * `pid argv` of each process that belongs to a system of this folder: its arguments or environment
 * name the folder, or it bears the mark of a system whose sockets lie there (the edge's worker).
 */
export async function processesUnder(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  const marks = [root, ...(await ownersUnder(root)).map((id) => `SEAWORTHY_OWNER=${id}`)];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const [environment, argv] = await Promise.all(
      ["environ", "cmdline"].map((file) =>
        readFile(`/proc/${name}/${file}`, "utf8").catch(() => ""),
      ),
    );
    if (marks.some((mark) => environment?.includes(mark)) || argv?.includes(root)) {
      found.push(`${name} ${(argv ?? "").split("\0").join(" ").trim()}`);
    }
  }
  return found;
}

/** Ids of the systems that ever ran here: each has a folder for its sockets. */
async function ownersUnder(root: string): Promise<readonly string[]> {
  const folders = await readdir(join(root, "run"), { recursive: true }).catch(() => []);
  return folders.map((path) => basename(path)).filter((name) => /^[0-9a-f]{12}$/.test(name));
}

/** The last line of a verb's `--json` output: its outcome document. */
export function outcomeOf(ended: Ended): Record<string, unknown> {
  const last = ended.stdout.trimEnd().split("\n").at(-1) ?? "";
  const parsed: unknown = JSON.parse(last);
  assert.ok(typeof parsed === "object" && parsed !== null, `no outcome document: ${ended.stdout}`);
  return Object.fromEntries(Object.entries(parsed));
}
