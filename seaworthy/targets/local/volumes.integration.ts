import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { FaultHandle } from "../../record/fault.ts";
import { aGraph, aService } from "../declared.ts";
import type { Target } from "../target.ts";
import { volumeGap } from "./faults/possible.ts";
import { Hand, Rehearsal, seeInstance, take, until } from "./fixtures/rehearsal.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);
const MIB = 1_048_576;
const SIZE = 16 * MIB;
const PATH = "/var/lib/app";
const FILL = { kind: "fill-volume", unit: "api", volume: "data", forMs: 50_000 } as const;

/** Not where it needs root: then the volume is a folder, and says what is missing. */
const CAN = volumeGap() === undefined;
assert.ok(CAN || process.getuid?.() !== 0, `as root nothing may be missing: ${volumeGap()}`);

describe("a volume with a size", () => {
  it("is a file system of its own, as large as declared, and outlives the supervisor", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target, folder } = await running(place);
    assert.equal(await isMounted(folder), CAN);
    if (!CAN) return;
    const { blocks, bsize } = await statfs(folder);
    assert.ok(blocks * bsize <= SIZE && blocks * bsize > SIZE / 2, `${blocks * bsize} bytes`);
    assert.deepEqual(await readdir(folder), []);
    await writeFile(join(folder, "kept"), "kept");
    await place.kill9("_watch", "_supervise");
    assert.ok(await isMounted(folder));
    await hand.lease[Symbol.asyncDispose]();
    const again = new Hand(target, await take(target));
    await again.must({ action: "stop", instance: "api-1", graceMs: 2_000 });
    await again.must({ action: "remove", unit: "api" });
    assert.ok(!(await isMounted(folder)), "down lets go of it");
    await again.define(aGraph([sized()]));
    await again.bring(sized(), await again.release(sized()), 2);
    assert.equal(await readFile(join(folder, "kept"), "utf8"), "kept");
  });

  it("is gone with its image when the volumes are deleted", async () => {
    await using place = await Rehearsal.begin();
    const { hand, folder } = await running(place);
    for (const unit of ["api", "edge"]) await hand.must({ action: "remove", unit });
    await hand.must({ action: "delete-volumes" });
    await hand.must({ action: "delete-volumes" });
    assert.ok(!existsSync(dirname(folder)));
  });

  it("that has none yet hides no data that lies there", async () => {
    await using place = await Rehearsal.begin();
    const { hand, folder } = await running(place, aService({ volumes: { [PATH]: "data" } }));
    await writeFile(join(folder, "old"), "old");
    await hand.must({ action: "stop", instance: "api-1", graceMs: 2_000 });
    await hand.define(aGraph([sized()]));
    await hand.bring(sized(), await hand.release(sized()), 2);
    assert.equal(await readFile(join(folder, "old"), "utf8"), "old");
    assert.ok(!(await isMounted(folder)));
    const why = CAN ? /is a folder: .* would hurt others/ : /needs root/;
    await assert.rejects(hand.target.prepare(FILL, soon()), why);
  });
});

describe("a filled volume", () => {
  it("takes no write, gives what is there, and takes writes again after the undo", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target, folder } = await running(place);
    if (!CAN) return;
    await writeFile(join(folder, "before"), "before");
    const handle = await target.prepare(FILL, soon());
    assert.equal((await target.witness(handle, soon())).state, "over");
    await hand.must({ action: "inject", fault: handle });
    await until("it to be full", () => isNow(target, handle, "in-force"));
    assert.equal(await readFile(join(folder, "before"), "utf8"), "before");
    await assert.rejects(writeFile(join(folder, "during"), "x".repeat(10_000)), /ENOSPC/);
    assert.equal((await seeInstance(target, "api-1")).state, "ready");
    await hand.must({ action: "undo", fault: handle });
    await until("room", () => isNow(target, handle, "over"));
    await hand.must({ action: "undo", fault: handle });
    await writeFile(join(folder, "after"), "x".repeat(10_000));
  });

  it("is emptied at its deadline although all of the tool was killed", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    if (!CAN) return;
    const handle = await target.prepare({ ...FILL, forMs: 12_000 }, soon());
    await hand.must({ action: "inject", fault: handle });
    await until("it to be full", () => isNow(target, handle, "in-force"));
    await place.kill9("_watch", "_supervise");
    await until("room", () => isNow(target, handle, "over"));
  });
});

function sized() {
  return aService({ volumes: { [PATH]: "data" }, volumeSizes: { data: SIZE } });
}

async function running(place: Rehearsal, unit = sized()) {
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([unit]));
  return { hand, target, folder: join(place.folder.volumes, "api", "data") };
}

async function isMounted(folder: string): Promise<boolean> {
  const [own, above] = await Promise.all([stat(folder), stat(dirname(folder))]);
  return present(own, "the folder").dev !== present(above, "its parent").dev;
}

async function isNow(target: Target, handle: FaultHandle, state: "in-force" | "over") {
  return (await target.witness(handle, soon())).state === state ? true : undefined;
}
