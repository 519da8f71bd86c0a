import assert from "node:assert/strict";
import { test } from "node:test";
import { CrashStage } from "./fake-crash.ts";
import { PARTS } from "./fake-parts.ts";
import { SCENARIOS } from "./fake-scenarios.ts";

/** `CRASH_SEEDS=7,8` plays other games; `CRASH_NEXT=all` tries every next verb at every point. */
const SEEDS = (process.env["CRASH_SEEDS"] ?? "1,2,3").split(",").map(Number);
const WHOLE = process.env["CRASH_NEXT"] === "all";
/** As many as a person reads; the rest has the same cause. */
const WRONGS_SHOWN = 8;

/** One test a scenario: its verb is killed at every point, and the next verbs see to it. */
export function playPart(part: keyof typeof PARTS): void {
  for (const scenario of SCENARIOS.filter(({ name }) => PARTS[part].test(name))) {
    test(`${scenario.name}: killed before and after each of its changes`, async (t) => {
      await using stage = await CrashStage.open({ whole: WHOLE });
      const wrongs: string[] = [];
      let points = 0;
      let secondDeaths = 0;
      for (const seed of SEEDS) {
        const covered = await stage.everyPoint(scenario, seed);
        points += covered.points;
        secondDeaths += covered.secondDeaths;
        wrongs.push(...covered.wrongs);
        const enough = covered.changes >= scenario.changesMin;
        assert.ok(enough, `only ${covered.changes} changes: ${scenario.name} does too little`);
        assert.equal(covered.points, 2 * covered.changes, "a point before and after each change");
        const share = `${covered.points} of ${2 * covered.changes} points`;
        t.diagnostic(`${scenario.name}, seed ${seed}: ${share}, ${covered.runs} runs`);
      }
      t.diagnostic(`${scenario.name}: ${secondDeaths} of the next verbs died as well`);
      assert.ok(secondDeaths > 0, "no next verb died as well");
      const shown = wrongs.slice(0, WRONGS_SHOWN).join("\n");
      assert.equal(wrongs.length, 0, `${wrongs.length} wrongs at ${points} points\n${shown}`);
    });
  }
}
