import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { edgeRun } from "./edges.ts";
import type { World } from "./measured.ts";
import { NetworkNamespace, namespaceGap } from "./namespace.ts";
import { Turnover } from "./turnover.ts";

const TIMING = { warmUpMs: 300, steadyMs: 300, brokenMs: 300, afterMs: 300 };

function aWorld(said: string[]): World {
  return {
    root: join(import.meta.dirname, ".."),
    clock: systemClock,
    environment: process.env,
    signal: new AbortController().signal,
    say: (line) => void said.push(line),
  };
}

for (const provider of ["gateway", "haproxy", "nginx"] as const) {
  test(`a small run measures ${provider}, and leaves nothing behind`, async () => {
    const said: string[] = [];
    const world = aWorld(said);
    const setting = { provider, event: "upgrade", seed: 1, timing: TIMING } as const;
    const turnover = new Turnover(world);
    const { figures, facts } = await edgeRun(world, { ...setting, turnover, ratePerSecond: 40 });
    await turnover[Symbol.asyncDispose]();
    assert.ok(Number(facts["sent"]) > 5, "requests were sent");
    assert.equal(figures["doubled"], 0);
    assert.equal(figures["refused"], 0);
    // So few requests may take less CPU than the 10 ms in which it is counted.
    assert.ok((figures["cpuMicrosPerRequest"] ?? -1) >= 0, "its processes were found");
    assert.match(String(facts["writes"]), /"lost":0/);
    assert.deepEqual(said, []);
  });
}

test("a network namespace is made where it may be, and taken away", async () => {
  const gap = namespaceGap();
  if (gap !== undefined) return assert.match(gap, /need root|not installed/);
  const names = (): string => execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
  let name = "";
  {
    await using namespace = await NetworkNamespace.make();
    ({ name } = namespace);
    assert.ok(names().includes(name));
    const [program, ...args] = namespace.prefix;
    const links = execFileSync(program, [...args, "ip", "-o", "link"], { encoding: "utf8" });
    assert.equal(links.trim().split("\n").length, 1, "nothing but loopback");
  }
  assert.ok(!names().includes(name));
});
