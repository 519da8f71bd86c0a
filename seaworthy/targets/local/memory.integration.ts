import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { aGraph, aJob, aService } from "../declared.ts";
import { Hand, Rehearsal, seeUnit, take } from "./fixtures/rehearsal.ts";
import { folderArgument } from "./folder-argument.ts";
import { signalOne } from "./identity.ts";

/** `SOAK_HOURS=24` is the whole of it (some four minutes); here, enough to see a steep slope. */
const HOURS = Number(process.env["SOAK_HOURS"] ?? "2");
/** An hour in nine seconds: a minute is long enough for a job to run in it. */
const SPEED = 400;
const MAIN = fileURLToPath(new URL("fixtures/hurried-main.ts", import.meta.url));
/** Of the first half's heap; caches fill, and a collector has its moods. */
const GROWTH_MAX = 0.1;
const GROWTH_BYTES_MAX = 2 * 1_048_576;

interface Note {
  readonly hours: number;
  readonly heapUsed: number;
  readonly rss: number;
}

test(`a supervisor's memory is flat over ${HOURS} hours of deaths, jobs and clients`, async () => {
  await using place = await Rehearsal.begin();
  const notes = join(place.home, "notes.ndjson");
  const target = await place.open();
  const api = aService({ replicas: 2, restart: { backoffFirstMs: 100, backoffMaxMs: 200 } });
  const job = aJob({ name: "beat", when: "schedule", schedule: "*/5 * * * *", deadlineMs: 60_000 });
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([api, job]));
  await hand.must({ action: "commit", unit: "beat", release: await hand.release(job) });
  await hand.lease[Symbol.asyncDispose]();
  // From here on its successor's time runs faster: it adopts what runs.
  await place.kill9("_supervise", "_watch");
  const supervisor = hurried(place, notes);
  let deaths = 0;
  for (let seen: readonly Note[] = []; (seen.at(-1)?.hours ?? 0) < HOURS; ) {
    assert.equal(supervisor.exitCode ?? supervisor.signalCode, null, "the supervisor lives");
    // A death, and a client that looks, takes the lease and switches, in a few of its minutes.
    const victim = place.processes().find(({ mark }) => mark.instance === "api-1");
    if (victim !== undefined) signalOne(victim.process.identity, "SIGKILL");
    deaths += victim === undefined ? 0 : 1;
    const visitor = new Hand(target, await take(target));
    await visitor.must({ action: "switch", unit: "api", instances: ["api-1", "api-2"] });
    await visitor.lease[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 400));
    seen = await notesIn(notes);
  }
  const all = await notesIn(notes);
  const { runs = [] } = await seeUnit(target, "beat");
  assert.ok(runs.length > 5, `${runs.length} runs by schedule`);
  assert.ok(deaths > 3, `${deaths} deaths`);
  judge(all);
  supervisor.kill("SIGKILL");
  await once(supervisor, "exit").catch(() => {});
});

test("a heap that grows is seen", () => {
  const note = (hours: number, heapUsed: number): Note => ({ hours, heapUsed, rss: 0 });
  const flat = Array.from({ length: 12 }, (_, at) => note(at, 20_000_000 + (at % 2) * 100_000));
  judge(flat);
  const steep = flat.map((one, at) => note(at, one.heapUsed + at * 1_000_000));
  assert.throws(() => judge(steep), /heap grew/);
});

/** The median of the last third against that of the third before it: the first one warms up. */
function judge(notes: readonly Note[]): void {
  const third = Math.floor(notes.length / 3);
  assert.ok(third >= 2, `${notes.length} notes are too few to judge`);
  const middle = median(notes.slice(third, 2 * third));
  const last = median(notes.slice(-third));
  const allowed = Math.max(middle * GROWTH_MAX, GROWTH_BYTES_MAX);
  const told = notes.map(({ hours, heapUsed }) => `${hours.toFixed(1)} h ${heapUsed}`).join(", ");
  assert.ok(last - middle <= allowed, `heap grew from ${middle} to ${last}: ${told}`);
}

function median(notes: readonly Note[]): number {
  const sorted = notes.map(({ heapUsed }) => heapUsed).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

async function notesIn(path: string): Promise<readonly Note[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line.endsWith("}"));
  return lines.map((line): Note => JSON.parse(line));
}

function hurried(place: Rehearsal, notes: string): ChildProcess {
  const args = ["--expose-gc", MAIN, "_supervise", folderArgument(place.folder)];
  const env = { ...process.env, SOAK_SPEED: String(SPEED), SOAK_NOTES: notes };
  const mark = { SEAWORTHY_OWNER: place.folder.id, SEAWORTHY_INSTANCE: "_supervise" };
  return spawn(process.execPath, args, { env: { ...env, ...mark }, stdio: "ignore" });
}
