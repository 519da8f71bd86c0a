import assert from "node:assert/strict";
import { it } from "node:test";
import { targetContract } from "../contract.ts";
import { aGraph, aService } from "../declared.ts";
import { openDry } from "./dry.ts";

targetContract({
  name: "dry",
  runsProcesses: false,
  make: async () => {
    const first = openDry();
    return { open: async () => first.again(), [Symbol.asyncDispose]: async () => {} };
  },
});

/** Begun where it is used: other files of the same process may run first, and long. */
const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const OWNER = { verb: "up", pid: 1, host: "here", user: "tester" };

it("answers a step as planted, and keeps it among the steps", async () => {
  const target = openDry({
    respond: (step) =>
      step.action === "commit" ? { outcome: "failed", because: "planted", detail: [] } : undefined,
  });
  const outcome = await target.lease(OWNER, soon());
  assert.ok(outcome.held);
  const { epoch } = outcome.lease;
  await target.define(aGraph([aService()]), { signal: soon(), epoch });
  const commit = { action: "commit", unit: "api", release: "r000000000001" } as const;
  const result = await target.apply(commit, { signal: soon(), epoch });
  assert.deepEqual(result, { outcome: "failed", because: "planted", detail: [] });
  assert.deepEqual(target.steps, [commit]);
});

it("begins with the world that was seen", async () => {
  const first = openDry();
  const outcome = await first.lease(OWNER, soon());
  assert.ok(outcome.held);
  await first.define(aGraph([aService()]), { signal: soon(), epoch: outcome.lease.epoch });
  const observed = await first.observe(soon());
  assert.deepEqual(await openDry({ observed }).observe(soon()), observed);
});
