/**
 * Kills every verb at every point on the real machine, over as many calls and hours as that takes:
 * each call goes on where the last one stopped. Results are lines of JSON in a folder.
 *
 *     npx node test/crash/every-point.ts                       all verbs, by every role
 *     npx node test/crash/every-point.ts tool/up tool/deploy   only these
 *     npx node test/crash/every-point.ts --minutes 30          begins no other point after that
 *     npx node test/crash/every-point.ts --seeds 1,2,3,4       each of the next verbs at each point
 *     npx node test/crash/every-point.ts --sum                 only says how far it got
 *
 * `--to FOLDER` keeps the results elsewhere than in `seaworthy-points` of the temp folder. Ctrl-C
 * ends it after the point that is under way. Exit 1 where something was found wrong.
 */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Role } from "./fuse.ts";
import { logNames, PointLog, sumText } from "./point-log.ts";
import { countPoints, playPoint } from "./real-crash.ts";
import { Course, type Verb, VERBS } from "./real-verbs.ts";

/** Then the system is taken down and another one begun: its journal has grown long. */
const LIVES_OF_A_SYSTEM = 20;
const ROLES: readonly Role[] = ["tool", "calls", "supervisor"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    to: { type: "string", default: join(tmpdir(), "seaworthy-points") },
    minutes: { type: "string", default: "Infinity" },
    seeds: { type: "string", default: "1" },
    sum: { type: "boolean", default: false },
  },
});
const until = Date.now() + Number(values.minutes) * 60_000;
const COMMIT = commitNow();
let stopped = false;
process.on("SIGINT", () => void (stopped = true));
process.on("SIGTERM", () => void (stopped = true));

interface Task {
  readonly role: Role;
  readonly verb: Verb;
  readonly seed: number;
}

if (!values.sum) for (const task of tasks()) await playAll(task);
let wrongs = 0;
for (const name of logNames(values.to)) {
  const sum = new PointLog(values.to, name).sum();
  wrongs += sum.wrong.length;
  console.log(sumText(name, sum));
  for (const { number, wrong } of sum.wrong) console.log(`  point ${number}: ${wrong}`);
}
process.exitCode = wrongs > 0 ? 1 : 0;

function tasks(): readonly Task[] {
  const seeds = values.seeds.split(",").map(Number);
  const all = seeds.flatMap((seed) =>
    ROLES.flatMap((role) => VERBS.map((verb) => ({ role, verb, seed }))),
  );
  const known = new Set(all.map(wordOf));
  for (const word of positionals) {
    if (!known.has(word)) throw new Error(`${word} is none of ${[...known].join(", ")}`);
  }
  return all.filter((task) => positionals.length === 0 || positionals.includes(wordOf(task)));
}

function wordOf({ role, verb }: Task): string {
  return `${role}/${verb.replaceAll(" ", "-")}`;
}

async function playAll(task: Task): Promise<void> {
  const log = new PointLog(values.to, `${wordOf(task).replace("/", "-")}-seed-${task.seed}`);
  while (mayGoOn() && log.next() !== undefined) await playSome(task, log);
}

/** In one system, until it is old or something is wrong with it. */
async function playSome(task: Task, log: PointLog): Promise<void> {
  const course = await Course.begin(task.role);
  try {
    for (let lives = 0; lives < LIVES_OF_A_SYSTEM && mayGoOn(); lives += 1) {
      const number = log.next();
      if (number === undefined || !(await playOne(number, { task, log, course }))) break;
    }
  } finally {
    await course.stage[Symbol.asyncDispose]().catch((error: unknown) => {
      log.add({ ...lineOf(task, 0), wrong: `left behind: ${textOf(error)}` });
    });
  }
}

/** False: something is wrong with this system. */
async function playOne(
  number: number,
  { task, log, course }: { readonly task: Task; readonly log: PointLog; readonly course: Course },
): Promise<boolean> {
  const play = {
    stage: course.stage,
    role: task.role,
    prepare: () => course.prepare(task.verb),
  };
  const sinceMs = Date.now();
  const line = () => ({ ...lineOf(task, number), seconds: (Date.now() - sinceMs) / 1_000 });
  try {
    if (number === 0) {
      const points = await countPoints(play);
      log.add({ ...line(), points });
      return true;
    }
    const { struck, points } = await playPoint(play, { number, seed: task.seed });
    log.add({ ...line(), struck: struck ?? null, points: struck === undefined ? points : null });
    return true;
  } catch (error) {
    const wrong = textOf(error);
    const struck = course.stage.fuse(task.role).struck() ?? null;
    log.add({ ...line(), struck, wrong });
    console.error(`${wordOf(task)}, point ${number}: ${wrong}`);
    return false;
  }
}

function lineOf({ seed }: Task, number: number) {
  const at = new Date().toISOString();
  return { seed, number, struck: null, points: null, seconds: 0, commit: COMMIT, at, wrong: null };
}

function mayGoOn(): boolean {
  return !stopped && Date.now() < until;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of what is tried: `+` where the product's files are not those of the commit. */
function commitNow(): string {
  const git = (...args: readonly string[]) =>
    spawnSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).stdout.trim();
  const changed = git("status", "--porcelain", "../../seaworthy", "../../gateway", "../../std");
  return `${git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : "+"}`;
}
