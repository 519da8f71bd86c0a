import assert from "node:assert/strict";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { rehearse, type Rehearsal } from "./rehearsal.ts";
import { isExactly, statusOf, webOf } from "./seen.ts";

/** Plans that are not for here, ways there and back, and systems that live side by side. */
test("a plan that is damaged or not for this world is refused, and nothing is begun", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const file = join(rehearsal.folder, "plan.json");
  assert.equal((await rehearsal.run(["plan", "--out", file])).code, 0);
  const good = await readFile(file, "utf8");
  const bad: Readonly<Record<string, readonly [text: string, code: number]>> = {
    "half of it": [good.slice(0, good.length / 2), 2],
    "no text at all": ["", 2],
    "something else": [`{"schemaVersion":1,"findings":[]}`, 2],
    "of a later version": [good.replace(`"schemaVersion": 1`, `"schemaVersion": 99`), 2],
    "of another system": [good.replace(`"system": "shop"`, `"system": "market"`), 9],
    "of another world": [good.replace(/"observed": "\w+"/, `"observed": "0000"`), 9],
    "with another release": [good.replace(/"to": "r\w+"/, `"to": "r000000000000"`), 9],
    "with fewer steps": [
      good.replace(/"steps": \[[^]*\],\n {2}"expect"/, `"steps": [],\n  "expect"`),
      9,
    ],
  };
  for (const [what, [text, code]] of Object.entries(bad)) {
    assert.notEqual(text, good, what);
    await writeFile(file, text);
    const up = await rehearsal.run(["up", "--plan", file]);
    assert.equal(up.code, code, `${what}: ${up.stderr}`);
    assert.match(up.stderr, /plan/, what);
    assert.match((await rehearsal.run(["status"])).stdout, /nothing runs/, what);
  }
  assert.equal((await rehearsal.run(["up", "--plan", "no-such-file"])).code, 2);
  assert.deepEqual(await rehearsal.survivors(), []);
  await writeFile(file, good);
  const up = await rehearsal.run(["up", "--plan", file]);
  assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2);
  const again = await rehearsal.run(["up", "--plan", file]);
  assert.equal(again.code, 9, again.stderr);
});

test("rollback with nothing to go back to is refused, clearly, and touches nothing", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const before = await rehearsal.run(["rollback"]);
  assert.equal(before.code, 9, before.stderr);
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const instances = await webOf(rehearsal);
  const rollback = await rehearsal.run(["rollback"]);
  assert.equal(rollback.code, 9, rollback.stderr);
  assert.match(rollback.stderr, /web/);
  assert.deepEqual(await webOf(rehearsal), instances);
});

test("deploy from another folder, and back again", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  await cp(join(rehearsal.folder, "apps/web"), join(rehearsal.folder, "hot fix"), {
    recursive: true,
  });
  const main = join(rehearsal.folder, "hot fix/main.ts");
  await writeFile(main, (await readFile(main, "utf8")).replace(`?? "v1"`, `?? "hot"`));
  assert.equal((await rehearsal.run(["up"])).code, 0);
  assert.equal(await answer(rehearsal), "v1\n");
  const deploy = await rehearsal.run(["deploy", "web", "--from", "hot fix"]);
  assert.equal(deploy.code, 0, deploy.stderr);
  assert.equal(await answer(rehearsal), "hot\n");
  const back = await rehearsal.run(["rollback", "web"]);
  assert.equal(back.code, 0, back.stderr);
  assert.equal(await answer(rehearsal), "v1\n");
  assert.equal((await rehearsal.run(["deploy", "web", "--from", "hot fix"])).code, 0);
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  assert.equal(await answer(rehearsal), "v1\n");
  await isExactly(rehearsal, 2);
});

test("two systems with the same names, side by side, do not meet", async () => {
  await using rehearsal = await rehearse({
    "system.ts": aSystem({ env: `{ VERSION: "left" }` }),
    "other/system.ts": aSystem({ env: `{ VERSION: "right" }` }),
  });
  await copyApps(rehearsal, "other");
  const right = { args: ["-s", "other"] };
  const ups = [rehearsal.run(["up"]), rehearsal.run(["up", ...right.args])];
  for (const up of await Promise.all(ups)) assert.equal(up.code, 0, up.stderr);
  assert.equal(await answer(rehearsal), "left\n");
  assert.equal(await answer(rehearsal, right.args), "right\n");
  await isExactly(rehearsal, 2);
  await isExactly(rehearsal, 2, right);
  assert.equal((await rehearsal.run(["down", ...right.args, "--yes"])).code, 0);
  await isExactly(rehearsal, 2);
});

test("one system in two environments at once", async () => {
  const environments = `environments: { a: {}, b: { services: { web: { replicas: 1 } } } },`;
  await using rehearsal = await rehearse({ "system.ts": aSystem({}, environments) });
  assert.equal((await rehearsal.run(["up"])).code, 2, "once there are any, one is named");
  const ups = ["a", "b"].map((name) => rehearsal.run(["up", "-e", name]));
  for (const up of await Promise.all(ups)) assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2, { args: ["-e", "a"] });
  await isExactly(rehearsal, 1, { args: ["-e", "b"] });
  assert.equal((await rehearsal.run(["down", "-e", "a", "--yes"])).code, 0);
  await isExactly(rehearsal, 1, { args: ["-e", "b"] });
});

test("a folder reached through a link is the folder", async () => {
  await using rehearsal = await rehearse({ "a folder/system.ts": aSystem() });
  await copyApps(rehearsal, "a folder");
  await symlink(join(rehearsal.folder, "a folder"), join(rehearsal.folder, "lïnk ünd mehr"));
  const up = await rehearsal.run(["up", "-s", "a folder"]);
  assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2, { args: ["-s", "lïnk ünd mehr"] });
  await isExactly(rehearsal, 2, { options: { cwd: join(rehearsal.folder, "lïnk ünd mehr") } });
  const down = await rehearsal.run(["down", "-s", "lïnk ünd mehr/system.ts", "--yes"]);
  assert.equal(down.code, 0, down.stderr);
  assert.deepEqual(await rehearsal.survivors(), []);
});

async function copyApps({ folder }: Rehearsal, to: string): Promise<void> {
  await cp(join(folder, "apps"), join(folder, to, "apps"), { recursive: true });
}

async function answer(rehearsal: Rehearsal, args: readonly string[] = []): Promise<string> {
  const { edge } = await statusOf(rehearsal, { args });
  return await (await fetch(`${edge[0]}/`, { signal: AbortSignal.timeout(10_000) })).text();
}
