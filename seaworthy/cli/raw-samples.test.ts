import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rawFolder } from "./raw-samples.ts";

test("raw samples of the last hundred drills are kept, and nothing else goes", async (t) => {
  const record = await mkdtemp(join(tmpdir(), "seaworthy-raw-"));
  t.after(() => rm(record, { recursive: true }));
  for (let play = 1; play <= 100; play += 1) {
    const { scratch } = await rawFolder(record, `drill-${play}-kill-instance`);
    // The lower its number, the younger: age counts, and not the name.
    await utimes(scratch, 2_000 - play, 2_000 - play);
  }
  await mkdir(join(record, "raw", "somebody's notes"));
  const { raw } = await rawFolder(record, "drill-new");
  assert.equal(raw, "raw/drill-new");
  const names = await readdir(join(record, "raw"));
  assert.equal(names.filter((name) => name.startsWith("drill-")).length, 100);
  assert.ok(!names.includes("drill-100-kill-instance"), "the oldest is gone");
  assert.ok(names.includes("drill-99-kill-instance"));
  assert.ok(names.includes("somebody's notes"));
});
