import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { rehearse, type Rehearsal } from "./rehearsal.ts";
import { isExactly } from "./seen.ts";
import { until } from "./until.ts";

/** Two versions were proved, each with its job; then what the supervisor knew is lost. */
async function twoVersions(): Promise<Rehearsal> {
  const rehearsal = await rehearse();
  for (const version of ["v1", "v2"]) {
    await rehearsal.write("system.ts", declared(rehearsal, version));
    const up = await rehearsal.run(["up"]);
    assert.equal(up.code, 0, up.stderr);
  }
  assert.equal(await runsOf(rehearsal), 2);
  return rehearsal;
}

function declared(rehearsal: Rehearsal, version: string): string {
  const count = JSON.stringify(join(rehearsal.folder, "count.txt"));
  const jobs = `jobs: { migrate: job({
    run: { build: "./apps/migrate", command: ["node", "main.ts"] },
    when: "before-rollout", env: { COUNT: ${count}, MODE: "ok", VERSION: "${version}" },
  }) },`;
  return aSystem({ env: `{ VERSION: "${version}" }` }, jobs).replace("service }", "job, service }");
}

async function runsOf(rehearsal: Rehearsal): Promise<number> {
  const text = await readFile(join(rehearsal.folder, "count.txt"), "utf8");
  return text.split("\n").filter((line) => line === "ran").length;
}

async function stateFileOf(rehearsal: Rehearsal): Promise<string> {
  const home = join(rehearsal.state, "seaworthy");
  const [name = ""] = await readdir(home);
  return join(home, name, "state.json");
}

/** Supervisor and watchdog: nobody knows the state any more. */
async function killOurs(rehearsal: Rehearsal): Promise<void> {
  await until("our own processes to end", async () => {
    const lines = await rehearsal.survivors();
    const ours = lines.filter((line) => / _supervise | _watch /.test(line));
    for (const line of ours) process.kill(Number(line.split(" ")[0]), "SIGKILL");
    return ours.length === 0;
  });
}

async function isWholeAgain(rehearsal: Rehearsal): Promise<void> {
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2);
  assert.equal(await runsOf(rehearsal), 2, "no job ran twice");
  const rollback = await rehearsal.run(["rollback"]);
  assert.equal(rollback.code, 0, `the way back is known: ${rollback.stderr}`);
  assert.match(rollback.stderr, /serves all traffic: 2 of 2 ready/);
}

test("a damaged state is begun anew: no job runs twice, and rollback knows its way", async () => {
  await using rehearsal = await twoVersions();
  await killOurs(rehearsal);
  await writeFile(await stateFileOf(rehearsal), "{ this is no state");
  const repair = await rehearsal.run(["doctor", "--repair", "--yes"]);
  assert.equal(repair.code, 0, repair.stdout + repair.stderr);
  assert.match(repair.stdout, /taken from the journal/);
  await isWholeAgain(rehearsal);
});

test("a state file that is gone costs what runs, and no job and no way back", async () => {
  await using rehearsal = await twoVersions();
  await killOurs(rehearsal);
  await rm(await stateFileOf(rehearsal));
  await isWholeAgain(rehearsal);
});
