import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { outcomeOf, rehearse, type Rehearsal } from "./rehearsal.ts";

interface JobText {
  readonly mode: "ok" | "fail" | "hang";
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

function releaseIn(status: string): string | undefined {
  return /^web .*(r[0-9a-f]{12})/m.exec(status)?.[1];
}
