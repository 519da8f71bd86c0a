import assert from "node:assert/strict";
import { test } from "node:test";
import { impairedCommand } from "../../seaworthy/drills/impairment.ts";
import { badCommand, ownCommand, systemOf, UNIT, WEB } from "./bad-releases.ts";
import { outcomeOf, rehearse, type Rehearsal } from "./rehearsal.ts";
import { statusOf, webOf } from "./seen.ts";
import { until } from "./until.ts";

/** Two instances and a short bake: what is looked at here comes after it. */
const QUICK = {
  unit: { replicas: 2, rollout: { ...UNIT.rollout, bakeMs: 1_000, bakeRequestsMin: 10 } },
};
const v = (version: string): string =>
  systemOf(WEB, { ...QUICK, more: `env: { VERSION: "${version}" },` });

async function deployed(rehearsal: Rehearsal, text: string): Promise<string> {
  await rehearsal.write("system.ts", text);
  const deploy = await rehearsal.run(["deploy"]);
  assert.equal(deploy.code, 0, deploy.stderr);
  return await releaseOf(rehearsal);
}

/** What serves, on every instance. */
async function releaseOf(rehearsal: Rehearsal): Promise<string> {
  const instances = await webOf(rehearsal);
  assert.equal(instances.length, 2);
  const [one, ...others] = [...new Set(instances.map(({ release }) => release))];
  assert.ok(one !== undefined && others.length === 0, JSON.stringify(instances));
  assert.ok(instances.every(({ routed, state }) => routed && state === "ready"));
  return one;
}

async function answerOf(rehearsal: Rehearsal): Promise<string> {
  const { edge } = await statusOf(rehearsal);
  return await (await fetch(`${edge[0]}/`, { signal: AbortSignal.timeout(10_000) })).text();
}

test("rollback goes to the last release that was proved, or refuses and says why", async (t) => {
  await using rehearsal = await rehearse({ "system.ts": v("v1") });
  const { run } = rehearsal;

  await t.test("nothing was ever committed: exit 9", async () => {
    const refused = await run(["rollback", "--json"]);
    assert.equal(refused.code, 9, refused.stdout);
    assert.match(refused.stderr, /no release of web was ever committed here/);
  });

  assert.equal((await run(["up"])).code, 0);
  const first = await releaseOf(rehearsal);
  await t.test("only one was: exit 9, and it serves on untouched", async () => {
    const before = await webOf(rehearsal);
    const refused = await run(["rollback"]);
    assert.equal(refused.code, 9, refused.stderr);
    assert.match(refused.stderr, new RegExp(`web has no committed release other than ${first}`));
    assert.deepEqual(await webOf(rehearsal), before);
  });

  const second = await deployed(rehearsal, v("v2"));

  await t.test("after a release that was taken back: to the one before what serves", async () => {
    const bad = badCommand("exiting", { seed: 1, firstInstance: "" });
    await rehearsal.write("system.ts", systemOf(bad, QUICK));
    assert.equal((await run(["deploy"])).code, 4);
    assert.equal(await releaseOf(rehearsal), second, "the bad one was never committed");
    const rollback = await run(["rollback", "--json"]);
    assert.equal(rollback.code, 0, rollback.stdout);
    assert.deepEqual(outcomeOf(rollback)["units"], [{ unit: "web", from: second, to: first }]);
    assert.equal(await releaseOf(rehearsal), first);
    assert.equal(await answerOf(rehearsal), "v1\n");
  });

  await t.test("a second one never brings back what was taken back: exit 9, and why", async () => {
    const before = await webOf(rehearsal);
    const refused = await run(["rollback"]);
    assert.equal(refused.code, 9, refused.stderr);
    const says = `web was rolled back from ${second} to ${first} already`;
    assert.match(refused.stderr, new RegExp(says));
    assert.match(refused.stderr, new RegExp(`seaworthy rollback web --to ${second}`));
    assert.deepEqual(await webOf(rehearsal), before);
  });

  await t.test(
    "by its name it is gone to all the same, and only to what was committed",
    async () => {
      const never = await run(["rollback", "--to", "r000000000000"]);
      assert.equal(never.code, 9, never.stderr);
      assert.match(never.stderr, /was never committed for web; these were: /);
      const again = await run(["rollback", "web", "--to", second, "--json"]);
      assert.equal(again.code, 0, again.stdout);
      assert.equal(await releaseOf(rehearsal), second);
      assert.equal(await answerOf(rehearsal), "v2\n");
      const refused = await run(["rollback"]);
      assert.equal(refused.code, 9, refused.stderr);
      assert.match(refused.stderr, new RegExp(`rolled back from ${first} to ${second} already`));
    },
  );

  await t.test("what is deployed after it has a way back again", async () => {
    const third = await deployed(rehearsal, v("v3"));
    const rollback = await run(["rollback", "--json"]);
    assert.equal(rollback.code, 0, rollback.stdout);
    assert.deepEqual(outcomeOf(rollback)["units"], [{ unit: "web", from: third, to: second }]);
  });

  const title = "where that is bad too, it names what was proved before, and goes there";
  await t.test(title, () => badTwice(rehearsal, [first, second]));
});

/** v1 is deployed again, and gone back to; of what was proved and not taken back v2 is left. */
async function badTwice(
  rehearsal: Rehearsal,
  [first, second]: readonly [string, string],
): Promise<void> {
  const { run } = rehearsal;
  assert.equal(await deployed(rehearsal, v("v1")), first);
  await deployed(rehearsal, v("v4"));
  assert.equal((await run(["rollback"])).code, 0);
  assert.equal(await releaseOf(rehearsal), first);
  const refused = await run(["rollback"]);
  assert.equal(refused.code, 9, refused.stderr);
  assert.match(refused.stderr, new RegExp(`seaworthy rollback web --to ${second}\\b`));
  const rollback = await run(["rollback", "web", "--to", second, "--json"]);
  assert.equal(rollback.code, 0, rollback.stdout);
  assert.equal(await releaseOf(rehearsal), second);
}

/** Proved, committed, and bad ten seconds later. */
const LATER_MS = 9_000;

test("a release that crashes after its bake: status, events, backoff, way back", async (t) => {
  await using rehearsal = await rehearse({ "system.ts": v("v1") });
  const { run } = rehearsal;
  assert.equal((await run(["up"])).code, 0);
  const first = await releaseOf(rehearsal);
  const crashing = impairedCommand(
    {
      ill: { kind: "crashes" },
      onset: { when: "ready", afterMs: LATER_MS },
      spares: undefined,
      seed: 1,
      checks: { health: UNIT.health.path, ready: UNIT.ready.path },
    },
    WEB,
    ownCommand,
  );
  const second = await deployed(rehearsal, systemOf(crashing, QUICK));
  assert.notEqual(second, first);

  await t.test("each crash is restarted, and status counts them", async () => {
    await until("a crash", async () => /restart\(s\)/.test((await run(["status"])).stdout));
  });

  await t.test("the events say how it ended, and after which wait it starts again", async () => {
    const line = /supervisor web-\d is down, starts again in (\d+) ms: exited with code 1/g;
    await until("two ends", async () => {
      const events = (await run(["events", "-n", "40"])).stdout;
      return [...events.matchAll(line)].length >= 2 && /is ready again, restart 1/.test(events);
    });
    const { stdout } = await run(["events", "-n", "40"]);
    const { backoffFirstMs, backoffMaxMs } = UNIT.restart;
    for (const [, pause] of stdout.matchAll(line)) {
      assert.ok(Number(pause) >= backoffFirstMs && Number(pause) <= backoffMaxMs, stdout);
    }
    const { code } = await run(["history"]);
    assert.equal(code, 0);
  });

  await t.test("its log says why, across its restarts", async () => {
    const { stdout } = await run(["logs", "web", "-n", "20"]);
    assert.match(stdout, /web-\d ! .*made bad on purpose: web-\d crashes/);
  });

  await t.test("rollback goes to the release that was proved before it", async () => {
    const rollback = await run(["rollback"]);
    assert.equal(rollback.code, 0, rollback.stderr);
    assert.equal(await releaseOf(rehearsal), first);
    await rehearsal.write("system.ts", v("v1"));
    const up = await run(["up"]);
    assert.equal(up.code, 0, up.stderr);
    assert.doesNotMatch((await run(["status"])).stdout, /restart\(s\)/);
  });
});
