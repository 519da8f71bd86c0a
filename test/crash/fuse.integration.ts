import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fuse } from "./fuse.ts";
import { NEVER } from "./reaper.ts";

/** A test's side of a fuse, and the side of a process that lives on and counts its deaths. */
function bothSides() {
  const folder = mkdtempSync(join(tmpdir(), "seaworthy-fuse-"));
  const died = { times: 0 };
  const process = new Fuse(folder, "supervisor", () => void (died.times += 1));
  const change = () => process.reaper()?.now("change", () => undefined);
  const remove = () => rmSync(folder, { recursive: true });
  return { test: new Fuse(folder, "supervisor"), change, died, remove };
}

test("a process that took one fuse takes the next one as well, and counts anew", () => {
  const sides = bothSides();
  sides.test.lay(NEVER);
  for (let index = 0; index < 5; index += 1) sides.change();
  assert.equal(sides.test.changes().length, 5);
  sides.test.lay({ at: 2, moment: "after" });
  sides.change();
  assert.deepEqual([sides.died.times, sides.test.struck()], [0, undefined]);
  sides.change();
  assert.deepEqual([sides.died.times, sides.test.struck()], [1, "after change"]);
  assert.equal(sides.test.changes().length, 2);
  sides.remove();
});

test("nobody dies of a fuse that was disarmed, whether it was taken or not", () => {
  const sides = bothSides();
  sides.test.lay({ at: 2, moment: "before" });
  sides.change();
  sides.test.disarm();
  for (let index = 0; index < 5; index += 1) sides.change();
  sides.test.lay({ at: 1, moment: "before" });
  sides.test.disarm();
  for (let index = 0; index < 5; index += 1) sides.change();
  assert.deepEqual([sides.died.times, sides.test.struck()], [0, undefined]);
  assert.deepEqual(sides.test.changes(), [], "what comes after is not counted");
  sides.remove();
});
