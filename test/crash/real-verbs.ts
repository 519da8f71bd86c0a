import assert from "node:assert/strict";
import type { Role } from "./fuse.ts";
import type { Killing, Turn } from "./real-crash.ts";
import { RealStage } from "./real-stage.ts";

/** `up` is the first one, `change` an `up` of what runs; the rest are the command line's words. */
export const VERBS = [
  "up",
  "change",
  "deploy",
  "bad deploy",
  "rollback",
  "scale up",
  "scale down",
  "freeze drill",
  "kill drill",
  "roll drill",
  "down",
] as const;
export type Verb = (typeof VERBS)[number];

/** It says that all of it went back: 4 failed and rolled back, 8 could not verify. */
const WENT_BACK: readonly number[] = [4, 8];
const ROLLED_BACK = 4;
/** Whatever it says of the objectives (7: missed), it left nothing broken. */
const JUDGED: readonly number[] = [0, 7, 8];
/** Nothing was changed, and the refusal names the verb that does it. */
const REFUSED = 9;

/** One system and what is known to be true of it between two verbs. */
export class Course {
  readonly stage: RealStage;
  readonly role: Role;
  /** The version that is committed, and the newest that was ever declared. */
  version = 0;
  newest = 0;
  /** The one committed before it. */
  before = 0;
  /** By a rollback, after which there is no other before it is deployed to. */
  wentBack = false;
  web = 2;
  turns = 0;
  #entries = 0;

  constructor(stage: RealStage, role: Role) {
    this.stage = stage;
    this.role = role;
  }

  /** Two versions were committed, one after the other. */
  static async begin(role: Role): Promise<Course> {
    await using begun = new AsyncDisposableStack();
    const stage = begun.use(await RealStage.open({ repeats: role === "supervisor" }));
    const course = new Course(stage, role);
    for (const _ of [1, 2]) {
      await course.declareNext();
      await stage.must(["up"]);
      course.committed();
    }
    begun.move();
    return course;
  }

  async declareNext(options: { readonly bad?: boolean } = {}): Promise<void> {
    this.newest += 1;
    await this.stage.declare(this.newest, options);
  }

  /** Makes a verb ready that is to be killed. */
  async prepare(verb: Verb): Promise<Killing> {
    return await PREPARED[verb](this);
  }

  /** The newest version is the committed one now. */
  committed(): void {
    if (this.version !== this.newest) this.before = this.version;
    this.version = this.newest;
    this.wentBack = false;
  }

  async mark(): Promise<void> {
    this.#entries = (await this.stage.journal()).length;
  }

  /** How far the verb got since `mark`, as its journal says. */
  async progress(): Promise<"nothing" | "begin" | "end"> {
    const since = (await this.stage.journal()).slice(this.#entries).map(({ entry }) => entry);
    return since.includes("end") ? "end" : since.includes("begin") ? "begin" : "nothing";
  }

  async isRight(): Promise<void> {
    await this.stage.runsExactly({ version: this.version, web: this.web });
  }
}

/** Looks at the system first: status must always answer. */
async function chosen<Choice extends string>(
  { stage }: Course,
  turn: Turn,
  choices: readonly Choice[],
): Promise<Choice> {
  const status = await stage.run(["status"]);
  assert.equal(status.code, 0, status.stderr);
  const choice = choices[(Math.floor(turn.number / 2) + turn.seed) % choices.length];
  assert.ok(choice !== undefined);
  return choice;
}

async function downAndUp(course: Course): Promise<void> {
  await course.stage.must(["down", "--yes"]);
  await course.stage.isGone();
  await course.stage.must(["up"]);
}

/** A drill has the seed of its turn: each finds other victims. */
const drill =
  (name: string) =>
  async (course: Course): Promise<Killing> => {
    course.turns += 1;
    // The roll drill breaks nothing: where an instance died in it, something else did that.
    if (name !== "roll-under-load") course.stage.mayRestart = true;
    const args = ["drill", name, "--seed", `${course.turns}`];
    return { args, ends: JUDGED, settle: (turn) => settleDrill(course, turn, args) };
  };

const scaling =
  (from: number, to: number) =>
  async (course: Course): Promise<Killing> => {
    if (course.web !== from) await course.stage.must(["scale", `web=${from}`]);
    course.web = from;
    const args = ["scale", `web=${to}`];
    return { args, ends: [0], settle: (turn) => settleScale(course, turn, to) };
  };

const rolling =
  (args: readonly string[]) =>
  async (course: Course): Promise<Killing> => {
    await course.mark();
    await course.declareNext();
    return { args, ends: [0], settle: (turn) => settleDeploy(course, turn) };
  };

const PREPARED: Readonly<Record<Verb, (course: Course) => Promise<Killing>>> = {
  up: async (course) => {
    if (course.web > 0) await course.stage.must(["down", "--yes"]);
    course.web = 2;
    await course.declareNext();
    return { args: ["up"], ends: [0], settle: (turn) => settleUp(course, turn) };
  },
  change: rolling(["up"]),
  deploy: rolling(["deploy"]),
  "bad deploy": async (course) => {
    await course.mark();
    await course.declareNext({ bad: true });
    const args = ["deploy"];
    return { args, ends: [ROLLED_BACK], settle: (turn) => settleBad(course, turn) };
  },
  rollback: async (course) => {
    if (course.wentBack) {
      await course.declareNext();
      await course.stage.must(["up"]);
      course.committed();
    }
    await course.mark();
    await course.stage.declare(course.version);
    return { args: ["rollback"], ends: [0], settle: (turn) => settleRollback(course, turn) };
  },
  "scale up": scaling(2, 3),
  "scale down": scaling(3, 2),
  "freeze drill": drill("freeze-instance"),
  "kill drill": drill("kill-instance"),
  "roll drill": drill("roll-under-load"),
  down: async (course) => {
    if (course.web === 0) await course.stage.must(["up"]);
    course.web = 2;
    course.committed();
    return { args: ["down", "--yes"], ends: [0], settle: (turn) => settleDown(course, turn) };
  },
};

/** What it said of its end is so before anybody mends anything: gone back means all of it. */
async function asTold(course: Course, { code }: Turn): Promise<void> {
  if (WENT_BACK.includes(code)) await course.isRight();
}

async function settleDeploy(course: Course, turn: Turn): Promise<void> {
  const { stage } = course;
  await asTold(course, turn);
  if (turn.code !== 0) {
    const next = await chosen(course, turn, ["deploy", "up", "rollback", "down"]);
    if (next === "rollback") return await reverse(course);
    if (next === "down") await downAndUp(course);
    else await stage.must([next]);
  }
  course.committed();
  await course.isRight();
  const runs = await stage.jobRuns(course.version);
  // A supervisor that dies while a job ends knows nothing of its end: this job may run again.
  assert.ok(runs === 1 || (course.role === "supervisor" && runs === 2), `it ran ${runs} times`);
}

/** A release that never gets ready: whoever dies, what served before it serves on. */
async function settleBad(course: Course, turn: Turn): Promise<void> {
  const { stage } = course;
  assert.notEqual(turn.code, 0, "a release that is never ready is not done");
  await asTold(course, turn);
  if (turn.struck !== undefined) {
    const next = await chosen(course, turn, ["deploy", "up", "rollback", "down"]);
    if (next === "rollback") return await reverse(course);
    if (next === "deploy") {
      const { code, stderr } = await stage.run(["deploy"]);
      assert.equal(code, ROLLED_BACK, stderr);
    } else {
      await course.declareNext();
      if (next === "down") await downAndUp(course);
      else await stage.must(["up"]);
      course.committed();
    }
  }
  await course.isRight();
}

/** Back on what was committed before the deploy that died. */
async function reverse(course: Course): Promise<void> {
  if ((await course.progress()) === "nothing") return await course.isRight();
  await course.stage.must(["rollback"]);
  course.wentBack = true;
  await course.isRight();
}

async function settleRollback(course: Course, turn: Turn): Promise<void> {
  const { stage, version, before } = course;
  const back = { version: before, before: version, wentBack: true };
  await asTold(course, turn);
  if (turn.code === 0) Object.assign(course, back);
  else {
    const next = await chosen(course, turn, ["rollback", "up", "deploy", "down"]);
    const ended = (await course.progress()) === "end";
    if (next === "rollback" && !ended) {
      await stage.must(["rollback"]);
      Object.assign(course, back);
    } else if (next === "down") {
      await downAndUp(course);
      // Nothing was committed before it any more: there must be something to go back to again.
      await course.declareNext();
      await stage.must(["up"]);
      course.committed();
    } else {
      // What a rollback leaves defined is of the newer declaration: that is no release to deploy.
      // And what was taken back is gone to by its name alone: another rollback is none.
      const { code, stderr } = await stage.run([next]);
      assert.ok(code === 0 || (next !== "up" && code === REFUSED), stderr);
      if (code === REFUSED) await stage.must(["up"]);
      else if (next === "rollback") Object.assign(course, back);
    }
  }
  await course.isRight();
}

async function settleScale(course: Course, turn: Turn, web: number): Promise<void> {
  const { stage } = course;
  await asTold(course, turn);
  course.web = web;
  if (turn.code !== 0) {
    const next = await chosen(course, turn, ["scale", "up", "down"]);
    if (next === "scale") await stage.must(["scale", `web=${web}`]);
    else {
      course.web = 2;
      if (next === "down") await downAndUp(course);
      else await stage.must(["up"]);
    }
  }
  await course.isRight();
}

async function settleDrill(course: Course, turn: Turn, args: readonly string[]): Promise<void> {
  const { stage } = course;
  if (JUDGED.includes(turn.code)) await course.isRight();
  if (turn.struck !== undefined) {
    const next = await chosen(course, turn, ["up", "drill", "down"]);
    if (next === "down") await downAndUp(course);
    else {
      // Refused while something is half done, or judged: never an error, never left broken.
      if (next === "drill") assert.ok(JUDGED.includes((await stage.run(args)).code));
      await stage.must(["up"]);
    }
  }
  await course.isRight();
}

async function settleUp(course: Course, turn: Turn): Promise<void> {
  const { stage } = course;
  if (turn.code !== 0) {
    const next = await chosen(course, turn, ["up", "down"]);
    await stage.must([next, "--yes"]);
    if (next === "down") {
      await stage.isGone();
      course.web = 0;
      return;
    }
  }
  course.committed();
  await course.isRight();
}

async function settleDown(course: Course, turn: Turn): Promise<void> {
  const { stage } = course;
  if (turn.code !== 0) {
    const next = await chosen(course, turn, ["down", "up"]);
    await stage.must([next, "--yes"]);
    if (next === "up") return await course.isRight();
  }
  await stage.isGone();
  course.web = 0;
}
