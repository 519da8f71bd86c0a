import { deadline, timestamp } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { freshId } from "@seaworthy/std/random";
import type { JobUnit } from "../../plan/graph.ts";
import type { Observed, ObservedRun } from "../../plan/observed.ts";
import { nearest } from "../../system/nearest.ts";
import { nextDue, parseSchedule } from "../../system/schedule.ts";
import type { Target } from "../../targets/target.ts";
import { look } from "../chosen-instance.ts";
import type { Context } from "../context.ts";
import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import { painter, table } from "../paint.ts";
import { settleJob } from "../settle-job.ts";
import { singleStepsVerb } from "../single-steps-verb.ts";
import type { Invocation, RunVerb } from "../verb.ts";

const LOGS_MS = 10_000;
const LINES_SHOWN = 100;

/**
 * `job`, `job list`: what jobs there are and how they ran; `job run NAME`: one now; `job done NAME`
 * and `job again NAME`: what is to become of one that is half done.
 */
export const run: RunVerb = async (invocation) => {
  const system = await openSystem(invocation);
  const [verb = "list", ...rest] = system.rest;
  await using target = disposable(await openTarget(system, invocation.context));
  const observed = await look(target, invocation.context);
  if (verb === "list" && rest.length === 0) return list(system, observed, invocation);
  const [name, ...more] = rest;
  if (verb === "run" && name !== undefined && more.length === 0) {
    return await runOne(jobNamed(system, name), { system, target, observed, invocation });
  }
  if ((verb === "done" || verb === "again") && name !== undefined && more.length === 0) {
    const job = jobNamed(system, name);
    return await settleJob({ job, as: verb, target, observed, invocation });
  }
  throw new Refusal(EXIT.usage, "job takes `list`, or `run`, `done`, `again` and a job's name", {
    fix: `for example: seaworthy job run ${jobsOf(system)[0]?.name ?? "report"}`,
  });
};

function jobsOf(system: OpenSystem): readonly JobUnit[] {
  return system.graph.units.filter((unit) => unit.kind === "job");
}

function jobNamed(system: OpenSystem, name: string): JobUnit {
  const jobs = jobsOf(system);
  const found = jobs.find((job) => job.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    jobs.map((job) => job.name),
  );
  const names = jobs.map((job) => job.name).join(", ") || "none";
  throw new Refusal(EXIT.usage, `no job ${name} is declared`, {
    fix: near === undefined ? `jobs are ${names}` : `did you mean ${near}?`,
  });
}

interface Setting {
  readonly system: OpenSystem;
  readonly target: Target;
  readonly observed: Observed;
  readonly invocation: Invocation;
}

/** What was last put here runs: what changed since comes with the next `up`. */
async function runOne(job: JobUnit, setting: Setting): Promise<number> {
  const { target, observed, invocation } = setting;
  const { context, options } = invocation;
  const release = observed.units.find(({ name }) => name === job.name)?.committed;
  if (release === undefined) {
    throw new Refusal(EXIT.refused, `${job.name} was never put here`, { fix: "seaworthy up" });
  }
  if (options.dryRun === true) {
    context.terminal.out(`would run ${job.name} of ${release}\n`);
    return EXIT.done;
  }
  const name = `by-hand-${freshId(4)}`;
  const { deadlineMs } = job;
  const { code } = await singleStepsVerb(
    {
      verb: "job",
      steps: [{ action: "run-job", job: job.name, release, deadlineMs, run: name }],
      about: { job: job.name, release, run: name },
      done: `${job.name} of ${release} ran to its end`,
      next: `seaworthy logs ${job.name}; run it again: seaworthy job run ${job.name}`,
    },
    target,
    invocation,
  );
  if (code === EXIT.done && options.json !== true) await printLog(name, job.name, setting);
  return code;
}

/** What it wrote is what it was run for: data, so on stdout. */
async function printLog(run: string, job: string, setting: Setting): Promise<void> {
  const { target, invocation } = setting;
  const { context } = invocation;
  const { units } = await look(target, context);
  const runs = units.find(({ name }) => name === job)?.runs ?? [];
  const instance = runs.find((one) => one.run === run)?.instance;
  if (instance === undefined) return;
  const query = { unit: undefined, instance, tail: LINES_SHOWN, follow: false };
  const signal = deadline(LOGS_MS, `the log of ${instance}`, context.interrupts.abort);
  for await (const { text } of target.logs(query, signal)) context.terminal.out(`${text}\n`);
}

function list(system: OpenSystem, observed: Observed, invocation: Invocation): number {
  const { context, options } = invocation;
  const jobs = jobsOf(system).map((job) => {
    const seen = observed.units.find(({ name }) => name === job.name);
    const release = seen?.committed ?? null;
    const next = seen === undefined ? undefined : nextOf(job, context);
    return { name: job.name, when: whenOf(job), release, next, runs: seen?.runs ?? [] };
  });
  if (options.json === true) {
    const shown = jobs.map((job) => ({
      ...{ ...job, next: job.next ?? null },
      runs: job.runs.map(runJson),
    }));
    context.terminal.out(`${JSON.stringify({ schemaVersion: 1, jobs: shown }, null, 2)}\n`);
    return EXIT.done;
  }
  if (jobs.length === 0) context.terminal.out("no job is declared\n");
  const paint = painter(context.terminal);
  const rows = jobs.flatMap((job) => [
    [job.name, job.when, job.release ?? "not put here yet", job.next ?? ""],
    ...job.runs.slice(-5).map((one) => {
      const color = one.outcome === "done" ? "green" : one.outcome === "failed" ? "red" : "yellow";
      const how = [tookText(one), one.because ?? ""].filter((text) => text !== "").join(" · ");
      return [`  ${one.instance}`, one.startedAt ?? "", paint(color, one.outcome), how];
    }),
  ]);
  for (const line of table(rows)) context.terminal.out(`${line}\n`);
  return EXIT.done;
}

function runJson(one: ObservedRun): object {
  const { run, startedAt, endedAt, because } = one;
  return {
    ...{ ...one, run: run ?? null, startedAt: startedAt ?? null },
    ...{ endedAt: endedAt ?? null, because: because ?? null },
  };
}

function tookText({ startedAt, endedAt }: ObservedRun): string {
  if (startedAt === undefined || endedAt === undefined) return "";
  return humanDuration(Date.parse(endedAt) - Date.parse(startedAt));
}

function whenOf(job: JobUnit): string {
  return job.schedule === undefined ? job.when : `${job.schedule} (UTC)`;
}

function nextOf({ schedule }: JobUnit, { clock }: Context): string | undefined {
  const parsed = schedule === undefined ? undefined : parseSchedule(schedule);
  if (parsed?.ok !== true) return undefined;
  const nextMs = nextDue(parsed.value, Date.parse(timestamp(clock)));
  return nextMs === undefined ? undefined : `next ${new Date(nextMs).toISOString()}`;
}
