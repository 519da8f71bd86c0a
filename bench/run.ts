/** `npm run bench -- NAME [--runs N] [--seed S]`; without a name: which there are. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock, timestamp } from "@seaworthy/std/clock";
import { freshSeed } from "@seaworthy/std/random";
import { interruptible } from "../scripts/interrupt.ts";
import type { BarVerdict } from "./bar.ts";
import { check } from "./check.ts";
import { cli } from "./cli.ts";
import { edges } from "./edges.ts";
import { faults } from "./faults.ts";
import { gateway } from "./gateway-lane.ts";
import { idle } from "./idle.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import type { Bench, RunResult, World } from "./measured.ts";
import { type Report, reportOf, tableOf } from "./report.ts";
import { releases } from "./releases.ts";
import { rollout } from "./rollout.ts";

const BENCHES: readonly Bench[] = [cli, check, rollout, releases, faults, edges, gateway, idle];
const RUNS_DEFAULT = 5;
const RUNS_MAX = 100;
const FOLDER = "bench/runs";
/** As the tool's own: missed, and could not verify. */
const EXIT: Readonly<Record<BarVerdict, number>> = { met: 0, "not met": 7, "could not verify": 8 };
const USAGE = 2;
const INTERRUPTED = 130;

const world: World = {
  root: join(import.meta.dirname, ".."),
  clock: systemClock,
  environment: process.env,
  signal: interruptible(),
  say: (line) => void process.stderr.write(`${line}\n`),
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: "string" }, seed: { type: "string" } },
  });
  const [name, ...others] = positionals;
  if (name === undefined) return list();
  const bench = BENCHES.find((one) => one.name === name);
  const runs = wholeNumber(values.runs, RUNS_DEFAULT);
  const seed = wholeNumber(values.seed, freshSeed());
  if (bench === undefined || others.length > 0) {
    return refuse(`no such bench: ${positionals.join(" ")}`);
  }
  if (runs === undefined || runs > RUNS_MAX) return refuse(`--runs: 1 to ${RUNS_MAX}`);
  if (seed === undefined) return refuse("--seed: a whole number, 1 or more");
  const { report, kept } = await run(bench, { runs, seed });
  for (const line of tableOf(report)) world.say(line);
  world.say(`kept in ${kept}`);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.interrupted ? INTERRUPTED : EXIT[report.verdict];
}

function list(): number {
  world.say("npm run bench -- NAME [--runs N] [--seed S]");
  for (const { name, about } of BENCHES) process.stdout.write(`${name.padEnd(10)}${about}\n`);
  return 0;
}

function refuse(message: string): number {
  world.say(message);
  list();
  return USAGE;
}

function wholeNumber(text: string | undefined, otherwise: number): number | undefined {
  const value = text === undefined ? otherwise : Number(text);
  return Number.isSafeInteger(value) && value >= 1 ? value : undefined;
}

async function run(
  bench: Bench,
  request: { readonly runs: number; readonly seed: number },
): Promise<{ readonly report: Report; readonly kept: string }> {
  const startedMs = world.clock.now();
  const date = timestamp(world.clock);
  const loadAverageBefore = loadAverage();
  const draft = draftOf(bench.name, date);
  const measured = await bench.run(world, { ...request, made: draft.add });
  const report = reportOf(measured, {
    bench: bench.name,
    command: `npm run bench -- ${bench.name} --runs ${request.runs} --seed ${request.seed}`,
    seed: request.seed,
    date,
    tookSeconds: (world.clock.now() - startedMs) / 1_000,
    interrupted: world.signal.aborted,
    commit: commit(),
    machine: { ...describeMachine(), loadAverageBefore, loadAverageAfter: loadAverage() },
  });
  const kept = keep(report);
  draft.discard();
  return { report, kept };
}

/** What was measured; `-dirty`: and something that is in no commit. */
function commit(): string {
  try {
    const args = ["describe", "--always", "--dirty", "--abbrev=12"];
    return execFileSync("git", args, { cwd: world.root, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

/** Every run is kept; those that are quoted somewhere are committed. */
function keep(report: Report): string {
  const file = fileOf(report.bench, report.date, "json");
  writeFileSync(join(world.root, file), `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

/** One line a run, as it is made: what is left of a series that was killed. */
function draftOf(bench: string, date: string) {
  const file = join(world.root, fileOf(bench, date, "ndjson.tmp"));
  return {
    add: (run: RunResult): void => appendFileSync(file, `${JSON.stringify(run)}\n`),
    discard: (): void => rmSync(file, { force: true }),
  };
}

function fileOf(bench: string, date: string, ending: string): string {
  mkdirSync(join(world.root, FOLDER), { recursive: true });
  return `${FOLDER}/${bench}-${date.slice(0, 19).replaceAll(":", "-")}Z.${ending}`;
}

process.exitCode = await main();
