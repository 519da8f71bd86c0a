import assert from "node:assert/strict";
import { test } from "node:test";
import type { Measured, RunResult } from "./measured.ts";
import { type Circumstances, reportOf, tableOf } from "./report.ts";

const CIRCUMSTANCES: Circumstances = {
  bench: "rollout",
  command: "npm run bench -- rollout",
  seed: 4711,
  date: "2026-11-20T08:00:00.000Z",
  tookSeconds: 61,
  interrupted: false,
  commit: "0000000",
  machine: {
    cores: 2,
    processor: "any",
    kernel: "linux 6",
    node: "24.0.0",
    loadAverageBefore: [0.1, 0.1, 0.1],
    loadAverageAfter: [0.9, 0.3, 0.2],
  },
};

const aRun = (failed: number, over: Partial<RunResult> = {}): RunResult => ({
  cell: "200/s",
  kind: "event",
  figures: { failed, p99Ms: 20 + failed },
  facts: {},
  readings: { failed: { value: failed, limit: 0 } },
  doubt: undefined,
  ...over,
});

const measuredOf = (runs: readonly RunResult[]): Measured => ({
  runs,
  bars: [{ cell: "200/s", name: "failed", limit: "0", runsNeeded: 3 }],
  notRun: [],
});

test("a planted failed request makes the bench not met, and the line says where", () => {
  const report = reportOf(measuredOf([aRun(0), aRun(1), aRun(0)]), CIRCUMSTANCES);
  assert.equal(report.verdict, "not met");
  const table = tableOf(report).join("\n");
  assert.match(table, /NOT MET · 200\/s · failed ≤ 0: 0 1 0/);
  assert.match(table, /load average 0\.1 → 0\.9/);
});

test("control runs are shown beside, and judged by nobody", () => {
  const control = aRun(7, { kind: "control", figures: { p99Ms: 900 } });
  const report = reportOf(measuredOf([aRun(0), control, aRun(0), aRun(0)]), CIRCUMSTANCES);
  assert.equal(report.verdict, "met");
  const p99 = report.cells[0]?.figures.find(({ figure }) => figure === "p99Ms");
  assert.deepEqual(p99?.values, [20, 20, 20]);
  assert.equal(p99?.control?.median, 900);
});

test("a run that broke counts as missing, not as passed", () => {
  const broken = aRun(0, { figures: {}, readings: {}, doubt: "up ended with 1" });
  const report = reportOf(measuredOf([aRun(0), aRun(0), broken]), CIRCUMSTANCES);
  assert.equal(report.verdict, "could not verify");
  assert.match(report.bars[0]?.because ?? "", /1 without: up ended with 1/);
});

test("a part that was not run is said, and keeps the whole from being met", () => {
  const notRun = [{ what: "nginx lane", because: "nginx is not installed" }];
  const measured = { ...measuredOf([aRun(0), aRun(0), aRun(0)]), notRun };
  const report = reportOf(measured, CIRCUMSTANCES);
  assert.equal(report.verdict, "could not verify");
  assert.match(tableOf(report).join("\n"), /not run: nginx lane: nginx is not installed/);
});
