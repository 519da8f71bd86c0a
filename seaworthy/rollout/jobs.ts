import type { JobUnit } from "../plan/graph.ts";
import { readRecords } from "../record/read.ts";
import type { JournalEntry } from "../record/journal.ts";
import type { StepResult } from "../record/step.ts";
import type { ConvergeRequest, End } from "./request.ts";
import type { Steps } from "./steps.ts";

type Failed = Extract<StepResult, { readonly outcome: "failed" }>;

/** A job without an end of its own would hold a roll for ever. */
const JOB_MS_DEFAULT = 600_000;

/**
 * Runs the jobs of a plan, before anything is rolled; the first that fails ends it. Whether a job
 * may run (again) is the target's to know: it saw the process, we may have died before its end.
 */
export async function runJobs(request: ConvergeRequest, steps: Steps): Promise<End | undefined> {
  const planned = request.plan.steps.filter((step) => step.action === "run-job");
  if (planned.length === 0) return undefined;
  const journal = await readRecords(request.target.store, "journal");
  for (const { unit: name, to } of planned) {
    if (to === undefined) continue;
    if (request.stopRequested()) {
      return { outcome: "interrupted", because: `stopped on request before ${name} ran` };
    }
    const job = request.graph.units.find((one) => one.name === name && one.kind === "job");
    const unit = job?.kind === "job" ? job : undefined;
    const deadlineMs = unit?.deadlineMs ?? JOB_MS_DEFAULT;
    const result = await steps.run({ action: "run-job", job: name, release: to, deadlineMs });
    if (result.outcome === "done") continue;
    const isHalfDone = result.personNeeded === true || wasCutShort(journal, name, to);
    // What may run again does: nobody has to look at what a first try did.
    return isHalfDone && unit?.idempotent !== true
      ? halfDone(name, to, result)
      : failedJob(unit, name, result);
  }
  return undefined;
}

/** Jobs by schedule or by hand: what their next run uses. A failure is the operation's own end. */
export async function commitJobs(
  request: Pick<ConvergeRequest, "plan" | "graph">,
  steps: Steps,
): Promise<End | undefined> {
  for (const { unit, to } of request.plan.steps) {
    const job = request.graph.units.find((one) => one.name === unit);
    if (job?.kind !== "job" || job.when === "before-rollout" || to === undefined) continue;
    const result = await steps.run({ action: "commit", unit, release: to });
    if (result.outcome === "done") continue;
    const because = `the next run of ${unit} still uses its release before: ${result.because}`;
    return { outcome: "not-rolled-back", because, detail: result.detail };
  }
  return undefined;
}

/** An earlier run began this job and did not live to see its end. */
function wasCutShort(journal: readonly JournalEntry[], job: string, release: string): boolean {
  const open = new Set<string>();
  for (const entry of journal) {
    if (entry.entry === "result") open.delete(`${entry.operation} ${entry.stepId}`);
    if (entry.entry !== "intent" || entry.step.action !== "run-job") continue;
    if (entry.step.job !== job || entry.step.release !== release) continue;
    open.add(`${entry.operation} ${entry.stepId}`);
  }
  return open.size > 0;
}

function halfDone(job: string, release: string, result: Failed): End {
  return {
    outcome: "not-rolled-back",
    because: `${job} of ${release} is half done: ${result.because}`,
    detail: [
      ...result.detail,
      "nothing was rolled; look at what the job did, then",
      `say what it is: seaworthy job done ${job}, or seaworthy job again ${job}`,
      `or declare ${job} 'idempotent: true' if it may always run again`,
    ],
  };
}

function failedJob(unit: JobUnit | undefined, name: string, result: Failed): End {
  const again = unit?.idempotent === true ? "it may run again" : "what it did so far stays done";
  return {
    outcome: "failed",
    because: `${name} failed: ${result.because}; nothing was rolled; ${again}`,
    detail: result.detail,
  };
}
