import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { CrashStage } from "./fake-crash.ts";
import type { Spoil } from "./fake-process.ts";
import { type Scenario, SCENARIOS } from "./fake-scenarios.ts";

const SEED = 1;

function scenario(name: string): Scenario {
  return present(
    SCENARIOS.find((one) => one.name === name),
    name,
  );
}

/** Everything that is found wrong in a scenario whose tool is wrong on purpose. */
async function wrongsOf(played: Scenario, spoil?: Spoil): Promise<string> {
  const options = spoil === undefined ? {} : { spoil };
  await using stage = await CrashStage.open({ whole: true, ...options });
  return (await stage.everyPoint(played, SEED)).wrongs.join("\n");
}

/** Tools with one promise taken out: each must be caught, or the crash points prove nothing. */
const WRONG: Readonly<Record<string, { name: string; spoil: Spoil; says: RegExp }>> = {
  "does not write down what it begins": {
    name: "scale up",
    spoil: unwritten("begin"),
    says: /point \d+ .* → status says that nothing is under way/,
  },
  "does not write down that it ended": {
    name: "scale up",
    spoil: unwritten("end"),
    says: /is still under way/,
  },
  "takes everything out of the routes first": {
    name: "scale up",
    spoil: (target) => ({
      ...target,
      apply: async (step, context) => {
        if (step.action !== "switch") return await target.apply(step, context);
        await target.apply({ ...step, instances: [] }, context);
        return await target.apply(step, context);
      },
    }),
    says: /has 0 serving after switch, floor 2/,
  },
  "says that a fault is undone, and leaves it": {
    name: "drill freeze-instance",
    spoil: (target) => ({
      ...target,
      apply: async (step, context) =>
        step.action === "undo" ? { outcome: "done" } : await target.apply(step, context),
    }),
    says: /is frozen|exit|undone/,
  },
  "stops what is in the routes": {
    name: "scale down",
    spoil: (target) => ({
      ...target,
      apply: async (step, context) => {
        const kept = step.action === "switch" ? step.instances : undefined;
        const { units } = await target.observe(context.signal);
        const web = units.find(({ name }) => name === "web")?.instances ?? [];
        for (const { id } of kept === undefined ? [] : web) {
          if (kept?.includes(id) === true) continue;
          await target.apply({ action: "stop", instance: id, graceMs: 0 }, context);
        }
        return await target.apply(step, context);
      },
    }),
    says: /stop of web-\d+, which is routed/,
  },
};

function unwritten(entry: string): Spoil {
  return (target) => ({
    ...target,
    store: {
      ...target.store,
      append: async (kind, body) => {
        const isIt =
          typeof body === "object" && body !== null && "entry" in body && body.entry === entry;
        if (!isIt) await target.store.append(kind, body);
      },
    },
  });
}

for (const [what, { name, spoil, says }] of Object.entries(WRONG)) {
  test(`the crash points catch a tool that ${what}`, async () => {
    assert.match(await wrongsOf(scenario(name), spoil), says);
  });
}

test("a verb that fails although nobody killed it is no scenario", async () => {
  const played = scenario("scale up");
  const wrongs = await wrongsOf({ ...played, ends: { end: "runs", code: 4, version: 2, web: 3 } });
  assert.match(wrongs, /scale up, not killed → exit 0/);
  assert.match(await wrongsOf({ ...played, ends: { end: "gone", code: 0 } }), /still there/);
});
