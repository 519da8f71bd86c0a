import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { execPath } from "node:process";
import { test, type TestContext } from "node:test";
import { present } from "@seaworthy/std/assert";
import { heldMemory } from "./held-memory.ts";
import { identify } from "./identity.ts";
import type { InstanceRecord } from "./supervisor/state.ts";

const MEBIBYTE = 1_048_576;

/** Leads a group of its own, holds so much, and says when it does. */
async function holder(t: TestContext, mebibytes: number, more = ""): Promise<ChildProcess> {
  const code = `globalThis.held = Buffer.alloc(${mebibytes * MEBIBYTE}, 1); ${more};
    console.log("held"); setInterval(() => {}, 1_000);`;
  const child = spawn(execPath, ["-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  t.after(() => process.kill(-present(child.pid, "a pid"), "SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

function heldBy(child: ChildProcess): number {
  return present(heldMemory(stateOf(child), "web").get("web-1"), "its memory");
}

function stateOf(child: ChildProcess): Parameters<typeof heldMemory>[0] {
  const identity = identify(present(child.pid, "a pid"));
  const record: InstanceRecord = {
    ...{ id: "web-1", unit: "web", release: "r1", port: 0, routed: true, weight: 1 },
    ...{ isolated: undefined, phase: "up", restarts: 0, since: "", spawnedWallMs: 0 },
    ...{ identity, because: undefined },
  };
  return { instances: { "web-1": record } };
}

test("what an instance holds is what it wrote to, and not its program", async (t) => {
  const [small, large] = [await holder(t, 0), await holder(t, 200)];
  const more = heldBy(large) - heldBy(small);
  assert.ok(more > 180 * MEBIBYTE && more < 260 * MEBIBYTE, `${more} bytes more`);
  assert.ok(heldBy(small) < 80 * MEBIBYTE, "Node's own text is 100 MiB and counts not");
});

test("what its children hold is its own", async (t) => {
  const alone = await holder(t, 0);
  const child = `require("child_process").spawn(process.execPath, ["-e",
    "globalThis.held = Buffer.alloc(${100 * MEBIBYTE}, 1); setInterval(() => {}, 1_000)"])`;
  const parent = await holder(t, 0, child);
  const end = Date.now() + 20_000;
  while (heldBy(parent) - heldBy(alone) < 100 * MEBIBYTE) {
    assert.ok(Date.now() < end, `${heldBy(parent)} bytes`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test("of one that is gone nothing is said", async () => {
  const child = spawn(execPath, ["-e", "setInterval(() => {}, 1_000)"], { detached: true });
  const state = stateOf(child);
  assert.equal(heldMemory(state, "api").size, 0, "only of the unit that was asked about");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(heldMemory(state, "web").size, 0);
  assert.equal(heldMemory(undefined, "web").size, 0);
});
