import assert from "node:assert/strict";
import { test } from "node:test";
import type { Role } from "./fuse.ts";
import { countPoints, playPoint, sampled } from "./real-crash.ts";
import { Course, type Verb } from "./real-verbs.ts";

/** `CRASH_EVERY=1` tries every point (default: one of ten), `CRASH_SEEDS` other choices. */
const EVERY = Number(process.env["CRASH_EVERY"] ?? "10");
const SEEDS = (process.env["CRASH_SEEDS"] ?? "1").split(",").map(Number);

/**
 * Fewer points mean that the verb no longer does what is to be killed. `tool`: what it asks of the
 * target and writes; the rest: files, processes, signals and orders to the edge.
 */
const POINTS_MIN: Readonly<Record<Verb, Readonly<Record<Role, number>>>> = {
  up: { tool: 40, calls: 20, supervisor: 20 },
  change: { tool: 60, calls: 30, supervisor: 30 },
  deploy: { tool: 60, calls: 30, supervisor: 30 },
  "bad deploy": { tool: 30, calls: 20, supervisor: 20 },
  rollback: { tool: 50, calls: 30, supervisor: 30 },
  "scale up": { tool: 20, calls: 10, supervisor: 10 },
  "scale down": { tool: 16, calls: 8, supervisor: 8 },
  "freeze drill": { tool: 10, calls: 4, supervisor: 4 },
  "kill drill": { tool: 10, calls: 4, supervisor: 4 },
  "roll drill": { tool: 40, calls: 30, supervisor: 30 },
  down: { tool: 30, calls: 20, supervisor: 20 },
};

/** The process of one role, and the verbs in which it dies. */
export interface Part {
  readonly role: Role;
  readonly verbs: readonly Verb[];
  /** Every other one of the points: all of them would take longer than one file may. */
  readonly half?: 0 | 1;
}

/** What continuous integration kills for real; `every-point.ts` has all verbs by every role. */
export const PARTS = {
  "tool-up": { role: "tool", verbs: ["up"] },
  "tool-deploy": { role: "tool", verbs: ["deploy"] },
  "tool-rollback": { role: "tool", verbs: ["rollback"] },
  "tool-scale": { role: "tool", verbs: ["scale up", "scale down"] },
  "tool-drill": { role: "tool", verbs: ["freeze drill", "kill drill"] },
  "tool-roll-drill": { role: "tool", verbs: ["roll drill"] },
  "tool-down": { role: "tool", verbs: ["down"] },
  "calls-up": { role: "calls", verbs: ["up"] },
  "calls-deploy": { role: "calls", verbs: ["deploy"] },
  "supervisor-up": { role: "supervisor", verbs: ["up"] },
  "supervisor-deploy": { role: "supervisor", verbs: ["deploy"], half: 0 },
  "supervisor-deploy-too": { role: "supervisor", verbs: ["deploy"], half: 1 },
  "supervisor-rollback": { role: "supervisor", verbs: ["rollback"], half: 0 },
  "supervisor-rollback-too": { role: "supervisor", verbs: ["rollback"], half: 1 },
  "supervisor-scale": { role: "supervisor", verbs: ["scale up", "scale down"] },
  "supervisor-drill": { role: "supervisor", verbs: ["freeze drill", "kill drill"] },
  "supervisor-down": { role: "supervisor", verbs: ["down"] },
} as const satisfies Readonly<Record<string, Part>>;

/** One test a verb: the process of this role dies in it at one point of ten. */
export function killIn(part: keyof typeof PARTS): void {
  const { role, verbs, half }: Part = PARTS[part];
  for (const verb of verbs) {
    test(`${verb}: killed at one point after the other (${role})`, async (t) => {
      const course = await Course.begin(role);
      await using stage = course.stage;
      const play = { stage, role, prepare: () => course.prepare(verb) };
      const points = await countPoints(play);
      const least = POINTS_MIN[verb][role];
      assert.ok(points >= least, `only ${points} points: ${verb} does too little`);
      const died: number[] = [];
      for (const seed of SEEDS) {
        const numbers = sampled({ points, every: EVERY, seed });
        const mine = numbers.filter((_, index) => half === undefined || index % 2 === half);
        for (const number of mine) {
          const { struck } = await playPoint(play, { number, seed });
          // Lives differ by what they happen to see: one may end before its last points.
          assert.ok(struck !== undefined || number > least, `nobody died at point ${number}`);
          if (struck !== undefined) died.push(number);
        }
      }
      assert.ok(died.length > 0, "nobody died");
      const share = `${new Set(died).size} of ${points} points`;
      t.diagnostic(`${verb}, ${role}: ${share}: ${died.join(" ")}`);
    });
  }
}
