import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { NOTHING, total } from "../load/window.ts";
import type { ClassCounts, DrillRun, Evidence, WriteAudit } from "../record/evidence.ts";
import type { ObjectiveName, RequestClass } from "../system/system.ts";
import { CATALOGUE, isDrillName } from "./catalogue.ts";
import { limitText, monthBudgetMs } from "./objectives.ts";

const SHORT: Readonly<Record<ObjectiveName, string>> = {
  availability: "availability",
  errors: "errors",
  "latency.p95": "p95",
  "latency.p99": "p99",
  "recovery.time": "recovery",
  connections: "connections",
};

/** Drill, objective, measured, verdict: one line of the report for people. */
export function evidenceRow(evidence: Evidence): readonly string[] {
  const objective = `${SHORT[evidence.objective]} ${limitText(evidence)}`;
  return [evidence.drill, objective, measuredText(evidence), evidence.verdict];
}

/**
 * What the figures rest on: requests, windows, rate, load of the machine. Shown below the line,
 * because no figure of a drill means anything without it.
 */
export function evidenceScale({ runs }: Evidence): string {
  const [first] = runs;
  if (first === undefined) return "nothing was measured";
  const { warmUpMs, baselineMs } = first.windows;
  const windowMs = runs.reduce((all, run) => all + run.windows.windowMs, 0);
  const load = Math.max(...runs.map((run) => run.generator.loadAverage));
  return [
    `n ${grouped(total(sum(runs, (run) => run.sent)))} in ${humanDuration(windowMs)}`,
    runs.length === 1 ? "1 run" : `${runs.length} runs`,
    `warm-up ${humanDuration(warmUpMs)}`,
    `baseline ${humanDuration(baselineMs)}`,
    `${first.ratePerSecond} requests/s`,
    `load average ${load.toFixed(1)}`,
  ].join(" · ");
}

function measuredText(evidence: Evidence): string {
  const { runs } = evidence;
  if (runs.length === 0) return evidence.because;
  if (runs.every(isUnbroken)) return "nothing was broken";
  return figures(evidence)
    .filter((text) => text !== "")
    .join(" · ");
}

/** It never came to a window: what its few requests show is no figure of the drill. */
function isUnbroken({ injected, windows }: DrillRun): boolean {
  return injected === undefined && windows.windowMs === 0;
}

/** What the drill is about comes first; a line that says everything says nothing. */
function figures({ drill, objective, runs }: Evidence): readonly string[] {
  const losses = lossesOrOutage(drill, runs);
  const writes = writesText(runs);
  if (losesInFlight(drill)) return [...losses, restored(runs), writes];
  const latency = objective === "latency.p95" ? tail(runs, "p95Ms") : tail(runs, "p99Ms");
  const about = objective === "recovery.time" ? restored(runs) : latency;
  return [
    ...capacity(runs),
    ...exposure(runs),
    ...held(runs),
    ...losses,
    stoppedText(runs),
    about,
    writes,
  ];
}

/** What an older or newer version called a drill is shown as what it is. */
function losesInFlight(drill: string): boolean {
  return isDrillName(drill) && CATALOGUE[drill].losesInFlight !== false;
}

/** What the fault stopped by nature, or the spike shed, and how it failed. */
function stoppedText(runs: readonly DrillRun[]): string {
  const stopped = runs.flatMap((run) => (run.stopped === undefined ? [] : [run.stopped]));
  const sent = stopped.reduce((all, one) => all + total(one.sent), 0);
  if (sent === 0) return "";
  const failed = stopped.reduce((all, one) => all + total(one.failed), 0);
  const how = [...new Set(stopped.flatMap((one) => Object.keys(one.how)))].toSorted();
  const kinds = how.length === 0 ? "" : ` (${how.join(", ")})`;
  return `stopped ${grouped(failed)} of ${grouped(sent)}${kinds}`;
}

function held(runs: readonly DrillRun[]): readonly string[] {
  const counts = runs.flatMap(({ connections }) => connections ?? []);
  return counts.length === 0 ? [] : [`${grouped(Math.min(...counts))} connections`];
}

/** Of several runs, the one that held least: it is what can be relied on. */
function capacity(runs: readonly DrillRun[]): readonly string[] {
  const all = runs.flatMap((run) => run.capacity ?? []);
  const [least] = all.toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
  if (least === undefined) return [];
  const { ratePerSecond, atLeast, connections, instancesForLoad } = least;
  const rate = `${atLeast ? "≥ " : ""}${grouped(Math.floor(ratePerSecond))}/s`;
  const held = connections === undefined ? "" : ` and ${grouped(connections)} connections`;
  return [`one instance holds ${rate}${held}: the load needs ${instancesForLoad}`];
}

function exposure(runs: readonly DrillRun[]): readonly string[] {
  const exposureMs = worst(runs, (run) => run.exposureMs);
  return exposureMs === undefined ? [] : [`exposure ${humanDuration(exposureMs)}`];
}

function restored(runs: readonly DrillRun[]): string {
  const restoredMs = worst(runs, (run) => run.restoredMs);
  return restoredMs === undefined ? "" : `whole in ${humanDuration(restoredMs)}`;
}

/** An outage is what a retry could not get past: seconds in which repeatable requests failed. */
function lossesOrOutage(drill: string, runs: readonly DrillRun[]): readonly string[] {
  const isOutage = runs.some(
    ({ outage, failed }) => outage.badSeconds > 0 && failed.safe + failed.idempotent > 0,
  );
  if (!isOutage) return classes(drill, runs);
  const outageMs = worst(runs, (run) => run.outage.unavailableMs) ?? 0;
  const sent = total(sum(runs, (run) => run.sent));
  const failed = total(sum(runs, (run) => run.failed));
  return [`${humanDuration(outageMs)} outage`, `${grouped(failed)} of ${grouped(sent)} failed`];
}

const PLURAL: Readonly<Record<RequestClass, string>> = {
  safe: "safe",
  idempotent: "idempotent",
  unsafe: "unsafe",
  stream: "streams",
};

function classes(drill: string, runs: readonly DrillRun[]): readonly string[] {
  const sent = sum(runs, (run) => run.sent);
  const failed = sum(runs, (run) => run.failed);
  const inFlight = sum(runs, (run) => run.inFlightOnVictim);
  const names = ["safe", "idempotent", "unsafe", "stream"] as const;
  return names
    .filter((name) => sent[name] > 0)
    .map((name) => {
      const lost = `${PLURAL[name]} ${grouped(failed[name])} of ${grouped(sent[name])}`;
      // What was in flight on a killed one is lost by nature: counted, bounded, said.
      const isLost = losesInFlight(drill) && failed[name] > 0;
      const isEverything = isDrillName(drill) && CATALOGUE[drill].losesInFlight === "everything";
      const isByNature = isLost && (name === "unsafe" || name === "stream" || isEverything);
      return isByNature ? `${lost} (${inFlight[name]} in flight)` : lost;
    });
}

function tail(runs: readonly DrillRun[], figure: "p95Ms" | "p99Ms"): string {
  const during = worst(runs, (run) => run.during[figure]);
  const steady = worst(runs, (run) => run.baseline[figure]);
  if (during === undefined) return "";
  const name = figure === "p95Ms" ? "p95" : "p99";
  return `${name} ${humanDuration(during)} (steady ${Math.round(steady ?? 0)})`;
}

function writesText(runs: readonly DrillRun[]): string {
  const audits = runs.flatMap((run) => (run.writes === undefined ? [] : [run.writes]));
  if (audits.length === 0) return "";
  const count = (of: keyof WriteAudit): number => audits.reduce((all, audit) => all + audit[of], 0);
  const lost = count("lost");
  const doubled = count("doubled");
  if (lost === 0 && doubled === 0) return "nothing applied twice";
  return `${grouped(lost)} acknowledged and lost, ${grouped(doubled)} applied twice`;
}

/**
 * What one such fault costs of a month; undefined where nothing was measured. A drill of a minute
 * proves no availability, so none is claimed.
 */
export function budgetLine(evidence: Evidence, availability: number | undefined): string {
  const promised = availability ?? (evidence.objective === "errors" ? 1 - evidence.limit : 1);
  const broken = evidence.runs.filter((run) => !isUnbroken(run));
  const outageMs = worst(broken, (run) => run.outage.unavailableMs);
  if (outageMs === undefined || promised >= 1) return "";
  const budgetMs = monthBudgetMs(promised);
  const spent = humanPercent(Number((outageMs / budgetMs).toPrecision(2)));
  const budget = `the ${humanDuration(budgetMs)} that ${humanPercent(promised)} of 30 days allow`;
  return `${humanDuration(outageMs)} of outage a fault: ${spent} of ${budget}`;
}

function worst(
  runs: readonly DrillRun[],
  of: (run: DrillRun) => number | undefined,
): number | undefined {
  const values = runs.flatMap((run) => of(run) ?? []);
  return values.length === 0 ? undefined : Math.max(...values);
}

function sum(runs: readonly DrillRun[], of: (run: DrillRun) => ClassCounts): ClassCounts {
  return runs.map(of).reduce(
    (all, one) => ({
      safe: all.safe + one.safe,
      idempotent: all.idempotent + one.idempotent,
      unsafe: all.unsafe + one.unsafe,
      stream: all.stream + one.stream,
    }),
    NOTHING,
  );
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
