import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { total } from "../load/window.ts";
import type { ClassCounts, DrillRun, Verdict } from "../record/evidence.ts";
import type { ObjectiveName } from "../system/system.ts";

/** What one run of a drill showed, and what it failed to show. */
export interface RunFinding {
  readonly run: DrillRun;
  /** Failures that are left out of the ratio: lost by nature, never more than were in flight. */
  readonly byNature: ClassCounts;
  readonly recovery: Recovery;
  /** What was not proven: a run with one verifies nothing. */
  readonly doubts: readonly string[];
  /** What must not be, whatever the ratio. */
  readonly wrongs: readonly string[];
  /** Why the run was given up; undefined when it was not. */
  readonly aborted: string | undefined;
  /** What was not undone. */
  readonly leftBroken: readonly string[];
}

/** From injection until it serves steadily and is whole; or for how long it was not. */
export type Recovery =
  | { readonly recovered: true; readonly afterMs: number }
  | { readonly recovered: false; readonly notAfterMs: number };

export interface Judgement {
  readonly verdict: Verdict;
  readonly measured: number | undefined;
  readonly because: string;
}

export interface JudgedObjective {
  readonly objective: ObjectiveName;
  readonly limit: number;
}

/**
 * The verdict of all runs on one objective (architecture §13). A write lost or applied twice is a
 * miss whatever else is in doubt: it was seen. Anything else needs the run to be believed first.
 */
export function judge(asked: JudgedObjective, findings: readonly RunFinding[]): Judgement {
  const measured = measure(asked, findings);
  const say = (verdict: Verdict, because: string): Judgement => ({ verdict, measured, because });
  const wrong = findings.flatMap(wrongsOf);
  if (wrong.length > 0) return say("missed", wrong.join("; "));
  const aborted = findings.find((finding) => finding.aborted !== undefined)?.aborted;
  if (aborted !== undefined) return say("aborted", aborted);
  const doubts = findings.flatMap(doubtsOf);
  if (doubts.length > 0) return say("could-not-verify", doubts.join("; "));
  if (findings.length === 0) return say("could-not-verify", "nothing was run");
  const { verdict, because } = byFigures(asked, findings);
  return say(verdict, because);
}

/** Whether a run speaks at all: it happened, was undone, was measured, and nothing is in doubt. */
export function isBelieved(finding: RunFinding): boolean {
  return finding.aborted === undefined && doubtsOf(finding).length === 0;
}

function wrongsOf({ run, wrongs }: RunFinding): readonly string[] {
  const { writes } = run;
  const found = [...wrongs];
  if (writes !== undefined && writes.doubled > 0)
    found.push(`${writes.doubled} writes applied twice`);
  if (writes !== undefined && writes.lost > 0) {
    found.push(`${writes.lost} acknowledged writes lost`);
  }
  return found;
}

function doubtsOf({ run, doubts }: RunFinding): readonly string[] {
  const found = [...doubts];
  const { generator } = run;
  if (!generator.ok) {
    const cpu = humanPercent(Number(generator.cpuRatio.toPrecision(2)));
    found.push(
      "the load generator was too slow to believe: " +
        `send lag p99 ${generator.sendLagP99Ms.toFixed(1)} ms (< 10), CPU ${cpu} (< 70 %), ` +
        `load average ${generator.loadAverage.toFixed(1)}`,
    );
  }
  // Where it was not even tried, why not is said already.
  if (run.injected === undefined && found.length === 0) {
    found.push("nothing shows that the fault happened");
  }
  if (run.undone === undefined && run.injected !== undefined) {
    found.push("nothing shows that the fault is undone");
  }
  return found;
}

function measure(asked: JudgedObjective, findings: readonly RunFinding[]): number | undefined {
  if (findings.length === 0) return undefined;
  switch (asked.objective) {
    case "errors":
    case "availability": {
      const { counted, sent } = ratioOf(findings);
      return sent === 0 ? undefined : counted / sent;
    }
    case "latency.p95":
      return Math.max(...findings.map(({ run }) => run.during.p95Ms));
    case "latency.p99":
      return Math.max(...findings.map(({ run }) => run.during.p99Ms));
    case "recovery.time":
      return Math.max(...findings.map(({ recovery }) => atLeastMs(recovery)));
    case "connections": {
      const held = findings.flatMap(({ run }) => run.connections ?? []);
      return held.length === 0 ? undefined : Math.min(...held);
    }
  }
}

function atLeastMs(recovery: Recovery): number {
  return recovery.recovered ? recovery.afterMs : recovery.notAfterMs;
}

/** Counted failures and n over all runs: n grows by runs, never by a longer window. */
function ratioOf(findings: readonly RunFinding[]): { counted: number; sent: number } {
  let counted = 0;
  let sent = 0;
  for (const { run, byNature } of findings) {
    counted += total(run.failed) - total(byNature);
    sent += total(run.sent);
  }
  return { counted, sent };
}

type Call = Pick<Judgement, "verdict" | "because">;

function byFigures(asked: JudgedObjective, findings: readonly RunFinding[]): Call {
  switch (asked.objective) {
    case "errors":
      return byRatio(asked.limit, findings);
    case "latency.p95":
      return byLatency({ limitMs: asked.limit, figure: "p95Ms", beyond: 0.05 }, findings);
    case "latency.p99":
      return byLatency({ limitMs: asked.limit, figure: "p99Ms", beyond: 0.01 }, findings);
    case "recovery.time":
      return byRecovery(asked.limit, findings);
    case "connections":
      return byConnections(asked.limit, findings);
    case "availability":
      return { verdict: "could-not-verify", because: "a drill of a minute proves no availability" };
  }
}

/** Rule of three: with no failure in n, the ratio is below 3/n with 95 % confidence. */
const RULE_OF_THREE = 3;

function byRatio(limit: number, findings: readonly RunFinding[]): Call {
  const { counted, sent } = ratioOf(findings);
  const figures = `${counted} of ${sent} failed (limit ${humanPercent(limit)})`;
  const spared = findings.reduce((all, { byNature }) => all + total(byNature), 0);
  const besides = spared === 0 ? "" : `, besides ${spared} in flight on the victim`;
  if (counted > limit * sent) return { verdict: "missed", because: `${figures}${besides}` };
  if (limit === 0) {
    return { verdict: "could-not-verify", because: `${figures}; no number of requests proves 0` };
  }
  // Rounded before it is compared: 3 / 0.001 is 3000.0000000000005 nowhere but in binary.
  const needed = Math.ceil(Number((RULE_OF_THREE / limit).toPrecision(12)));
  if (sent < needed) return tooFew({ sent, needed, figures }, findings.length);
  return { verdict: "held", because: `${figures}${besides}` };
}

function tooFew(
  seen: { readonly sent: number; readonly needed: number; readonly figures: string },
  runs: number,
): Call {
  const { sent, needed, figures } = seen;
  if (sent === 0)
    return { verdict: "could-not-verify", because: "no request fell into the window" };
  const more = Math.ceil(needed / (sent / runs)) - runs;
  const moreRuns = `${more} more ${more === 1 ? "run" : "runs"}`;
  const advice = `${moreRuns} like this would do (--runs ${runs + more})`;
  const because = `${figures}; ${needed} are needed to tell: ${advice}`;
  return { verdict: "could-not-verify", because };
}

function byLatency(
  rule: { readonly limitMs: number; readonly figure: "p95Ms" | "p99Ms"; readonly beyond: number },
  findings: readonly RunFinding[],
): Call {
  const worst = Math.max(...findings.map(({ run }) => run.during[rule.figure]));
  const fewest = Math.min(...findings.map(({ run }) => run.during.count));
  const needed = Math.ceil(Number((RULE_OF_THREE / rule.beyond).toPrecision(12)));
  const figures = `${humanDuration(worst)} at worst (limit ${humanDuration(rule.limitMs)})`;
  if (worst > rule.limitMs) return { verdict: "missed", because: figures };
  if (fewest >= needed) return { verdict: "held", because: figures };
  const because = `${figures}, of ${fewest} answers; ${needed} are needed to tell: raise load.rate`;
  return { verdict: "could-not-verify", because };
}

/** The run that held the fewest decides. */
function byConnections(limit: number, findings: readonly RunFinding[]): Call {
  const fewest = measure({ objective: "connections", limit }, findings);
  if (fewest === undefined) {
    return { verdict: "could-not-verify", because: "no run says how many connections it held" };
  }
  const because = `${fewest} connections held (limit ${limit})`;
  return { verdict: fewest >= limit ? "held" : "missed", because };
}

function byRecovery(limitMs: number, findings: readonly RunFinding[]): Call {
  const longest = findings
    .map(({ recovery }) => recovery)
    .toSorted((a, b) => atLeastMs(b) - atLeastMs(a));
  const worst = longest[0];
  if (worst === undefined) return { verdict: "could-not-verify", because: "nothing was run" };
  const limit = `(limit ${humanDuration(limitMs)})`;
  if (atLeastMs(worst) > limitMs) {
    const than = worst.recovered ? "" : "more than ";
    return { verdict: "missed", because: `${than}${humanDuration(atLeastMs(worst))} ${limit}` };
  }
  const stuck = longest.find((one) => !one.recovered);
  if (stuck !== undefined) {
    const until = humanDuration(atLeastMs(stuck));
    return {
      verdict: "could-not-verify",
      because: `not recovered when the window ended, ${until} ${limit}: lengthen drills.window`,
    };
  }
  return { verdict: "held", because: `${humanDuration(atLeastMs(worst))} at worst ${limit}` };
}
