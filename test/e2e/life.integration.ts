import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { aSystem } from "./declarations.ts";
import { outcomeOf, rehearse, type Rehearsal } from "./rehearsal.ts";
import { until } from "./until.ts";

/** One life of a system, verb after verb, as a user would type them. */
test("a system comes up, is rolled, rolled back, scaled, looked at and taken down", async (t) => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const { run } = rehearsal;

  await t.test("nothing runs: status says so, plan shows what up would do", async () => {
    const status = await run(["status"]);
    assert.match(status.stdout, /nothing runs/);
    const plan = await run(["plan", "--exit-code"]);
    assert.equal(plan.code, 3, plan.stderr);
    assert.match(plan.stdout, /\+.*web/);
  });

  await t.test("up, and up again does nothing", async () => {
    const up = await run(["up", "--json"]);
    assert.equal(up.code, 0, up.stderr + up.stdout);
    assert.equal(outcomeOf(up)["outcome"], "done");
    const again = await run(["up", "--json"]);
    assert.equal(outcomeOf(again)["outcome"], "nothing-to-do", again.stdout);
    const plan = await run(["plan", "--exit-code"]);
    assert.equal(plan.code, 0, plan.stdout);
  });

  await t.test("the edge answers", async () => {
    assert.equal(await get(await edgeOf(rehearsal)), "v1\n");
  });

  await changes(t, rehearsal);

  await t.test("logs and events tell what happened", async () => {
    const logs = await run(["logs", "web"]);
    assert.match(logs.stdout, /web-\d+ +.*listening as web-\d+/);
    await get(`${await edgeOf(rehearsal)}/orders?token=s3cret`);
    await until("the edge's access log", async () =>
      /"path":"\/orders","status":200/.test((await run(["logs", "edge"])).stdout),
    );
    assert.doesNotMatch((await run(["logs", "edge"])).stdout, /s3cret/);
    const events = await run(["events"]);
    assert.match(events.stdout, /up-.* done/);
  });

  await t.test("down leaves nothing running; the records stay", async () => {
    const unasked = await run(["down"]);
    assert.equal(unasked.code, 2, "nobody can answer, so it must not go on");
    const down = await run(["down", "--yes", "--json"]);
    assert.equal(down.code, 0, down.stderr + down.stdout);
    assert.deepEqual(await rehearsal.survivors(), []);
    assert.match((await run(["status"])).stdout, /nothing runs/);
    assert.match((await run(["events"])).stdout, /down-/);
  });
});

/** Deploy, rollback and scale, on a system that is up. */
async function changes(t: TestContext, rehearsal: Rehearsal): Promise<void> {
  const { run } = rehearsal;

  await t.test("deploy rolls to what changed, under its own probe, and only releases", async () => {
    await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2" }` }));
    const deploy = await run(["deploy", "--json"]);
    assert.equal(deploy.code, 0, deploy.stderr + deploy.stdout);
    const outcome = outcomeOf(deploy);
    assert.equal(outcome["outcome"], "done");
    assert.match(
      JSON.stringify(outcome["probe"]),
      /"failed":\{"safe":0,"idempotent":0,"unsafe":0,"stream":0\}/,
    );
    assert.equal(await get(await edgeOf(rehearsal)), "v2\n");
    await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2" }`, replicas: 3 }));
    const refused = await run(["deploy", "--json"]);
    assert.equal(refused.code, 9, refused.stderr);
    await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2" }` }));
  });

  await t.test("rollback goes to the release committed before", async () => {
    const rollback = await run(["rollback", "--json"]);
    assert.equal(rollback.code, 0, rollback.stderr + rollback.stdout);
    assert.equal(await get(await edgeOf(rehearsal)), "v1\n");
  });

  await t.test("scale after a rollback keeps the release that serves", async () => {
    const scale = await run(["scale", "web=3", "--json"]);
    assert.equal(scale.code, 0, scale.stderr + scale.stdout);
    assert.equal(await get(await edgeOf(rehearsal)), "v1\n");
  });

  await t.test("scale shows in plan and status, and the next up drops it", async () => {
    const up = await run(["up"]);
    assert.equal(up.code, 0, up.stderr);
    const scale = await run(["scale", "web=3"]);
    assert.equal(scale.code, 0, scale.stderr);
    assert.match(scale.stderr, /edge http:\/\/127\.0\.0\.1:\d+/);
    assert.match((await run(["status"])).stdout, /3 of 3 ready.*scaled to 3 \(declared 2\)/);
    assert.match((await run(["plan"])).stdout, /3.*2/);
    const back = await run(["up"]);
    assert.equal(back.code, 0, back.stderr);
    assert.match((await run(["status"])).stdout, /2 of 2 ready/);
  });
}

test("a plan is done only in the world it was made for", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem({ replicas: 1 }) });
  const { run, folder } = rehearsal;
  assert.equal((await run(["plan", "--out", "plan.json"])).code, 0);
  assert.match(await readFile(join(folder, "plan.json"), "utf8"), /"schemaVersion": 1/);
  const up = await run(["up", "--plan", "plan.json", "--json"]);
  assert.equal(up.code, 0, up.stderr + up.stdout);
  const again = await run(["up", "--plan", "plan.json"]);
  assert.equal(again.code, 9, again.stderr);
  assert.match(again.stderr, /what runs changed/);
});

export async function edgeOf(rehearsal: Rehearsal): Promise<string> {
  const status = await rehearsal.run(["status", "--json"]);
  const shown: { edge: readonly string[] } = JSON.parse(status.stdout);
  const [address] = shown.edge;
  assert.ok(address !== undefined, `no edge: ${status.stdout}`);
  return address;
}

async function get(url: string): Promise<string> {
  return await (await fetch(url)).text();
}
