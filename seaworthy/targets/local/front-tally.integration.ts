import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readHaproxyLine } from "./front-log.ts";
import { FrontTally } from "./front-tally.ts";
import { rotateLogs } from "./log-files.ts";

const BOUNDS_MS = [10, 100];

function lines(count: number, from = 0): string {
  return Array.from({ length: count }, (_, index) => {
    const id = from + index;
    const said = { id, head: 5, body: 0, backend: "api.safe", instance: "api-1" };
    return `${JSON.stringify(said)}\n`;
  }).join("");
}

async function withLog(keep: (file: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sw-tally-"));
  try {
    await keep(join(folder, "edge-haproxy.stdout.log"), folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("counts what was written since the first look, and each line once", async () => {
  await withLog(async (file) => {
    await writeFile(file, lines(7));
    const tally = new FrontTally(file);
    await tally.read(readHaproxyLine, BOUNDS_MS);
    assert.equal(tally.of("api-1"), undefined, "what was there before is nobody's business");
    await appendFile(file, `${lines(3, 7)}{"id":10,"he`);
    await tally.read(readHaproxyLine, BOUNDS_MS);
    assert.equal(tally.of("api-1")?.requests, 3);
    await appendFile(file, 'ad":50,"body":0,"backend":"api.safe","instance":"api-1"}\n');
    await tally.read(readHaproxyLine, BOUNDS_MS);
    assert.equal(tally.of("api-1")?.requests, 4);
    assert.deepEqual(tally.of("api-1")?.latency, [3, 1, 0]);
  });
});

test("loses nothing when the log is rotated between looks, and says so when it must", async () => {
  await withLog(async (file, folder) => {
    await writeFile(file, "");
    const tally = new FrontTally(file);
    await tally.read(readHaproxyLine, BOUNDS_MS);
    await appendFile(file, lines(50));
    await tally.read(readHaproxyLine, BOUNDS_MS);
    const { since } = tally;
    await appendFile(file, lines(20, 50));
    await rotateLogs(folder, { maxBytes: 3_000, keep: 2 });
    await appendFile(file, lines(5, 70));
    await tally.read(readHaproxyLine, BOUNDS_MS);
    assert.equal(tally.of("api-1")?.requests, 75);
    assert.equal(tally.since, since, "nothing was lost");
    await appendFile(file, lines(500, 75));
    await rotateLogs(folder, { maxBytes: 3_000, keep: 2 });
    await appendFile(file, lines(500, 600));
    await tally.read(readHaproxyLine, BOUNDS_MS);
    assert.notEqual(tally.since, since, "lines that nobody read were cut");
  });
});
