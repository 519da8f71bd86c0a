import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { LogLine } from "../target.ts";
import {
  followLogs,
  listLogs,
  logFileOf,
  openLogs,
  readTail,
  rotateLogs,
  sweepLogs,
} from "./log-files.ts";

const isRoot = process.getuid?.() === 0;

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp("/tmp/sw-logs-");
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function stdoutOf(logs: string): string {
  return logFileOf(logs, { instance: "api-1", stream: "stdout" });
}

test("appends to private files, over several openings", async (context) => {
  const logs = await folder(context);
  for (const text of ["one\n", "two\n"]) {
    const open = openLogs(logs, "api-1");
    writeSync(open.stdout, text);
    writeSync(open.stderr, `err ${text}`);
    open.close();
  }
  assert.equal(await readFile(stdoutOf(logs), "utf8"), "one\ntwo\n");
  const names = (await listLogs(logs)).map((log) => `${log.instance} ${log.stream}`);
  assert.deepEqual(names, ["api-1 stderr", "api-1 stdout"]);
  for (const { path } of await listLogs(logs)) assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("a process that floods its log is held to a bounded disk, and writes on", async (context) => {
  const logs = await folder(context);
  const open = openLogs(logs, "api-1");
  const line = "x".repeat(99);
  const flood = `for (let i = 0; ; i++) require("fs").writeSync(1, "${line}\\n".repeat(100));`;
  const child = spawn(process.execPath, ["-e", flood], {
    stdio: ["ignore", open.stdout, open.stderr],
  });
  open.close();
  let lost = 0;
  let rotations = 0;
  try {
    const until = systemClock.now() + 30_000;
    while (rotations < 6 && systemClock.now() < until) {
      const rotated = await rotateLogs(logs, { maxBytes: 100_000, keep: 2 });
      rotations += rotated.length;
      lost += rotated.reduce((sum, one) => sum + one.lostBytes, 0);
      await systemClock.sleep(10);
    }
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  assert.equal(rotations, 6);
  assert.ok(lost > 0, "a flood loses bytes, and that is said");
  await rotateLogs(logs, { maxBytes: 100_000, keep: 2 });
  const names = (await readdir(logs)).filter((name) => name.includes("stdout")).toSorted();
  const expected = ["api-1.stdout.log", "api-1.stdout.log.1", "api-1.stdout.log.2"];
  assert.deepEqual(names, expected);
  let bytes = 0;
  for (const name of names) {
    const text = await readFile(join(logs, name), "utf8");
    bytes += text.length;
    assert.match(text, /^[x\n]*$/, "append-only: no hole where the file was cut");
  }
  assert.ok(bytes <= 300_000, `${bytes} bytes`);
});

test("rotation keeps all of a log that fits, and leaves small ones alone", async (context) => {
  const logs = await folder(context);
  await writeFile(stdoutOf(logs), "a".repeat(50));
  assert.deepEqual(await rotateLogs(logs, { maxBytes: 50, keep: 3 }), []);
  for (const letter of ["b", "c", "d", "e"]) {
    await writeFile(stdoutOf(logs), letter.repeat(60));
    const [rotated] = await rotateLogs(logs, { maxBytes: 50, keep: 3 });
    assert.deepEqual(rotated, { path: stdoutOf(logs), keptBytes: 50, lostBytes: 10 });
  }
  const kept = await Promise.all(
    [1, 2, 3].map((age) => readFile(`${stdoutOf(logs)}.${age}`, "utf8")),
  );
  assert.deepEqual(
    kept,
    ["e", "d", "c"].map((letter) => letter.repeat(50)),
  );
  assert.equal((await stat(stdoutOf(logs))).size, 0);
  assert.equal((await readdir(logs)).length, 4);
});

test("a full disk costs old logs, never the room", { skip: !isRoot }, async (context) => {
  const logs = join(await folder(context), "small");
  await mkdir(logs);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", logs]);
  if (mounted.status !== 0) return context.skip(`no mount here: ${String(mounted.stderr)}`);
  try {
    await writeFile(`${stdoutOf(logs)}.1`, Buffer.alloc(300_000));
    await writeFile(stdoutOf(logs), Buffer.alloc(600_000));
    const [rotated] = await rotateLogs(logs, { maxBytes: 500_000, keep: 3 });
    assert.equal(rotated?.lostBytes, 600_000);
    assert.deepEqual(await readdir(logs), ["api-1.stdout.log"]);
    assert.equal((await stat(stdoutOf(logs))).size, 0);
  } finally {
    spawnSync("umount", [logs]);
  }
});

test("reads the last lines, whole and in order, over rotated files", async (context) => {
  const path = stdoutOf(await folder(context));
  assert.deepEqual(await readTail(path, 5), []);
  await writeFile(path, "");
  assert.deepEqual(await readTail(path, 5), []);
  await writeFile(path, "one\r\n\nthree\nfour");
  assert.deepEqual(await readTail(path, 0), []);
  assert.deepEqual(await readTail(path, 1), ["four"]);
  assert.deepEqual(await readTail(path, 3), ["", "three", "four"]);
  assert.deepEqual(await readTail(path, 9), ["one", "", "three", "four"]);
  await writeFile(`${path}.1`, "older\nold\n");
  await writeFile(`${path}.2`, "oldest\n");
  assert.deepEqual(await readTail(path, 5), ["old", "one", "", "three", "four"]);
  assert.deepEqual(await readTail(path, 99), [
    "oldest",
    "older",
    "old",
    "one",
    "",
    "three",
    "four",
  ]);
  const many = Array.from({ length: 50_000 }, (_, index) => `line ${index} größer`);
  await writeFile(path, `${many.join("\n")}\n`);
  assert.deepEqual(await readTail(path, 10_000), many.slice(-10_000));
});

test("a line of 10 MB is cut at 64 KiB and says so", async (context) => {
  const path = stdoutOf(await folder(context));
  // Two bytes each: the cut must not fall into a character.
  await writeFile(path, `first\nx${"ü".repeat(5_000_000)}\nlast\n`);
  const [first, long = "", last] = await readTail(path, 3);
  assert.deepEqual([first, last], ["first", "last"]);
  assert.equal(Buffer.byteLength(long.slice(0, long.indexOf(" … [cut: "))), 65_535);
  assert.match(long, /ü … \[cut: 9934465 bytes more\]$/);
  await writeFile(path, `${`${"y".repeat(60_000)}\n`.repeat(200)}`);
  const bounded = await readTail(path, 200);
  assert.ok(bounded.length > 60 && bounded.length < 75, `${bounded.length} lines held`);
});

test("follows what is written, also by late comers, until told to stop", async (context) => {
  const logs = await folder(context);
  await writeFile(stdoutOf(logs), "one\ntwo\n");
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]);
  const files = () => listLogs(logs);
  const seen: string[] = [];
  const say = (line: LogLine): string => `${line.instance} ${line.stream} ${line.text}`;
  const steps: Readonly<Record<string, () => Promise<void>>> = {
    "api-1 stdout two": () => appendFile(stdoutOf(logs), "three\nfo"),
    "api-1 stdout three": async () => {
      await appendFile(stdoutOf(logs), "ur\n");
      await writeFile(logFileOf(logs, { instance: "api-2", stream: "stderr" }), "new\n");
    },
    "api-2 stderr new": async () => {
      await rotateLogs(logs, { maxBytes: 1 });
      await appendFile(stdoutOf(logs), "cut\nun");
    },
    "api-1 stdout cut": async () => stop.abort(),
  };
  for await (const line of followLogs({ files, tail: 1, clock: systemClock, signal })) {
    seen.push(say(line));
    await steps[say(line)]?.();
  }
  assert.equal(stop.signal.aborted, true, "it ended because it was told to");
  assert.deepEqual(
    seen.filter((line) => line.startsWith("api-1")),
    [
      "api-1 stdout two",
      "api-1 stdout three",
      "api-1 stdout four",
      "api-1 stdout cut",
      "api-1 stdout un",
    ],
  );
  assert.deepEqual(
    seen.filter((line) => line.startsWith("api-2")),
    ["api-2 stderr new"],
  );
});

test("keeps the logs of what lives and of what ended last", async (context) => {
  const logs = await folder(context);
  for (const number of [1, 2, 3, 4]) {
    const path = logFileOf(logs, { instance: `api-${number}`, stream: "stdout" });
    await writeFile(path, "");
    await writeFile(`${path}.1`, "");
    await utimes(path, number, number);
  }
  const live = new Set(["api-1"]);
  assert.deepEqual(await sweepLogs(logs, { live, keepEnded: 1 }), ["api-3", "api-2"]);
  const left = (await listLogs(logs)).map((log) => log.instance);
  assert.deepEqual(left, ["api-1", "api-4"]);
  assert.equal((await readdir(logs)).length, 4);
});
