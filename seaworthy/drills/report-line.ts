import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { NOTHING, total } from "../load/window.ts";
import type { ClassCounts, DrillRun, Evidence, WriteAudit } from "../record/evidence.ts";
import type { ObjectiveName, RequestClass } from "../system/system.ts";
import { limitText, monthBudgetMs } from "./objectives.ts";

const SHORT: Readonly<Record<ObjectiveName, string>> = {
  availability: "availability",
  errors: "errors",
  "latency.p95": "p95",
  "latency.p99": "p99",
  "recovery.time": "recovery",
};

/** Drill, objective, measured, verdict: one line of the report for people. */
export function evidenceRow(evidence: Evidence): readonly string[] {
  const objective = `${SHORT[evidence.objective]} ${limitText(evidence)}`;
  return [evidence.drill, objective, measuredText(evidence), evidence.verdict];
}

function measuredText(evidence: Evidence): string {
  const { runs } = evidence;
  if (runs.length === 0) return evidence.because;
  return [...figures(evidence), ...scale(runs)].filter((text) => text !== "").join(" · ");
}

function figures({ drill, objective, runs }: Evidence): readonly string[] {
  const unavailableMs = worst(runs, (run) => run.outage.unavailableMs);
  const exposureMs = worst(runs, (run) => run.exposureMs);
  const restoredMs = worst(runs, (run) => run.restoredMs);
  const isFault = drill === "kill-instance" || drill === "freeze-instance";
  return [
    isFault && outageShows(runs) ? `${humanDuration(unavailableMs ?? 0)} outage` : "",
    exposureMs === undefined ? "" : `exposure ${humanDuration(exposureMs)}`,
    ...classes(runs),
    objective === "latency.p95" ? tail(runs, "p95Ms") : tail(runs, "p99Ms"),
    drill === "kill-instance" && restoredMs !== undefined
      ? `whole again in ${humanDuration(restoredMs)}`
      : "",
    writesText(runs),
  ];
}

/** An outage is what a client could not retry past: seconds of failures, or nothing at all. */
function outageShows(runs: readonly DrillRun[]): boolean {
  return runs.some(({ outage }) => outage.badSeconds > 0);
}

const PLURAL: Readonly<Record<RequestClass, string>> = {
  safe: "safe",
  idempotent: "idempotent",
  unsafe: "unsafe",
  stream: "streams",
};

function classes(runs: readonly DrillRun[]): readonly string[] {
  const sent = sum(runs, (run) => run.sent);
  const failed = sum(runs, (run) => run.failed);
  const inFlight = sum(runs, (run) => run.inFlightOnVictim);
  const names = ["safe", "idempotent", "unsafe", "stream"] as const;
  return names
    .filter((name) => sent[name] > 0)
    .map((name) => {
      const victim = inFlight[name] > 0 ? ` (${inFlight[name]} in flight on the victim)` : "";
      return `${PLURAL[name]} ${grouped(failed[name])} of ${grouped(sent[name])}${victim}`;
    });
}

function tail(runs: readonly DrillRun[], figure: "p95Ms" | "p99Ms"): string {
  const during = worst(runs, (run) => run.during[figure]);
  const steady = worst(runs, (run) => run.baseline[figure]);
  if (during === undefined) return "";
  const name = figure === "p95Ms" ? "p95" : "p99";
  return `${name} ${humanDuration(during)} (steady ${humanDuration(steady ?? 0)})`;
}

function writesText(runs: readonly DrillRun[]): string {
  const audits = runs.flatMap((run) => (run.writes === undefined ? [] : [run.writes]));
  if (audits.length === 0) return "";
  const count = (of: keyof WriteAudit): number => audits.reduce((all, audit) => all + audit[of], 0);
  const lost = count("lost");
  const doubled = count("doubled");
  if (lost === 0 && doubled === 0) return "nothing lost or applied twice";
  return `${grouped(lost)} acknowledged and lost, ${grouped(doubled)} applied twice`;
}

function scale(runs: readonly DrillRun[]): readonly string[] {
  const windowMs = runs.reduce((all, run) => all + run.windows.windowMs, 0);
  const n = total(sum(runs, (run) => run.sent));
  const load = Math.max(...runs.map((run) => run.generator.loadAverage));
  const of = runs.length === 1 ? "" : `${runs.length} runs, `;
  return [`n ${grouped(n)} in ${of}${humanDuration(windowMs)}, load ${load.toFixed(1)}`];
}

/**
 * What one such fault costs of a month; undefined where nothing was measured. A drill of a minute
 * proves no availability, so none is claimed.
 */
export function budgetLine(evidence: Evidence, availability: number | undefined): string {
  const promised = availability ?? (evidence.objective === "errors" ? 1 - evidence.limit : 1);
  const outageMs = worst(evidence.runs, (run) => run.outage.unavailableMs);
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
