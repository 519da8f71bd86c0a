import assert from "node:assert/strict";
import { test } from "node:test";
import { aFinding, aRun } from "./verdict.fixture.ts";
import { judge } from "./verdict.ts";

const errors = { objective: "errors", limit: 0.001 } as const;
const NONE = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

test("a ratio is held when little enough failed of enough", () => {
  const judged = judge(errors, [aFinding({ run: { failed: { ...NONE, unsafe: 4 } } })]);
  assert.equal(judged.verdict, "held");
  assert.ok(Math.abs((judged.measured ?? 1) - 4 / 4_500) < 1e-9);
  assert.equal(judged.because, "4 of 4500 failed (limit 0.1 %)");
});

test("a ratio above the limit is missed, with its figures", () => {
  const judged = judge(errors, [aFinding({ run: { failed: { ...NONE, safe: 5 } } })]);
  assert.equal(judged.verdict, "missed");
  assert.match(judged.because, /5 of 4500 failed/);
});

test("losses by nature are left out, and only they", () => {
  const failed = { ...NONE, unsafe: 6, stream: 4 };
  const spared = { ...NONE, unsafe: 1, stream: 4 };
  const judged = judge(errors, [aFinding({ run: { failed }, byNature: spared })]);
  assert.equal(judged.verdict, "missed", "5 of 4500 are more than 0.1 %");
  const held = judge(errors, [
    aFinding({ run: { failed: { ...failed, unsafe: 1 } }, byNature: spared }),
  ]);
  assert.equal(held.verdict, "held");
  assert.match(held.because, /0 of 4500 failed .* besides 5 in flight on the victim/);
});

test("a ratio needs n of three over its limit, and says how many runs are missing", () => {
  const sent = { ...NONE, safe: 1_000 };
  const judged = judge(errors, [aFinding({ run: { sent } })]);
  assert.equal(judged.verdict, "could-not-verify");
  assert.match(judged.because, /3000 are needed to tell: 2 more runs like this .*--runs 3/);
  const three = [1, 2, 3].map(() => aFinding({ run: { sent } }));
  assert.equal(judge(errors, three).verdict, "held", "n grows by runs");
});

test("too few requests do not excuse too many failures", () => {
  const sent = { ...NONE, safe: 100 };
  const judged = judge(errors, [aFinding({ run: { sent, failed: { ...NONE, safe: 1 } } })]);
  assert.equal(judged.verdict, "missed");
});

test("no number of requests proves a limit of zero, and one failure refutes it", () => {
  const zero = { objective: "errors", limit: 0 } as const;
  assert.equal(judge(zero, [aFinding()]).verdict, "could-not-verify");
  const failed = { ...NONE, safe: 1 };
  assert.equal(judge(zero, [aFinding({ run: { failed } })]).verdict, "missed");
});

test("a window without a request verifies nothing", () => {
  const judged = judge(errors, [aFinding({ run: { sent: NONE } })]);
  assert.equal(judged.verdict, "could-not-verify");
  assert.equal(judged.measured, undefined);
});

test("anything applied twice or lost is missed, whatever the ratio and the doubts", () => {
  const writes = { ok: 1_000, failed: 0, unknown: 0, lost: 0, doubled: 0, unknownApplied: 0 };
  const doubled = aFinding({ run: { writes: { ...writes, doubled: 3 } } });
  const lost = aFinding({ run: { writes: { ...writes, lost: 1 } }, doubts: ["not sure"] });
  for (const objective of ["errors", "latency.p95", "recovery.time"] as const) {
    const asked = { objective, limit: 60_000 };
    assert.deepEqual(judge(asked, [doubled]).verdict, "missed");
    assert.match(judge(asked, [doubled]).because, /3 writes applied twice/);
    assert.deepEqual(judge(asked, [lost]).verdict, "missed");
    assert.match(judge(asked, [lost]).because, /1 acknowledged writes lost/);
  }
  const phantom = aFinding({ wrongs: ["a refused write took effect"] });
  assert.equal(judge(errors, [phantom]).verdict, "missed");
});

test("an injection or an undo that nobody saw verifies nothing", () => {
  for (const missing of ["injected", "undone"] as const) {
    const judged = judge(errors, [aFinding({ run: { [missing]: undefined } })]);
    assert.equal(judged.verdict, "could-not-verify");
    assert.match(judged.because, missing === "injected" ? /happened/ : /undone/);
  }
});

test("a generator that cannot be believed verifies nothing, not even a miss", () => {
  const generator = { sendLagP99Ms: 31, cpuRatio: 0.4, loadAverage: 9, ok: false };
  const judged = judge(errors, [aFinding({ run: { generator, failed: { ...NONE, safe: 400 } } })]);
  assert.equal(judged.verdict, "could-not-verify");
  assert.match(judged.because, /send lag p99 31.0 ms .* load average 9.0/);
});

test("one doubtful run of several makes all of them doubtful", () => {
  const judged = judge(errors, [aFinding(), aFinding({ doubts: ["p95 was 900 ms before"] })]);
  assert.equal(judged.verdict, "could-not-verify");
  assert.match(judged.because, /900 ms/);
});

test("an aborted run is aborted, with its figures", () => {
  const judged = judge(errors, [aFinding({ aborted: "stopped by the operator" })]);
  assert.deepEqual(judged, {
    verdict: "aborted",
    measured: 0,
    because: "stopped by the operator",
  });
});

test("no run at all verifies nothing", () => {
  assert.equal(judge(errors, []).verdict, "could-not-verify");
});

test("latency is the worst run's, never an average", () => {
  const during = (p95Ms: number) => ({ ...aRun().during, p95Ms });
  const p95 = { objective: "latency.p95", limit: 500 } as const;
  const slow = [
    aFinding({ run: { during: during(100) } }),
    aFinding({ run: { during: during(700) } }),
  ];
  assert.equal(judge(p95, slow).verdict, "missed");
  assert.equal(judge(p95, slow).measured, 700);
  assert.equal(judge(p95, slow.slice(0, 1)).verdict, "held");
});

test("a percentile of too few answers is none", () => {
  const during = { ...aRun().during, count: 299 };
  const finding = aFinding({ run: { during } });
  assert.equal(
    judge({ objective: "latency.p99", limit: 500 }, [finding]).verdict,
    "could-not-verify",
  );
  assert.equal(judge({ objective: "latency.p95", limit: 500 }, [finding]).verdict, "held");
});

test("recovery is held, missed, or not seen to its end", () => {
  const asked = { objective: "recovery.time", limit: 10_000 } as const;
  const judged = (recovery: Parameters<typeof aFinding>[0]) => judge(asked, [aFinding(recovery)]);
  assert.equal(judged({ recovery: { recovered: true, afterMs: 9_000 } }).verdict, "held");
  assert.equal(judged({ recovery: { recovered: true, afterMs: 11_000 } }).verdict, "missed");
  const still = judged({ recovery: { recovered: false, notAfterMs: 15_000 } });
  assert.equal(still.verdict, "missed");
  assert.match(still.because, /more than 15.0 s/);
  const unseen = judged({ recovery: { recovered: false, notAfterMs: 5_000 } });
  assert.equal(unseen.verdict, "could-not-verify");
});

test("no drill of a minute proves an availability", () => {
  const judged = judge({ objective: "availability", limit: 0.999 }, [aFinding()]);
  assert.equal(judged.verdict, "could-not-verify");
});
