import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { BAD_RELEASES, type BadRelease, takenBack } from "../../seaworthy/drills/bad-release.ts";
import type { LoadRun } from "../../seaworthy/load/load.ts";
import { touching, failedByClass } from "../../seaworthy/load/window.ts";
import type { ClassCounts } from "../../seaworthy/record/evidence.ts";
import { badCommand, loadOn, systemOf, UNIT, WEB } from "./bad-releases.ts";
import { outcomeOf, rehearse, type Rehearsal } from "./rehearsal.ts";
import { isExactly, statusOf } from "./seen.ts";

/**
 * Starting processes, observing and answering on two cores that are shared with whatever else
 * runs: no configured interval says it.
 */
const MACHINE_MS = 20_000;

interface Expected {
  /** What the outcome says. */
  readonly because: RegExp;
  /** What its last probe or last log lines say. */
  readonly detail: RegExp;
  /** What it may cost: nothing, what nobody may repeat, or what it answers itself. */
  readonly costs: "nothing" | "what is not repeated" | "its own answers";
}

const MADE_BAD = /made bad on purpose/;
const FAILED = /\d+ of \d+ requests to the new release failed \(/;

const EXPECTED: Readonly<Record<BadRelease, Expected>> = {
  "never-ready": {
    because: /web-\d+ was not ready after 5000 ms/,
    detail: /last probe: .*\/ready → 503: not ready/,
    costs: "nothing",
  },
  exiting: {
    because: /web-\d+ does not stay up: exited with code 1, 3 times before it was ready/,
    detail: /ends at once/,
    costs: "nothing",
  },
  crashing: {
    because: /web-\d+ of the new release (died|restarted during the bake \(exited with code 1\))/,
    detail: /exited with code 1.*crashes/,
    costs: "what is not repeated",
  },
  unhealthy: {
    because: /web-\d+ of the new release (died|restarted during the bake \(failed its health)/,
    detail: /fails its health check/,
    costs: "nothing",
  },
  slow: {
    // Whoever is sure first: the comparison with what served before, or the edge, twice.
    because: /p95 \d.* against \d.* steady, limit 2x|far slower than the others \(2 times\)/,
    detail: MADE_BAD,
    costs: "nothing",
  },
  failing: { because: FAILED, detail: MADE_BAD, costs: "its own answers" },
  grey: { because: FAILED, detail: MADE_BAD, costs: "its own answers" },
  leaking: {
    because: /web-\d+ of the new release holds \d+MiB of memory, the one before \d+MiB/,
    detail: MADE_BAD,
    costs: "nothing",
  },
  "one-works": {
    because: /web-\d+ was not ready after 5000 ms/,
    detail: /last probe: .*\/ready → 503: not ready/,
    costs: "nothing",
  },
};

test("a release that goes bad is taken back on every instance, within its bound", async (t) => {
  await using rehearsal = await rehearse({ "system.ts": systemOf(WEB) });
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  const { edge } = await statusOf(rehearsal);
  for (const [index, bad] of BAD_RELEASES.entries()) {
    await t.test(bad, async (one) => {
      const load = await loadOn(edge[0] ?? "", rehearsal);
      const trial = { bad, expected: EXPECTED[bad], rehearsal, load, seed: 4711 + index };
      await tryOut(one, trial);
    });
  }
});

interface Trial {
  readonly bad: BadRelease;
  readonly expected: Expected;
  readonly rehearsal: Rehearsal;
  readonly load: LoadRun;
  readonly seed: number;
}

async function tryOut(t: TestContext, trial: Trial): Promise<void> {
  const { bad, expected, rehearsal, load, seed } = trial;
  const before = await statusOf(rehearsal);
  const web = before.units.find(({ name }) => name === "web");
  const last = Math.max(...(web?.instances ?? []).map(({ id }) => Number(id.split("-").at(-1))));
  const command = badCommand(bad, { seed, firstInstance: `web-${last + 1}` });
  await load.until(2_000, new AbortController().signal);
  const fromMs = load.nowMs();
  await rehearsal.write("system.ts", systemOf(command));
  const deploy = await rehearsal.run(["deploy", "--json"]);
  const toMs = load.nowMs();
  await rehearsal.write("system.ts", systemOf(WEB));
  await load.until(toMs + 1_000, new AbortController().signal);
  const { samples } = await load.finish();
  const outcome = outcomeOf(deploy);
  t.diagnostic(String(outcome["because"]));
  assert.equal(deploy.code, 4, deploy.stderr + deploy.stdout);
  assert.match(String(outcome["because"]), expected.because);
  assert.match(JSON.stringify(outcome["detail"]), expected.detail);
  assert.match(String(outcome["serving"]), new RegExp(`${web?.release} still serves all traffic`));
  // The committed release, on every instance, and a plan that has nothing to do.
  await isExactly(rehearsal, UNIT.replicas);
  const bound = takenBack(bad, UNIT, true);
  const tookMs = Number(outcome["seconds"]) * 1_000;
  const failed = failedByClass(touching(samples, { fromMs, toMs: load.nowMs() }));
  const sent = samples.filter(({ dueMs }) => dueMs >= fromMs).length;
  t.diagnostic(
    `taken back after ${tookMs.toFixed(0)} ms (bound ${bound.fromMs} to ${bound.toMs} ms); ` +
      `failed ${countsText(failed)} of ${sent}`,
  );
  assert.ok(tookMs >= bound.fromMs, `sooner than can be: ${tookMs} ms`);
  assert.ok(tookMs <= bound.toMs + MACHINE_MS, `${tookMs} ms, bound ${bound.toMs} ms`);
  const { safe, idempotent, unsafe } = failed;
  if (expected.costs === "its own answers") assert.ok(safe > 0, "it was never asked");
  else assert.deepEqual({ safe, idempotent }, { safe: 0, idempotent: 0 });
  if (expected.costs === "nothing") assert.equal(unsafe, 0);
}

function countsText({ safe, idempotent, unsafe }: ClassCounts): string {
  return `${safe} safe, ${idempotent} idempotent, ${unsafe} unsafe`;
}
