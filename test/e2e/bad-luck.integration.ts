import assert from "node:assert/strict";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { outcomeOf, rehearse, type Rehearsal } from "./rehearsal.ts";
import { until } from "./until.ts";

test("a release that never gets ready is taken back: exit 4, the old one serves", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rehearsal.write("system.ts", aSystem({ build: "./apps/never-ready" }));
  const deploy = await rehearsal.run(["deploy", "--json"]);
  assert.equal(deploy.code, 4, deploy.stderr + deploy.stdout);
  const outcome = outcomeOf(deploy);
  assert.equal(outcome["outcome"], "rolled-back");
  assert.match(JSON.stringify(outcome["detail"]), /503|migrating/);
  const status = await rehearsal.run(["status"]);
  assert.match(status.stdout, /2 of 2 ready/);
});

test("a service that exits at once fails fast, with its last lines", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem({ build: "./apps/exits" }) });
  const up = await rehearsal.run(["up", "--json"]);
  assert.equal(up.code, 4, up.stderr + up.stdout);
  assert.match(up.stdout, /cannot find my configuration/);
});

test("a service that ignores SIGTERM is gone after its stop time", async () => {
  const text = aSystem({ build: "./apps/stubborn", replicas: 1 });
  await using rehearsal = await rehearse({ "system.ts": text });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const down = await rehearsal.run(["down", "--yes"]);
  assert.equal(down.code, 0, down.stderr);
  assert.deepEqual(await rehearsal.survivors(), []);
});

test("two tools at once: the second is told who holds the lock, exit 6", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem({ env: `{ BOOT_MS: "3000" }` }) });
  const first = rehearsal.start(["up"]);
  await until("the first holds the lease", () => /ready|start/.test(first.printed()));
  const second = await rehearsal.run(["up"]);
  assert.equal(second.code, 6, second.stderr);
  assert.match(second.stderr, /running 'up'/);
  assert.equal((await first.ended).code, 0, first.printed());
});

test("Ctrl-C once stops at a safe point; the next up finishes", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "1500" }` }));
  const deploy = rehearsal.start(["deploy"]);
  await until("an instance starts", () => /start ✓/.test(deploy.printed()));
  deploy.child.kill("SIGINT");
  const ended = await deploy.ended;
  assert.equal(ended.code, 130, ended.stderr);
  assert.match((await rehearsal.run(["status"])).stdout, /2 of 2 ready/);
  assert.equal((await rehearsal.run(["up"])).code, 0);
});

test("a tool killed amid a roll: the next run finishes it, nothing is orphaned", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "1500" }` }));
  const deploy = rehearsal.start(["deploy"]);
  await until("an instance starts", () => /start ✓/.test(deploy.printed()));
  deploy.child.kill("SIGKILL");
  await deploy.ended;
  const up = await rehearsal.run(["up", "--json"]);
  assert.equal(up.code, 0, up.stderr + up.stdout);
  const status: { units: { name: string; instances: unknown[] }[] } = JSON.parse(
    (await rehearsal.run(["status", "--json"])).stdout,
  );
  assert.equal(status.units.find((unit) => unit.name === "web")?.instances.length, 2);
});

test("a killed supervisor: instances serve on, and the next verb adopts them", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const before = await webPids(rehearsal);
  for (const line of await rehearsal.survivors()) {
    const [pid] = line.split(" ");
    if (/ _supervise | _watch /.test(line)) process.kill(Number(pid), "SIGKILL");
  }
  const again = await rehearsal.run(["up", "--json"]);
  assert.equal(outcomeOf(again)["outcome"], "nothing-to-do", again.stdout);
  assert.deepEqual(await webPids(rehearsal), before);
});

test("the declaration changed during a roll: the roll finishes what it began with", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "1500" }` }));
  const deploy = rehearsal.start(["deploy", "--json"]);
  await until("an instance starts", () => /"action":"start"/.test(deploy.printed()));
  await rehearsal.write("system.ts", "this is no TypeScript");
  const ended = await deploy.ended;
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "1500" }` }));
  assert.equal((await rehearsal.run(["plan", "--exit-code"])).code, 0);
});

async function webPids(rehearsal: Rehearsal): Promise<readonly number[]> {
  const status: { units: { name: string; instances: { pid: number }[] }[] } = JSON.parse(
    (await rehearsal.run(["status", "--json"])).stdout,
  );
  const web = status.units.find((unit) => unit.name === "web");
  return (web?.instances ?? []).map((instance) => instance.pid).toSorted((a, b) => a - b);
}
