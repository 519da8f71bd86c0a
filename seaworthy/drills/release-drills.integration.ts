import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { OwnCommand } from "@seaworthy/std/command";
import type { DrillRun, Evidence } from "../record/evidence.ts";
import { aCheck, aService } from "../targets/declared.ts";
import { type DrillName, isDrillName } from "./catalogue.ts";
import { runDrill } from "./drill.ts";
import { drillOn, on } from "./local-drill.fixture.ts";
import { aGraph, aSystem, aUnit } from "./planted.fixture.ts";
import type { DrillRequest } from "./request.ts";
import type { Planted } from "./toy-target.fixture.ts";

const BOOT_MS = 20_000;

/** Systems in which something is wrong, so that the right drill misses for the right cause. */
async function only(
  t: Parameters<typeof aSystem>[0],
  name: DrillName,
  given: { readonly planted?: Partial<Planted>; readonly request?: Partial<DrillRequest> } = {},
): Promise<Evidence & { readonly run: DrillRun }> {
  // Two Nodes start one after the other, on a machine that may be busy.
  const graph = aGraph({ ...aUnit(2), bootMs: BOOT_MS });
  const system = await aSystem(t, { name, ...given, request: { graph, ...given.request } });
  const [evidence] = await runDrill(system.request);
  const one = present(evidence, "evidence");
  return { ...one, run: present(one.runs[0], one.because) };
}

const TRUSTING = { planted: { trusting: true } };

/** What else is taken as good is judged from what was seen alone (rolled-in.test.ts). */
const TAKEN_AS_GOOD = {
  "exiting-release": /a release that ends at once was sent requests/,
  "failing-release": /with errors was taken as good: \d+ of its \d+ answers were errors/,
} as const satisfies Partial<Record<DrillName, RegExp>>;

/** The release is made as if it were bad, and runs as what serves. */
const HARMLESS: OwnCommand = (_verb, ...args) => ["node", "main.ts", ...args];

/** Each lasts ten seconds, mostly asleep; more than two at a time would disturb each other. */
test("planted systems", { concurrency: 2 }, async (t) => {
  const planted = Object.entries(TAKEN_AS_GOOD).map(([name, expected]) =>
    t.test(`${name}: a roll that trusts misses, because it was taken as good`, async (one) => {
      assert.ok(isDrillName(name));
      const { verdict, because, run } = await only(one, name, TRUSTING);
      assert.equal(verdict, "missed", because);
      assert.match(because, expected);
      assert.match(run.undone ?? "", /2 of 2 instances of r-live-own serve, and no other/);
    }),
  );
  await Promise.all([
    ...planted,
    t.test("a release that did not go bad proves nothing", async (one) => {
      const given = { ...TRUSTING, request: { ownCommand: HARMLESS } };
      const { verdict, because } = await only(one, "failing-release", given);
      assert.equal(verdict, "could-not-verify", because);
      assert.match(because, /nothing shows that the fault happened/);
    }),
    t.test("bad-job-release: a roll that runs no jobs misses", async (one) => {
      const { verdict, because, run } = await only(one, "bad-job-release");
      assert.equal(verdict, "missed", because);
      assert.match(because, /an instance was started although the release's job fails/);
      assert.match(because, /a release whose job fails was rolled in/);
      assert.match(run.undone ?? "", /2 of 2 instances of r-live-own serve/);
    }),
    t.test("grey-instance: an edge that looks at checks alone misses the errors", async (one) => {
      const { verdict, because, run } = await only(one, "grey-instance");
      assert.equal(verdict, "missed", because);
      assert.ok(run.failed.safe > 20, `${run.failed.safe} safe requests failed`);
      assert.match(run.injected ?? "", /api-\d answers \/ with 500/);
      assert.match(run.undone ?? "", /2 of 2 instances of r-live-own serve/);
      assert.equal(run.tookMs, undefined, "nothing left it out");
    }),
    t.test("restart-under-load: a rude service misses the errors", async (one) => {
      const { verdict, because, run } = await only(one, "restart-under-load", {
        planted: { rude: true },
      });
      assert.equal(verdict, "missed", because);
      assert.ok(run.failed.unsafe > 0, "writes were cut");
      assert.match(run.injected ?? "", /api-1, api-2 became api-3, api-4/);
    }),
    t.test("crash-loop: a supervisor that starts again at once misses", async (one) => {
      const { verdict, because } = await only(one, "crash-loop");
      assert.equal(verdict, "missed", because);
      assert.match(because, /started again \d+ ms after end 2, and its backoff is 1400 ms/);
    }),
  ]);
});

test("local: one of two in a crash loop starts later each time, and costs nothing", async () => {
  const ready = aCheck({ path: "/ready", everyMs: 100, timeoutMs: 400, fall: 2 });
  const unit = aService({
    replicas: 2,
    ready,
    restart: { backoffFirstMs: 200, backoffMaxMs: 800 },
  });
  const evidence = on(await drillOn(unit, "crash-loop"), "errors");
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  const run = present(evidence.runs[0], evidence.because);
  assert.equal(run.failed.safe, 0);
  const pauses = /after ([\d, ]+) ms/
    .exec(run.injected ?? "")?.[1]
    ?.split(", ")
    .map(Number);
  assert.equal(pauses?.length, 5, run.injected);
  for (const [at, backoff] of [200, 400, 800, 800, 800].entries()) {
    assert.ok((pauses?.[at] ?? 0) >= 0.9 * backoff, `${pauses?.join()} ms`);
  }
  assert.ok((run.restoredMs ?? 0) >= 800, `whole again after ${run.restoredMs} ms`);
});
