import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "@seaworthy/std/command";
import { humanDuration } from "@seaworthy/std/duration";
import type { Tally } from "../test/reporter.ts";

/** One thing that can fail: a guard (counts as one test) or a run of tests (counts its own). */
export interface Stage {
  readonly name: string;
  readonly command: Command;
  readonly counts: "as-one" | "its-tests";
  /** After it the stage's whole process group is killed and the stage has failed. */
  readonly deadlineMs: number;
}

export interface Surroundings {
  readonly root: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

interface Ending {
  readonly code: number | null;
  readonly output: string;
  readonly overdue: boolean;
}

/** More output than this of one stage is a defect of its own; the end is what tells why. */
const OUTPUT_MAX_CHARACTERS = 60_000;

/** Runs one stage to its end and says how it went. Never throws for a stage that fails. */
export async function runStage(stage: Stage, around: Surroundings): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), "tally-"));
  try {
    const file = join(folder, "tally");
    const began = performance.now();
    const ending = await execute(stage, {
      ...around,
      environment: { ...around.environment, SEAWORTHY_TALLY: file },
    });
    const tally = stage.counts === "as-one" ? countAsOne(ending) : countTests(ending, file);
    const took = humanDuration(performance.now() - began);
    around.write(`${tally.failed === 0 ? "ok  " : "FAIL"} ${stage.name} · ${took}\n`);
    const told = tally.failed > 0 || tally.skipped > 0;
    if (told) around.write(`${ending.output.trimEnd()}\n`);
    if (ending.overdue) around.write(`not done after ${humanDuration(stage.deadlineMs)}: killed\n`);
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countAsOne(ending: Ending): Tally {
  const passed = ending.code === 0;
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** A run that ended badly without a failed test, or ran no test at all, is itself a failure. */
function countTests(ending: Ending, file: string): Tally {
  const tally = readTally(file);
  const silent = tally.failed === 0 && (ending.code !== 0 || tally.passed + tally.skipped === 0);
  return silent ? { ...tally, failed: 1 } : tally;
}

function readTally(file: string): Tally {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // The run died before its reporter could write: zero tests, which counts as a failure.
  }
  const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [passed, failed, skipped] = line.split(" ").map(Number);
    sum.passed += passed ?? 0;
    sum.failed += failed ?? 0;
    sum.skipped += skipped ?? 0;
  }
  return sum;
}

function execute(stage: Stage, around: Surroundings): Promise<Ending> {
  const [program, ...args] = stage.command;
  const child = spawn(program, args, {
    cwd: around.root,
    env: around.environment,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that a hung test goes with whatever it started.
    detached: true,
  });
  let output = "";
  const keep = (chunk: string): void => {
    output = `${output}${chunk}`.slice(-OUTPUT_MAX_CHARACTERS);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  return new Promise((resolve) => {
    let overdue = false;
    const timer = setTimeout(() => {
      overdue = true;
      killGroup(child);
    }, stage.deadlineMs);
    const stop = (): void => killGroup(child);
    around.signal.addEventListener("abort", stop, { once: true });
    const end = (code: number | null): void => {
      clearTimeout(timer);
      around.signal.removeEventListener("abort", stop);
      resolve({ code, output, overdue });
    };
    child.on("error", (error) => {
      keep(`${program}: ${error.message}\n`);
      end(1);
    });
    // `exit`, not `close`: an orphan that kept our pipe must not hang the run.
    child.on("exit", (code) => setTimeout(() => end(code), PIPE_DRAIN_MS));
  });
}

/** What a child wrote just before its exit is still in the pipe. */
const PIPE_DRAIN_MS = 20;

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group ended by itself between the decision and the signal.
  }
}
