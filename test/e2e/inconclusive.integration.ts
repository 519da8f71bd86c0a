import assert from "node:assert/strict";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { type Ended, rehearse, type Rehearsal, type Running } from "./rehearsal.ts";
import { isExactly, statusOf } from "./seen.ts";
import { until } from "./until.ts";

/**
 * A bake that wants more requests than come says nothing. It waits 30 s for them, mostly asleep:
 * these tests wait side by side.
 */
const QUESTION = /a verdict needs \d+\. Keep the new release\?/;
/** Longer than a heartbeat: what is redrawn then must not wipe the question away. */
const THINKING_MS = 6_000;

function asking(version: string): string {
  return aSystem({ env: `{ VERSION: "${version}" }` }).replace(
    "bakeRequests: 10",
    "bakeRequests: 100000",
  );
}

async function rolling(rehearsal: Rehearsal, terminal: boolean): Promise<Running> {
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await rehearsal.write("system.ts", asking("v2"));
  return rehearsal.start(["deploy"], terminal ? { terminal: true } : {});
}

async function asked(roll: Running): Promise<void> {
  const isAsked = (): boolean => QUESTION.test(roll.printed());
  await until("the bake has waited", () => isAsked() || /bake 1\d\.\d s/.test(roll.printed()));
  await until("the question", isAsked);
}

/** What a person sees below the question, as bytes: nothing that moves the cursor. */
function below(printed: string): string {
  return printed.slice(printed.search(QUESTION));
}

async function servesOld(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.write("system.ts", asking("v1"));
  await isExactly(rehearsal, 2);
}

async function answered(keys: string, check: (ended: Ended, rehearsal: Rehearsal) => unknown) {
  await using rehearsal = await rehearse({ "system.ts": asking("v1") });
  const roll = await rolling(rehearsal, true);
  await asked(roll);
  await new Promise((resolve) => setTimeout(resolve, THINKING_MS));
  assert.ok(!below(roll.printed()).includes("A\u001b[0J"), "the question is wiped away");
  const { units } = await statusOf(rehearsal);
  const web = units.find(({ name }) => name === "web");
  const releases = new Set(web?.instances.map(({ release }) => release));
  assert.equal(releases.size, 2, "both generations are held");
  assert.equal(web?.instances.filter(({ routed }) => routed).length, 2);
  roll.type(keys);
  await check(await roll.ended, rehearsal);
}

test("a bake that says nothing", { concurrency: true }, async (t) => {
  await Promise.all([
    t.test("goes back where nobody can be asked: exit 8, and says so", async () => {
      await using rehearsal = await rehearse({ "system.ts": asking("v1") });
      const roll = await rolling(rehearsal, false);
      const ended = await roll.ended;
      assert.equal(ended.code, 8, ended.stderr);
      assert.match(ended.stderr, /could not verify in .*the bake says nothing: only \d+ requests/);
      assert.match(ended.stderr, /a verdict needs 100000; back: web on r[0-9a-f]{12}/);
      assert.match(ended.stderr, /still serves all traffic: 2 of 2 ready\nnext: /);
      assert.doesNotMatch(ended.stderr, QUESTION);
      await servesOld(rehearsal);
    }),
    t.test("asks on a terminal and is kept: exit 0", async () => {
      await answered("y\r", async (ended, rehearsal) => {
        assert.equal(ended.code, 0, ended.stdout);
        await isExactly(rehearsal, 2);
      });
    }),
    t.test("asks on a terminal and goes back at anything but yes: exit 8", async () => {
      await answered("\r", async (ended, rehearsal) => {
        assert.equal(ended.code, 8, ended.stdout);
        assert.match(ended.stdout, /the bake says nothing/);
        await servesOld(rehearsal);
      });
    }),
    t.test("goes back at Ctrl-C amid the question: exit 130", async () => {
      await answered("\u0003", async (ended, rehearsal) => {
        assert.equal(ended.code, 130, ended.stdout);
        assert.match(ended.stdout, /stopped on request; back: web on/);
        await servesOld(rehearsal);
      });
    }),
    t.test("goes back when the terminal says that nobody will answer (Ctrl-D)", async () => {
      await answered("\u0004", async (ended, rehearsal) => {
        assert.equal(ended.code, 8, ended.stdout);
        await servesOld(rehearsal);
      });
    }),
  ]);
});

test("Ctrl-C at the question before something is lost changes nothing: exit 130", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const down = rehearsal.start(["down"], { terminal: true });
  await until("it asks", () => /Type shop to go on:/.test(down.printed()));
  down.type("\u0003");
  const ended = await down.ended;
  assert.equal(ended.code, 130, ended.stdout);
  await isExactly(rehearsal, 2);
});
