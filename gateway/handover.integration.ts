import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import type { LoadReport } from "./load.fixture.ts";
import { aConfig, childUpstream, TestGateway } from "./rig.fixture.ts";

const HANDOVERS = 20;
const RATE = 1_000;
const SECONDS = 16;

test("20 handovers under 1,000 requests/s: 0 refused, 0 reset, 0 failed", async (t) => {
  await using gateway = await TestGateway.start();
  await using one = await childUpstream(join(gateway.folder, "one"));
  await using two = await childUpstream(join(gateway.folder, "two"));
  const endpoints = [
    { id: "a1", port: one.port },
    { id: "a2", port: two.port },
  ];
  await gateway.apply(aConfig({ endpoints, check: { timeoutMs: 5_000 } }));
  await gateway.untilHealthy("a1", "a2");
  const port = await gateway.port("public");
  // A process of its own: the test runner's CPU is not the load's.
  const program = join(import.meta.dirname, "load.fixture.ts");
  const argv = [program, String(port), String(RATE), String(SECONDS)];
  const load = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  let isLoading = true;
  const ended = once(load, "close").then(() => {
    isLoading = false;
  });
  const output = text(load.stdout);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const pids = new Set<number>();
  for (let turn = 0; turn < HANDOVERS; turn += 1) {
    const reply = await gateway.ask({ op: "handover", drainMs: 20_000 });
    assert.ok(reply.ok && "status" in reply);
    pids.add(reply.status.workerPid);
    assert.ok(isLoading, `the load ended before handover ${turn + 1}`);
  }
  await ended;
  const report: LoadReport = JSON.parse(await output);
  t.diagnostic(JSON.stringify(report));
  assert.equal(pids.size, HANDOVERS);
  assert.deepEqual(report.errors, {});
  assert.deepEqual([report.refused, report.reset, report.failed], [0, 0, 0]);
  assert.equal(report.ok, report.sent);
  assert.ok(report.keptAlive > report.sent / 4 && report.newConnections >= report.sent / 2);
  assert.ok(
    report.achievedRate >= RATE * 0.95,
    `this machine sent ${Math.round(report.achievedRate)}/s instead of ${RATE}: nothing was shown`,
  );
});
