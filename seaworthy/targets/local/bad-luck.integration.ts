import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { aGraph, aService } from "../declared.ts";
import { TargetError, type TargetErrorCode } from "../target.ts";
import { Hand, Rehearsal, seeInstance, take, until } from "./fixtures/rehearsal.ts";

const run = promisify(execFile);
const soon = (): AbortSignal => AbortSignal.timeout(60_000);

describe("a full disk", () => {
  it("refuses the next step clearly, leaves what runs, and loses nothing", async (test) => {
    await onSmallDisk(test, async (place) => {
      const target = await place.open();
      const hand = new Hand(target, await take(target));
      const service = aService();
      await hand.up(aGraph([service]));
      const release = await hand.release(service);
      const { address } = await seeInstance(target, "api-1");
      // A state that is being written over gives room back, and the step would find it.
      const path = join(place.folder.root, "state.json");
      await until("nothing more to write", async () =>
        (await readFile(path, "utf8")).includes(`"phase":"up"`) ? true : undefined,
      );
      await using ballast = await fill(place);
      const start = { action: "start", unit: "api", instance: "api-2", release } as const;
      await assert.rejects(hand.apply(start), isCode("no-space"));
      assert.equal((await fetch(`http://127.0.0.1:${address?.port}/`)).status, 200);
      assert.equal((await seeInstance(target, "api-1")).state, "ready");
      await ballast[Symbol.asyncDispose]();
      await hand.must(start);
      await hand.lease[Symbol.asyncDispose]();
    });
  });

  it("is told at once to who would start the supervisor", async (test) => {
    await onSmallDisk(test, async (place) => {
      await using _ballast = await fill(place);
      const target = await place.open();
      await assert.rejects(
        target.lease({ verb: "up", pid: 1, host: "", user: "" }, soon()),
        isCode("no-space"),
      );
      assert.deepEqual(place.processes(), []);
    });
  });
});

describe("a state file", () => {
  it("that is damaged is refused, while what runs goes on", async () => {
    await using place = await Rehearsal.begin();
    const { target, pid } = await abandoned(place);
    const path = join(place.folder.root, "state.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.slice(0, text.length / 2));
    await assert.rejects(target.observe(soon()), isCode("damaged"));
    await assert.rejects(take(target), isCode("damaged"));
    assert.equal(pidOf(place, "api-1"), pid);
    await writeFile(path, text);
    const lease = await take(target);
    assert.equal((await seeInstance(target, "api-1")).pid, pid);
    await lease[Symbol.asyncDispose]();
  });

  it("of a newer version is refused", async () => {
    await using place = await Rehearsal.begin();
    const { target } = await abandoned(place);
    const path = join(place.folder.root, "state.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(`"version":1`, `"version":2`));
    await assert.rejects(target.observe(soon()), /newer seaworthy/);
    await writeFile(path, text);
  });

  it("that names an intent without its outcome is completed by the process found", async () => {
    await using place = await Rehearsal.begin();
    const { target, pid } = await abandoned(place);
    const path = join(place.folder.root, "state.json");
    const state: unknown = JSON.parse(await readFile(path, "utf8"));
    const forgotten = JSON.stringify(state, (key, value: unknown) =>
      key === "identity" ? undefined : value,
    );
    assert.notEqual(forgotten, JSON.stringify(state));
    await writeFile(path, forgotten);
    const lease = await take(target);
    assert.equal((await seeInstance(target, "api-1")).pid, pid);
    await until("the edge", async () =>
      (await target.observe(soon())).edge?.ready === true ? true : undefined,
    );
    const holders = place
      .processes()
      .filter(
        ({ mark, process }) => mark.instance === "edge" && process.group === process.identity.pid,
      );
    assert.equal(holders.length, 1, "the edge was found too, not started twice");
    await lease[Symbol.asyncDispose]();
  });

  it("that does not name a process of ours has it ended", async () => {
    await using place = await Rehearsal.begin();
    const { target } = await abandoned(place);
    const path = join(place.folder.root, "state.json");
    const state: unknown = JSON.parse(await readFile(path, "utf8"));
    const forgotten = JSON.stringify(state, (key, value: unknown) =>
      key === "instances" ? {} : value,
    );
    await writeFile(path, forgotten);
    const lease = await take(target);
    assert.equal(pidOf(place, "api-1"), undefined);
    await lease[Symbol.asyncDispose]();
  });
});

/** One instance, and nobody who looks after it. */
async function abandoned(place: Rehearsal) {
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([aService()]));
  await hand.lease[Symbol.asyncDispose]();
  await place.kill9("_watch", "_supervise");
  return { target, pid: pidOf(place, "api-1") };
}

function pidOf(place: Rehearsal, instance: string): number | undefined {
  return place.processes().find(({ mark }) => mark.instance === instance)?.process.identity.pid;
}

/** State on a file system of 1 MiB; needs the right to mount one. */
async function onSmallDisk(
  test: TestContext,
  keep: (place: Rehearsal) => Promise<void>,
): Promise<void> {
  let mounted = false;
  await using place = await Rehearsal.begin(async (stateHome) => {
    const options = "size=1m,mode=0700";
    await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", stateHome]).catch(() => undefined);
    const { stdout } = await run("stat", ["-f", "-c", "%T", stateHome]);
    mounted = stdout.trim() === "tmpfs";
    return mounted ? { [Symbol.asyncDispose]: () => unmount(stateHome) } : undefined;
  });
  if (mounted) return await keep(place);
  assert.equal(process.env["CI"], undefined, "CI must be able to mount a small file system");
  test.skip("may not mount a small file system here");
}

/** Throws when something still uses it: nothing runs any more, so nothing should. */
async function unmount(path: string): Promise<void> {
  try {
    await run("umount", [path]);
  } catch (error) {
    await run("umount", ["-l", path]);
    throw error;
  }
}

/** Until nothing more fits; what takes the room goes with its disposal. */
async function fill(place: Rehearsal): Promise<AsyncDisposable> {
  const path = join(place.folder.root, "ballast");
  for (let bytes = 1_048_576; bytes >= 512; bytes /= 2) {
    // What does not fit is written as far as it fits.
    await writeFile(path, Buffer.alloc(bytes), { flag: "a" }).catch(() => {});
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

function isCode(code: TargetErrorCode) {
  return (error: unknown): boolean => error instanceof TargetError && error.code === code;
}
