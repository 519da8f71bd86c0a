import assert from "node:assert/strict";
import { test } from "node:test";
import type { Role } from "./fuse.ts";
import { type Killing, tryPoints, type Turn } from "./real-crash.ts";
import { RealStage } from "./real-stage.ts";

/**
 * Real verbs on a real system, one process of which dies at one point after the other. What a verb
 * says is so at once; where it died or failed, the next verb makes it so, as seen from outside.
 */
type Verb = keyof typeof POINTS_MIN;

/** Fewer points mean that the verb no longer does what is to be killed. */
const POINTS_MIN = {
  deploy: 60,
  rollback: 50,
  scale: 20,
  drill: 10,
  "roll drill": 40,
  up: 40,
  down: 30,
};
/** Killing a supervisor has other points: its writes, processes, signals and orders. */
const CALLS_MIN = {
  deploy: 30,
  rollback: 30,
  scale: 10,
  drill: 4,
  "roll drill": 30,
  up: 20,
  down: 20,
};

/** Nothing was changed, and the refusal names the verb that does it. */
const REFUSED = 9;

/** One system and what is known to be true of it between two verbs. */
class Course {
  readonly stage: RealStage;
  readonly role: Role;
  /** The version that is committed, and the newest that was ever declared. */
  version = 0;
  newest = 0;
  /** The one committed before it. */
  before = 0;
  web = 2;
  turns = 0;
  #entries = 0;

  constructor(stage: RealStage, role: Role) {
    this.stage = stage;
    this.role = role;
  }

  /** Two versions were committed, one after the other. */
  static async begin(role: Role): Promise<Course> {
    const course = new Course(await RealStage.open({ repeats: role === "supervisor" }), role);
    for (const _ of [1, 2]) {
      await course.declareNext();
      await course.stage.must(["up"]);
      course.committed();
    }
    return course;
  }

  async declareNext(): Promise<void> {
    this.newest += 1;
    await this.stage.declare(this.newest);
  }

  /** The newest version is the committed one now. */
  committed(): void {
    if (this.version !== this.newest) this.before = this.version;
    this.version = this.newest;
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

const VERBS: Readonly<Record<Verb, (course: Course) => Promise<Killing>>> = {
  deploy: async (course) => {
    await course.mark();
    await course.declareNext();
    return { args: ["deploy"], settle: (turn) => settleDeploy(course, turn) };
  },
  rollback: async (course) => {
    await course.mark();
    await course.stage.declare(course.version);
    return { args: ["rollback"], settle: (turn) => settleRollback(course, turn) };
  },
  scale: async (course) => {
    const web = course.web === 2 ? 3 : 2;
    return { args: ["scale", `web=${web}`], settle: (turn) => settleScale(course, turn, web) };
  },
  drill: async (course) => {
    course.turns += 1;
    const name = course.turns % 2 === 0 ? "kill-instance" : "freeze-instance";
    course.stage.mayRestart = true;
    const args = ["drill", name, "--seed", "7"];
    return { args, settle: (turn) => settleDrill(course, turn, args) };
  },
  "roll drill": async (course) => {
    course.turns += 1;
    const args = ["drill", "roll-under-load", "--seed", `${course.turns}`];
    return { args, settle: (turn) => settleDrill(course, turn, args) };
  },
  up: async (course) => {
    if (course.web > 0) await course.stage.must(["down", "--yes"]);
    course.web = 2;
    await course.declareNext();
    return { args: ["up"], settle: (turn) => settleUp(course, turn) };
  },
  down: async (course) => {
    if (course.web === 0) await course.stage.must(["up"]);
    course.web = 2;
    course.committed();
    return { args: ["down", "--yes"], settle: (turn) => settleDown(course, turn) };
  },
};

async function settleDeploy(course: Course, turn: Turn): Promise<void> {
  const { stage } = course;
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

/** Back on what was committed before the deploy that died. */
async function reverse(course: Course): Promise<void> {
  if ((await course.progress()) === "nothing") return await course.isRight();
  await course.stage.must(["rollback"]);
  await course.isRight();
}

async function settleRollback(course: Course, turn: Turn): Promise<void> {
  const { stage, version, before } = course;
  const back = { version: before, before: version };
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
      const { code, stderr } = await stage.run([next]);
      assert.ok(code === 0 || (next === "deploy" && code === REFUSED), stderr);
      if (code === REFUSED) await stage.must(["up"]);
    }
  }
  await course.isRight();
}

async function settleScale(course: Course, turn: Turn, web: number): Promise<void> {
  const { stage } = course;
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
  if (turn.struck !== undefined) {
    const next = await chosen(course, turn, ["up", "drill", "down"]);
    if (next === "down") await downAndUp(course);
    else {
      // Refused while something is half done, or judged: never an error, never left broken.
      if (next === "drill") assert.ok([0, 7, 8].includes((await stage.run(args)).code));
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

/** One test a verb: the process of this role dies in it at every tenth point. */
export function killIn(role: Role, verbs: readonly Verb[]): void {
  for (const verb of verbs) {
    test(`${verb}: its ${role} dies at one point after the other`, async (t) => {
      const course = await Course.begin(role);
      await using stage = course.stage;
      const { points, tried } = await tryPoints(stage, role, () => VERBS[verb](course));
      const least = (role === "tool" ? POINTS_MIN : CALLS_MIN)[verb];
      assert.ok(points >= least, `only ${points} points: ${verb} does too little`);
      const share = `${new Set(tried).size} of ${points} points`;
      t.diagnostic(`${verb}, ${role}: ${share}: ${tried.join(" ")}`);
    });
  }
}
