import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { BrokenInvariant } from "@seaworthy/std/assert";
import type { JournalEntry } from "../../record/journal.ts";
import { encodeLine, RecordDamaged, RecordTooNew } from "../../record/line.ts";
import { readRecords } from "../../record/read.ts";
import { TargetError } from "../target.ts";
import { openRecordFiles, repairRecords } from "./record-files.ts";

const isRoot = process.getuid?.() === 0;

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp("/tmp/sw-record-");
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function anEnd(number: number, because = "three of three ready"): JournalEntry {
  const at = "2026-11-20T08:15:30.125Z";
  return { entry: "end", operation: `op-${number}`, at, outcome: "done", because };
}

test("reads back what was appended, in order, from a private file", async (context) => {
  const path = await folder(context);
  const store = openRecordFiles(path);
  assert.deepEqual(await store.read("journal"), []);
  const entries = Array.from({ length: 20 }, (_, index) => anEnd(index));
  await Promise.all(entries.map((entry) => store.append("journal", entry)));
  assert.deepEqual(await readRecords(openRecordFiles(path), "journal"), entries);
  assert.equal((await stat(join(path, "journal.ndjson"))).mode & 0o777, 0o600);
});

test("a required field that is undefined survives the file", async (context) => {
  const store = openRecordFiles(await folder(context));
  const entry: JournalEntry = {
    entry: "begin",
    operation: "op-1",
    verb: "up",
    at: "2026-11-20T08:15:30.125Z",
    changes: [{ unit: "api", from: undefined, to: "r0123456789ab", replicas: 3 }],
  };
  await store.append("journal", entry);
  assert.deepEqual(await readRecords(store, "journal"), [entry]);
});

test("cuts a torn tail before the next entry", async (context) => {
  const path = await folder(context);
  const store = openRecordFiles(path);
  const file = join(path, "journal.ndjson");
  await store.append("journal", anEnd(1));
  // Longer than one chunk of the search for the last newline.
  await store.append("journal", anEnd(2, "x".repeat(200_000)));
  await truncate(file, (await stat(file)).size - 10);
  assert.deepEqual(await store.read("journal"), [anEnd(1)]);
  await store.append("journal", anEnd(3));
  assert.deepEqual(await store.read("journal"), [anEnd(1), anEnd(3)]);
});

test("cuts a file that holds nothing but a torn line", async (context) => {
  const path = await folder(context);
  await writeFile(join(path, "journal.ndjson"), '{"v":1,"ki');
  const store = openRecordFiles(path);
  assert.deepEqual(await store.read("journal"), []);
  await store.append("journal", anEnd(1));
  assert.deepEqual(await store.read("journal"), [anEnd(1)]);
});

test("refuses to write what a reader would refuse", async (context) => {
  const path = await folder(context);
  const store = openRecordFiles(path);
  await assert.rejects(store.append("journal", { entry: "begun" }), BrokenInvariant);
  assert.deepEqual(await readdir(path), []);
});

test("refuses damage and names the file, and repair keeps every good line", async (context) => {
  const path = await folder(context);
  const store = openRecordFiles(path);
  for (const number of [1, 2, 3]) await store.append("journal", anEnd(number));
  const file = join(path, "journal.ndjson");
  const damaged = (await readFile(file, "utf8")).replace("op-2", "op-7");
  await writeFile(file, damaged);
  await assert.rejects(
    store.read("journal"),
    (error) => error instanceof RecordDamaged && error.line === 2 && error.message.includes(file),
  );
  const repairs = await repairRecords(path);
  assert.deepEqual(repairs, [
    {
      kind: "journal",
      movedTo: `${file}.damaged-1`,
      kept: 2,
      dropped: [{ line: 2, reason: "its checksum does not match" }],
    },
  ]);
  assert.equal(await readFile(`${file}.damaged-1`, "utf8"), damaged);
  assert.deepEqual(await store.read("journal"), [anEnd(1), anEnd(3)]);
  assert.deepEqual(await repairRecords(path), []);
  await store.append("journal", anEnd(4));
  assert.deepEqual(await store.read("journal"), [anEnd(1), anEnd(3), anEnd(4)]);
});

test("repair drops a line that holds and means nothing", async (context) => {
  const path = await folder(context);
  const text = encodeLine("journal", { entry: "begun" }) + encodeLine("journal", anEnd(1));
  await writeFile(join(path, "journal.ndjson"), text);
  const [repair] = await repairRecords(path);
  assert.match(repair?.dropped[0]?.reason ?? "", /^entry: /);
  assert.deepEqual(await openRecordFiles(path).read("journal"), [anEnd(1)]);
});

test("neither reading nor repair touches a newer version", async (context) => {
  const path = await folder(context);
  const store = openRecordFiles(path);
  await store.append("journal", anEnd(1));
  const file = join(path, "journal.ndjson");
  await appendFile(file, '{"v":2,"kind":"journal","body":{}}\n');
  const before = await readFile(file, "utf8");
  await assert.rejects(store.read("journal"), RecordTooNew);
  await assert.rejects(repairRecords(path), RecordTooNew);
  assert.equal(await readFile(file, "utf8"), before);
});

test("of old events one file is kept, and both are read", async (context) => {
  const path = await folder(context);
  const event = (change: string) => ({
    at: "2026-11-20T08:15:30.125Z",
    operation: "op-1",
    kind: "instance",
    instance: "api-1",
    change,
  });
  const large = encodeLine("event", event("x".repeat(1_048_576)));
  await writeFile(join(path, "event.ndjson"), large.repeat(17));
  const store = openRecordFiles(path);
  await store.append("event", event("ready"));
  assert.deepEqual((await readdir(path)).sort(), ["event.1.ndjson", "event.ndjson"]);
  const events = await store.read("event");
  assert.equal(events.length, 18);
  assert.deepEqual(events.at(-1), event("ready"));
});

test("says that a folder is gone", async (context) => {
  const store = openRecordFiles(join(await folder(context), "gone"));
  await assert.rejects(store.append("journal", anEnd(1)), TargetError);
  assert.deepEqual(await store.read("journal"), []);
});

test("a full disk loses nothing, and room lets it go on", { skip: !isRoot }, async (context) => {
  const path = join(await folder(context), "small");
  await mkdir(path);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  if (mounted.status !== 0) return context.skip(`no mount here: ${String(mounted.stderr)}`);
  try {
    const store = openRecordFiles(path);
    const ballast = join(path, "ballast");
    await writeFile(ballast, Buffer.alloc(700_000));
    let written = 0;
    const fill = async (): Promise<void> => {
      for (; written < 1000; written += 1) {
        await store.append("journal", anEnd(written, "y".repeat(10_000)));
      }
    };
    await assert.rejects(
      fill(),
      (error) => error instanceof TargetError && error.code === "no-space" && error.fix !== "",
    );
    assert.ok(written > 5 && written < 100, `${written} entries`);
    const file = await readFile(join(path, "journal.ndjson"), "utf8");
    assert.ok(file.endsWith("}\n"), "what was half written was cut back");
    assert.equal((await store.read("journal")).length, written);
    await rm(ballast);
    await store.append("journal", anEnd(written, "room again"));
    assert.equal((await store.read("journal")).length, written + 1);
  } finally {
    spawnSync("umount", [path]);
  }
});
