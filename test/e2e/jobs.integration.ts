import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { outcomeOf, rehearse, type Rehearsal } from "./rehearsal.ts";
import { webOf } from "./seen.ts";
import { until } from "./until.ts";

interface JobText {
  readonly mode: "ok" | "fail" | "hang" | "hang once" | "slow";
  readonly version: string;
  readonly idempotent?: boolean;
}

/** A service that needs a migration before it rolls. */
function withJob(rehearsal: Rehearsal, { mode, version, idempotent = false }: JobText): string {
  const count = join(rehearsal.folder, "count.txt");
  const jobs = `jobs: { migrate: job({
    run: { build: "./apps/migrate", command: ["node", "main.ts"] },
    when: "before-rollout", idempotent: ${idempotent}, deadline: "4s",
    env: { COUNT: ${JSON.stringify(count)}, MODE: "${mode}", VERSION: "${version}" },
  }) },`;
  const env = `{ VERSION: "${version}" }`;
  return aSystem({ env }, jobs).replace("service }", "job, service }");
}

async function runsOf(rehearsal: Rehearsal): Promise<number> {
  const text = await readFile(join(rehearsal.folder, "count.txt"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line === "ran").length;
}

test("a job runs once per release, before anything is rolled", async () => {
  await using rehearsal = await rehearse();
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v1" }));
  const up = await rehearsal.run(["up", "--json"]);
  assert.equal(up.code, 0, up.stderr + up.stdout);
  assert.equal(await runsOf(rehearsal), 1);
  const again = await rehearsal.run(["up", "--json"]);
  assert.equal(outcomeOf(again)["outcome"], "nothing-to-do", again.stdout);
  assert.equal(await runsOf(rehearsal), 1);
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v2" }));
  const deploy = await rehearsal.run(["deploy", "--json"]);
  assert.equal(deploy.code, 0, deploy.stderr + deploy.stdout);
  assert.equal(await runsOf(rehearsal), 2);
});

test("a job that fails ends the operation before anything was rolled", async () => {
  await using rehearsal = await rehearse();
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v1" }));
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const before = await rehearsal.run(["status"]);
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "fail", version: "v2" }));
  const deploy = await rehearsal.run(["deploy", "--json"]);
  assert.equal(deploy.code, 1, deploy.stderr + deploy.stdout);
  assert.match(String(outcomeOf(deploy)["because"]), /migrate.*nothing was rolled/);
  const status = await rehearsal.run(["status"]);
  assert.equal(releaseIn(status.stdout), releaseIn(before.stdout));
});

test("a job cut short runs again only when it says that it may", async () => {
  await using rehearsal = await rehearse();
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "hang", version: "v1" }));
  const hung = await rehearsal.run(["up", "--json"]);
  assert.notEqual(hung.code, 0, hung.stdout);
  const again = await rehearsal.run(["up", "--json"]);
  assert.equal(again.code, 5, `a person must decide: ${again.stdout}`);
  assert.equal(await runsOf(rehearsal), 1);
});

test("a person settles a job that was cut short, and the next up goes by it", async () => {
  await using rehearsal = await rehearse();
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "hang once", version: "v1" }));
  assert.equal((await rehearsal.run(["job", "again", "migrate"])).code, 9, "nothing is half done");
  assert.notEqual((await rehearsal.run(["up"])).code, 0);
  const stuck = await rehearsal.run(["up"]);
  assert.equal(stuck.code, 5, stuck.stderr);
  assert.match(stuck.stderr, /seaworthy job done migrate, or seaworthy job again migrate/);
  const settled = await rehearsal.run(["job", "again", "migrate"]);
  assert.equal(settled.code, 0, settled.stderr);
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  assert.equal(await runsOf(rehearsal), 2);
  assert.equal((await rehearsal.run(["job", "done", "migrate"])).code, 9, "it is done");
});

test("a job that hangs is ended at its deadline, and what served serves on", async () => {
  await using rehearsal = await rehearse();
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v1" }));
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const before = await webOf(rehearsal);
  const again = { mode: "hang", version: "v2", idempotent: true } as const;
  await rehearsal.write("system.ts", withJob(rehearsal, again));
  const hung = await rehearsal.run(["deploy", "--json"]);
  assert.equal(hung.code, 1, hung.stdout);
  const { because, serving } = outcomeOf(hung);
  assert.match(
    String(because),
    /migrate failed: .*not done in 4000 ms; nothing was rolled; it may/,
  );
  assert.match(String(serving), /still serves all traffic: 2 of 2 ready/);
  assert.deepEqual(idsOf(await webOf(rehearsal)), idsOf(before), "not one was touched");
  assert.deepEqual(await jobsRunning(rehearsal), []);
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v3" }));
  assert.equal((await rehearsal.run(["deploy"])).code, 0);
});

test("a job that is killed half-way: a person decides, or it runs again where it may", async () => {
  for (const idempotent of [false, true]) {
    await using rehearsal = await rehearse();
    await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v1" }));
    assert.equal((await rehearsal.run(["up"])).code, 0);
    const before = await webOf(rehearsal);
    await rm(join(rehearsal.folder, "count.txt"));
    const half = { mode: "hang once", version: "v2", idempotent } as const;
    await rehearsal.write("system.ts", withJob(rehearsal, half));
    const deploy = rehearsal.start(["deploy", "--json"]);
    await until("the job runs", async () => (await runsOf(rehearsal)) === 1);
    for (const pid of await jobsRunning(rehearsal)) process.kill(pid, "SIGKILL");
    const killed = await deploy.ended;
    assert.equal(killed.code, idempotent ? 1 : 5, killed.stdout);
    assert.match(String(outcomeOf(killed)["because"]), /migrate.*ended by SIGKILL/);
    assert.deepEqual(idsOf(await webOf(rehearsal)), idsOf(before), "not one was touched");
    const again = await rehearsal.run(["deploy", "--json"]);
    assert.equal(again.code, idempotent ? 0 : 5, again.stdout);
    assert.equal(await runsOf(rehearsal), idempotent ? 2 : 1);
  }
});

test("the tool killed amid a job: the next run waits for that very job, then rolls", async () => {
  await using rehearsal = await rehearse();
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "ok", version: "v1" }));
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rm(join(rehearsal.folder, "count.txt"));
  await rehearsal.write("system.ts", withJob(rehearsal, { mode: "slow", version: "v2" }));
  const deploy = rehearsal.start(["deploy"]);
  await until("the job runs", async () => (await runsOf(rehearsal)) === 1);
  deploy.child.kill("SIGKILL");
  await deploy.ended;
  const again = await rehearsal.run(["deploy", "--json"]);
  assert.equal(again.code, 0, again.stderr + again.stdout);
  assert.equal(await runsOf(rehearsal), 1, "it ran once");
  assert.match((await rehearsal.run(["logs", "migrate"])).stdout, /migrated/);
  const rollback = await rehearsal.run(["rollback"]);
  assert.equal(rollback.code, 0, rollback.stderr);
  assert.equal(await runsOf(rehearsal), 1, "going back runs no job");
});

/** Processes of the job that live now. */
async function jobsRunning(rehearsal: Rehearsal): Promise<readonly number[]> {
  const running: number[] = [];
  for (const line of await rehearsal.survivors()) {
    const pid = Number(line.split(" ")[0]);
    const environ = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (/\0?SEAWORTHY_INSTANCE=migrate-/.test(environ)) running.push(pid);
  }
  return running;
}

function idsOf(instances: readonly { readonly id: string; readonly pid: number }[]): string[] {
  return instances.map(({ id, pid }) => `${id} ${pid}`).toSorted();
}

function releaseIn(status: string): string | undefined {
  return /^web .*(r[0-9a-f]{12})/m.exec(status)?.[1];
}
