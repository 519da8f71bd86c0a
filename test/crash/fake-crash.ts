import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "@seaworthy/std/assert";
import { readRecords } from "../../seaworthy/record/read.ts";
import { complaints, recordsOf, statusLies, worldText } from "./fake-judge.ts";
import { FakeMachine } from "./fake-machine.ts";
import { type Fate, type Life, type Place, runFake } from "./fake-process.ts";
import {
  declaration,
  type Judged,
  type Next,
  type Progress,
  type Scenario,
  type Verb,
} from "./fake-scenarios.ts";
import { type CrashPoint, crashPoint } from "./reaper.ts";

/** A verb with more changes than this does not end. */
const POINTS_MAX = 2_000;
/** The machine comes to rest by itself: what was killed is back, what is frozen is thawed. */
const SETTLE_MS = 2_000;

/** What became of killing one verb at every point. */
export interface Covered {
  readonly points: number;
  readonly changes: number;
  readonly runs: number;
  /** So many of the verbs that came next died as well. */
  readonly secondDeaths: number;
  /** What was found wrong, each with where. */
  readonly wrongs: readonly string[];
}

export interface StageOptions {
  /** Every verb that may come next at every point, instead of two in turn. */
  readonly whole: boolean;
  /** A tool that is wrong on purpose: it must be found out. */
  readonly spoil?: Fate["spoil"];
}

/** Plays scenarios in one folder; disposing removes it. */
export class CrashStage implements AsyncDisposable {
  readonly #root: string;
  readonly #place: Place;
  readonly #options: StageOptions;
  #declared = "";
  #runs = 0;
  #secondDeaths = 0;

  private constructor(root: string, options: StageOptions) {
    this.#root = root;
    this.#options = options;
    const folder = (name: string): string => join(root, name);
    this.#place = { folder: folder("system"), state: folder("state"), run: folder("run") };
  }

  static async open(options: StageOptions): Promise<CrashStage> {
    const root = await mkdtemp(join(tmpdir(), "seaworthy-crash-"));
    const stage = new CrashStage(root, options);
    for (const path of Object.values(stage.#place)) await mkdir(path, { mode: 0o700 });
    const app = join(stage.#place.folder, "apps/web");
    await mkdir(app, { recursive: true });
    for (const name of ["main.ts", "job.ts"]) await writeFile(join(app, name), "");
    return stage;
  }

  /** Kills the verb before and after each of its changes, and looks what the next verb makes. */
  async everyPoint(scenario: Scenario, seed: number): Promise<Covered> {
    this.#runs = 0;
    this.#secondDeaths = 0;
    const base = await this.machineAfter(scenario.before, seed);
    for (const [unit, floor] of Object.entries(scenario.floors)) base.floors.set(unit, floor);
    const wrongs: string[] = [];
    for (let number = 1; number < POINTS_MAX; number += 1) {
      const machine = base.fork();
      const life = await this.#run(machine, scenario.verb, crashPoint(number));
      if (life.struck === undefined) {
        wrongs.push(...(await this.#judgeWhole(scenario, { machine, life })));
        const counts = { runs: this.#runs, secondDeaths: this.#secondDeaths };
        return { points: number - 1, changes: life.changes.length, ...counts, wrongs };
      }
      const where = `${scenario.name}, seed ${seed}, point ${number} (${life.struck})`;
      const progress = await progressOf(base, machine);
      const isHalfDone = progress !== "end" && hasApplied(life);
      const died = { scenario, machine, number, seed, progress, isHalfDone };
      for (const wrong of await this.#afterwards(died)) wrongs.push(`${where} → ${wrong}`);
    }
    throw new Error(`${scenario.name} did not end within ${POINTS_MAX} points`);
  }

  /** The verb that nobody killed: what was killed before is worth nothing if it fails by itself. */
  async #judgeWhole(
    { name, ends, verb }: Scenario,
    { machine, life }: { readonly machine: FakeMachine; readonly life: Life },
  ): Promise<readonly string[]> {
    await machine.clock.sleep(SETTLE_MS);
    const wrongs = [...(await complaints(machine, ends, verb.declared))];
    if (life.code !== ends.code) wrongs.push(`exit ${life.code}: ${lastLines(life.stderr)}`);
    return wrongs.map((wrong) => `${name}, not killed → ${wrong}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  /** A machine on which these verbs ran undisturbed. */
  async machineAfter(verbs: readonly Verb[], seed: number): Promise<FakeMachine> {
    const machine = new FakeMachine(seed);
    for (const verb of verbs) {
      const life = await this.#live(machine, verb, { point: undefined, spoil: undefined });
      assert.equal(life.code, 0, life.stderr);
    }
    return machine;
  }

  async #run(machine: FakeMachine, verb: Verb, point?: CrashPoint): Promise<Life> {
    return await this.#live(machine, verb, { point, spoil: this.#options.spoil });
  }

  async #live(machine: FakeMachine, verb: Verb, fate: Fate): Promise<Life> {
    const text = declaration(verb.declared);
    if (text !== this.#declared) await writeFile(join(this.#place.folder, "system.json"), text);
    this.#declared = text;
    this.#runs += 1;
    return await runFake(machine, verb.argv, { place: this.#place, ...fate });
  }

  async #afterwards(died: Died): Promise<readonly string[]> {
    const wrongs = [...(await this.#look(died))];
    for (const next of this.#chosen(died)) {
      const machine = died.machine.fork();
      for (const wrong of await this.#play(next, { ...died, machine })) {
        wrongs.push(`${next.verb.argv.join(" ")}: ${wrong}`);
      }
    }
    return wrongs;
  }

  /** Two of the next verbs in turn, so that three seeds try each of up to six at every point. */
  #chosen({ scenario, number, seed }: Died): readonly Next[] {
    const { next } = scenario;
    if (this.#options.whole) return next;
    const turn = 2 * (number + seed);
    return [0, 1].map((index) => present(next[(turn + index) % next.length], "a next verb"));
  }

  async #look({ machine, scenario, isHalfDone }: Died): Promise<readonly string[]> {
    const verb = { argv: ["status", "--json"], declared: scenario.verb.declared };
    const status = await this.#run(machine.fork(), verb);
    if (status.code !== 0) return [`status ends with ${status.code}: ${status.stderr}`];
    return await statusLies(machine, { stdout: status.stdout, isHalfDone });
  }

  async #play(next: Next, died: Died): Promise<readonly string[]> {
    const { machine } = died;
    if (next.lowers === true) machine.floors.clear();
    const hasEnded = await this.#diesToo(next, died);
    const before = worldText(machine);
    const life = hasEnded ? undefined : await this.#run(machine, next.verb);
    await machine.clock.sleep(SETTLE_MS);
    const refusal = next.ends
      .filter((one) => one.end === "refused")
      .find(({ code, after }) => code === life?.code && (after ?? died.progress) === died.progress);
    if (refusal !== undefined && worldText(machine) === before) {
      const { version } = refusal;
      const up = await this.#run(machine, { ...next.verb, argv: ["up", "--yes"] });
      if (up.code !== 0) return [`up after a refusal: exit ${up.code}: ${lastLines(up.stderr)}`];
      return await complaints(machine, { end: "runs", code: 0, version }, next.verb.declared);
    }
    const wrongs: string[] = [];
    for (const ending of endingsAfter(died.progress, next)) {
      if (life !== undefined && ending.code !== life.code) {
        wrongs.push(`exit ${life.code}, not ${ending.code}: ${lastLines(life.stderr)}`);
        continue;
      }
      const found = await complaints(machine, ending, next.verb.declared);
      if (found.length === 0) return [];
      wrongs.push(...found);
    }
    return wrongs.length === 0 ? ["nothing says how it may end"] : wrongs;
  }

  /**
   * At every third point the next verb dies as well, anywhere, and is run again: unless it had
   * ended, for once more might mean another thing. True: it had.
   */
  async #diesToo(next: Next, { machine, number, seed, scenario }: Died): Promise<boolean> {
    if ((number + seed) % 3 !== 0) return false;
    const before = machine.fork();
    const point = crashPoint(1 + machine.chance.below(2 * scenario.changesMin));
    const { struck } = await this.#run(machine, next.verb, point);
    if (struck !== undefined) this.#secondDeaths += 1;
    return (await progressOf(before, machine)) === "end";
  }
}

function endingsAfter(progress: Progress, { ends }: Next): readonly Judged[] {
  const judged = ends.filter((one): one is Judged => one.end !== "refused");
  return judged.filter((one) => one.end === "gone" || (one.after ?? progress) === progress);
}

interface Died {
  readonly scenario: Scenario;
  readonly machine: FakeMachine;
  readonly number: number;
  readonly seed: number;
  readonly progress: Progress;
  /** It had begun to change what runs, and has not said that it ended. */
  readonly isHalfDone: boolean;
}

/**
 * Whatever is read from its journal: a step was on its way when it died, or done. A drill has done
 * with what it broke when that is undone, and has only to judge then.
 */
function hasApplied({ changes, struck }: Life): boolean {
  const begun = changes.slice(0, struck?.startsWith("before") === true ? -1 : undefined);
  if (begun.includes("append fault-undone")) return false;
  return begun.some((change) => change.startsWith("apply "));
}

async function progressOf(base: FakeMachine, machine: FakeMachine): Promise<Progress> {
  const journal = await readRecords(recordsOf(machine), "journal");
  const written = journal.slice(base.records("journal").length).map(({ entry }) => entry);
  if (written.includes("end")) return "end";
  return written.includes("begin") ? "begin" : "nothing";
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-6).join(" | ");
}
