import { deepStrictEqual, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { leftFolders, leftProcesses } from "./leftovers.ts";

/** Whatever is alive now is to be seen now. */
const LOOK = { clock: systemClock, graceMs: 0 };

const folder = mkdtempSync(join(tmpdir(), "leftovers-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const [how, options] of Object.entries({
  "working folder": { cwd: folder, env: {} },
  environment: { env: { SEAWORTHY_OWNER: folder } },
})) {
  test(`a process left behind is seen by its ${how}`, async () => {
    const script = "console.log(1); setInterval(() => {}, 1000)";
    const child = spawn(process.execPath, ["-e", script], { ...options, stdio: "pipe" });
    try {
      await once(child.stdout, "data");
      const left = await leftProcesses(folder, LOOK);
      deepStrictEqual(
        left.map(({ pid }) => pid),
        [child.pid],
      );
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    deepStrictEqual(await leftProcesses(folder, LOOK), []);
  });
}

test("a temporary folder of ours left behind is seen, another one is not", () => {
  mkdirSync(join(folder, "seaworthy-x"));
  mkdirSync(join(folder, "node-compile-cache"));
  deepStrictEqual(leftFolders(folder), ["seaworthy-x"]);
  ok(leftFolders(tmpdir()).every((name) => name !== "node-compile-cache"));
});
