import { deadline } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { JobUnit } from "../plan/graph.ts";
import { DrillAborted } from "./aborted.ts";
import { conclude, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { siblingFor } from "./sibling.ts";
import { ReleaseSpotter } from "./spotter.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { describe, goBack, servingRelease } from "./way-back.ts";

const REMOVE_MS = 60_000;

const BAD_JOBS = ["fails", "hangs"] as const;
type BadJob = (typeof BAD_JOBS)[number];

const CODE: Readonly<Record<BadJob, string>> = {
  fails: 'console.error("made bad on purpose: this job fails"); process.exit(1)',
  hangs: 'console.error("made bad on purpose: this job hangs"); setInterval(() => {}, 1000)',
};

/** One run in which releases come with a job that fails, and with one that hangs. */
export async function badJobRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await refuseBoth({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

interface Trying {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

async function refuseBoth(trying: Trying): Promise<void> {
  const { setting, stage, notes } = trying;
  const own = await servingRelease(setting, notes);
  if (own === undefined) return;
  const fromMs = stage.run.nowMs();
  const seen: string[] = [];
  try {
    for (const bad of BAD_JOBS) {
      const how = await tryOne(trying, bad);
      if (how !== undefined) seen.push(how);
    }
    notes.tookMs = stage.run.nowMs() - fromMs;
    if (seen.length === BAD_JOBS.length) notes.injected = seen.join("; ");
  } finally {
    await removeJob(setting, notes);
    await goBack(setting, notes, own);
    notes.window = { fromMs, toMs: stage.run.nowMs() };
    notes.undoneMs = notes.window.toMs;
  }
  const { windowMs } = setting.request.parsed.system.drills;
  await stage.observe(fromMs + windowMs, "the rest of the window");
  notes.window = { fromMs, toMs: Math.max(notes.window.toMs, fromMs + windowMs) };
}

/** Resolves to what shows that the job ran and was bad; undefined: nothing does. */
async function tryOne({ setting, stage, notes }: Trying, bad: BadJob): Promise<string | undefined> {
  const { request, unit, turn } = setting;
  const { name: drill, emit, seed, ownCommand } = request;
  const job = badJob(setting, bad);
  const choice = { unit, seed: seed + turn, ownCommand, steadyP95Ms: 0, firstInstance: "" };
  const sibling = siblingFor("same", choice);
  const because = job.ok ? (sibling.ok ? undefined : sibling.error) : job.error;
  if (because !== undefined) notes.doubts.push(because);
  if (!job.ok || !sibling.ok) return undefined;
  const release = await describe(setting, sibling.value);
  emit({ kind: "drill", drill, phase: "inject", detail: `${release.id}, whose job ${bad}` });
  await using spotter = new ReleaseSpotter(request, { unit: unit.name, release: release.id });
  const { outcome, because: why } = await stage.during(`the release whose job ${bad}`, (signal) =>
    request.roll(sibling.value, signal, job.value),
  );
  await spotter[Symbol.asyncDispose]();
  if (spotter.started) {
    notes.wrongs.push(`an instance was started although the release's job ${bad}`);
  }
  if (outcome === "done") notes.wrongs.push(`a release whose job ${bad} was rolled in`);
  else if (outcome === "not-rolled-back") notes.wrongs.push(`not rolled back: ${why}`);
  else if (outcome !== "failed") {
    notes.doubts.push(`the release whose job ${bad} ended as ${outcome}: ${why}`);
  }
  return outcome === "failed" && why.includes(job.value.name) ? why : undefined;
}

/** Of the service's own files, so that it is made as its own jobs would be. */
function badJob({ request, unit, turn }: RunSetting, bad: BadJob): Result<JobUnit, string> {
  const [node] = request.ownCommand("");
  if (unit.run.kind === "image") {
    return refuse(`${unit.name} runs an image: a job that ${bad} cannot be made of it`);
  }
  const command: Command = [node, "-e", CODE[bad]];
  // Another release each time: what a job of the same one came to is remembered.
  const text = `${request.operation} ${turn}`;
  return ok({
    kind: "job",
    name: jobName(unit.name),
    run: { kind: "folder", build: unit.run.build, command },
    env: { SEAWORTHY_DRILL: { kind: "text", text } },
    needs: [],
    when: "before-rollout",
    schedule: undefined,
    // Or a person would have to decide what became of one that was cut short.
    idempotent: true,
    deadlineMs: request.parsed.system.drills.freezeMs,
  });
}

function jobName(service: string): string {
  return `${service}-drill-job`;
}

/** It must not be found by the next plan. */
async function removeJob({ request, unit }: RunSetting, notes: Notes): Promise<void> {
  const { target, lease } = request;
  const name = jobName(unit.name);
  try {
    // Not the request's signal: whatever was stopped, this is done.
    const signal = deadline(REMOVE_MS, `removing ${name}`);
    const observed = await target.observe(signal);
    if (!observed.units.some((one) => one.name === name)) return;
    const context = { signal, epoch: lease.epoch };
    const result = await target.apply({ action: "remove", unit: name }, context);
    if (result.outcome === "failed")
      notUndone(notes, `${name} is still defined: ${result.because}`);
  } catch (error) {
    notUndone(notes, error instanceof Error ? error.message : String(error));
  }
}
