import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { rehearse, type Rehearsal, type Running } from "./rehearsal.ts";
import { isExactly, webOf } from "./seen.ts";
import { until } from "./until.ts";

/** What a dead drill or a bad disk leaves behind: open faults, damaged records. */
const FREEZE = ["drill", "freeze-instance", "--seed", "7"];

const objectives = `objectives: { errors: "1%", latency: { p95: "500ms" } }`;
const LONG: Readonly<Record<string, string>> = {
  [`freeze: "3s"`]: `freeze: "60s"`,
  [`window: "8s"`]: `window: "70s"`,
};

/** With an objective that a freeze speaks of. */
function freezable(changes: Readonly<Record<string, string>> = {}): string {
  let text = aSystem().replace(`objectives: { errors: "1%" }`, objectives);
  for (const [from, to] of Object.entries(changes)) text = text.replace(from, to);
  return text;
}

async function frozenAndAbandoned(rehearsal: Rehearsal): Promise<void> {
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const drill = rehearsal.start(FREEZE);
  await until("an instance is frozen", async () => {
    assert.equal(drill.child.exitCode, null, drill.printed());
    return (await webOf(rehearsal)).some(({ state }) => state === "frozen");
  });
  await kill(drill);
}

async function kill(running: Running): Promise<void> {
  running.child.kill("SIGKILL");
  await running.ended;
}

test("a drill killed amid a freeze: the switch thaws, the next verb says so", async () => {
  await using rehearsal = await rehearse({ "system.ts": freezable() });
  await frozenAndAbandoned(rehearsal);
  await until("the dead man's switch thawed it", async () => {
    return (await webOf(rehearsal)).every(({ state }) => state === "ready");
  });
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  assert.match(up.stderr, /freeze of web-\d+, left by an earlier run/);
  await isExactly(rehearsal, 2);
  assert.doesNotMatch((await rehearsal.run(["up"])).stderr, /left by an earlier run/);
});

test("a fault that is open is shown by status, and undone by the next verb at once", async () => {
  await using rehearsal = await rehearse({ "system.ts": freezable(LONG) });
  await frozenAndAbandoned(rehearsal);
  const status = await rehearsal.run(["status"]);
  assert.match(status.stdout, /frozen/);
  const scale = await rehearsal.run(["scale", "web=3"]);
  assert.equal(scale.code, 0, scale.stderr);
  assert.match(scale.stderr, /left by an earlier run/);
  const web = await webOf(rehearsal);
  assert.deepEqual(
    web.map(({ state }) => state),
    ["ready", "ready", "ready"],
  );
});

test("down while a drill's fault is open: it is undone, and everything ends", async () => {
  await using rehearsal = await rehearse({ "system.ts": freezable() });
  await frozenAndAbandoned(rehearsal);
  const down = await rehearsal.run(["down", "--yes"]);
  assert.equal(down.code, 0, down.stderr);
  assert.match(down.stderr, /left by an earlier run/);
  await until("everything has ended", async () => (await rehearsal.survivors()).length === 0);
});

test("down while a drill runs is told who holds the lock", async () => {
  await using rehearsal = await rehearse({ "system.ts": freezable() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const drill = rehearsal.start(FREEZE);
  await until("the drill began", () => /warm-up/.test(drill.printed()));
  const down = await rehearsal.run(["down", "--yes"]);
  assert.equal(down.code, 6, down.stderr);
  assert.match(down.stderr, /running 'drill'/);
  drill.child.kill("SIGINT");
  const ended = await drill.ended;
  assert.ok([130, 8].includes(ended.code), `${ended.code} ${ended.stderr}`);
  await isExactly(rehearsal, 2);
});

test("a damaged record is refused by every verb that needs it, until repaired", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await flipByte(await recordFile(rehearsal, "journal.ndjson"));
  for (const verb of [["up"], ["deploy"], ["scale", "web=1"], ["drill", "kill-instance"]]) {
    const refused = await rehearsal.run(verb);
    assert.equal(refused.code, 1, `${verb[0]}: ${refused.stderr}`);
    assert.match(refused.stderr, /journal\.ndjson/, verb[0]);
    assert.match(refused.stderr, /doctor --repair/, verb[0]);
  }
  assert.match((await rehearsal.run(["status"])).stdout, /2 of 2 ready/);
  const doctor = await rehearsal.run(["doctor"]);
  assert.notEqual(doctor.code, 0, doctor.stdout);
  assert.match(doctor.stdout, /damaged/);
  const repair = await rehearsal.run(["doctor", "--repair"]);
  assert.equal(repair.code, 0, repair.stdout + repair.stderr);
  assert.match(repair.stdout, /journal: kept \d+ line/);
  assert.equal((await rehearsal.run(["doctor"])).code, 0);
  assert.equal((await rehearsal.run(["scale", "web=1"])).code, 0);
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await isExactly(rehearsal, 2);
});

test("a damaged state file is refused and what runs left alone, until begun anew", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await killOurs(rehearsal);
  const before = await rehearsal.survivors();
  await writeFile(await stateFileOf(rehearsal), "{ this is no state");
  for (const verb of [["up"], ["status"], ["plan"], ["down", "--yes"]]) {
    const refused = await rehearsal.run(verb);
    assert.equal(refused.code, 1, `${verb[0]}: ${refused.stderr}`);
    assert.match(refused.stderr, /doctor --repair/, verb[0]);
  }
  assert.match((await rehearsal.run(["doctor"])).stdout, /state\.json cannot be read/);
  const asked = await rehearsal.run(["doctor", "--repair"]);
  assert.equal(asked.code, 2, "nobody can answer, and it would end what runs");
  assert.match(asked.stderr, /ends what still runs: .*web-1 \(pid \d+\)/);
  assert.deepEqual(await rehearsal.survivors(), before);
  const repair = await rehearsal.run(["doctor", "--repair", "--yes"]);
  assert.equal(repair.code, 0, repair.stdout + repair.stderr);
  assert.match(repair.stdout, /begun anew, ended .*web-1/);
  assert.deepEqual(await rehearsal.survivors(), []);
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2);
});

test("a state file damaged under a supervisor that lives costs nothing", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const before = await webOf(rehearsal);
  await writeFile(await stateFileOf(rehearsal), "");
  const repair = await rehearsal.run(["doctor", "--repair"]);
  assert.equal(repair.code, 0, repair.stdout + repair.stderr);
  assert.match(repair.stdout, /still knew all of it/);
  assert.deepEqual(await webOf(rehearsal), before);
});

test("a state or a record of a newer version is refused and left as it is", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  assert.equal((await rehearsal.run(["down", "--yes"])).code, 0);
  const newer: Readonly<Record<string, string>> = {
    [await stateFileOf(rehearsal)]: `{"version":99,"whatever":true}`,
    [await recordFile(rehearsal, "journal.ndjson")]: `{"v":99,"kind":"journal"}\n`,
  };
  for (const [path, text] of Object.entries(newer)) {
    const before = await readFile(path, "utf8");
    await writeFile(path, text);
    for (const verb of [["up"], ["doctor"], ["doctor", "--repair", "--yes"]]) {
      const refused = await rehearsal.run(verb);
      assert.notEqual(refused.code, 0, `${verb[0]}: ${refused.stdout}`);
      assert.match(refused.stderr + refused.stdout, /newer/, verb.join(" "));
    }
    assert.equal(await readFile(path, "utf8"), text);
    await writeFile(path, before);
  }
  assert.equal((await rehearsal.run(["up"])).code, 0);
});

/** Supervisor and watchdog, so that nobody knows the state any more. */
async function killOurs(rehearsal: Rehearsal): Promise<void> {
  for (let left = await ours(rehearsal); left.length > 0; left = await ours(rehearsal)) {
    for (const pid of left) process.kill(pid, "SIGKILL");
  }
}

async function ours(rehearsal: Rehearsal): Promise<readonly number[]> {
  const lines = (await rehearsal.survivors()).filter((line) => / _supervise | _watch /.test(line));
  return lines.map((line) => Number(line.split(" ")[0]));
}

async function recordFile(rehearsal: Rehearsal, name: string): Promise<string> {
  return join(await systemState(rehearsal), "record", name);
}

async function stateFileOf(rehearsal: Rehearsal): Promise<string> {
  return join(await systemState(rehearsal), "state.json");
}

async function systemState(rehearsal: Rehearsal): Promise<string> {
  const home = join(rehearsal.state, "seaworthy");
  const [name = ""] = await readdir(home);
  return join(home, name);
}

/** In the middle of the first line, so that no tear explains it. */
async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.indexOf(0x0a) / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
