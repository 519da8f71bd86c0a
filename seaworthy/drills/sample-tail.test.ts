import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aSample } from "../load/sample.fixture.ts";
import { SampleTail } from "./sample-tail.ts";

test("samples are read as they are written, each once, none that is half written", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-tail-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "run-1.ndjson");
  const tail = new SampleTail(path);
  assert.deepEqual(await tail.next(), [], "nothing is there yet");
  const line = (index: number): string => `${JSON.stringify(aSample({ index, write: "w-é" }))}\n`;
  const [first, second, third] = [line(1), line(2), line(3)];
  await appendFile(path, first + second.slice(0, 20));
  assert.deepEqual(
    (await tail.next()).map(({ index }) => index),
    [1],
  );
  assert.deepEqual(await tail.next(), []);
  await appendFile(path, second.slice(20) + third);
  const rest = await tail.next();
  assert.deepEqual(
    rest.map(({ index, write }) => [index, write]),
    [
      [2, "w-é"],
      [3, "w-é"],
    ],
  );
});
