import { freshSeed } from "@seaworthy/std/random";
import { deadline } from "@seaworthy/std/clock";
import { CATALOGUE, type Tier } from "../../drills/catalogue.ts";
import { releasesServing } from "../../drills/whole.ts";
import type { Target } from "../../targets/target.ts";
import type { Context } from "../context.ts";
import { latestPlays, reportPathOf, writeReport } from "../drill-report.ts";
import { exitOfDrills } from "../exit-of-drills.ts";
import { chooseDrills, type Chosen, type DrillChoice, readChoice } from "../choose-drills.ts";
import { confirmByName, disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem, refuseUnrunnable, subject } from "../open-system.ts";
import { beginOperation } from "../operation.ts";
import { openTarget } from "../open-target.ts";
import { table } from "../paint.ts";
import { runDrills } from "../run-drills.ts";
import { printDrilled } from "../drill-text.ts";
import { readEvidence } from "../records.ts";
import { countOption } from "./events.ts";
import type { Invocation, RunVerb } from "../verb.ts";

/** All values are kept in one evidence; at a minute each this is a night and a day. */
const RUNS_MAX = 1_000;
const OBSERVE_MS = 10_000;

/** Breaks what runs, under load, and says which objectives held. Exit 7 on a miss, 8 on a doubt. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  if (options["list"] === true) return list(invocation);
  const system = await openSystem(invocation);
  const flags = { all: options["all"] === true, due: options["due"] === true };
  const choice = readChoice(system.rest, flags);
  const reportPath = await reportPathOf(options["report"], context);
  if (choice === undefined) return await reportKept(reportPath, { system, context });
  await refuseUnrunnable(system);
  const asked = readAsked(invocation);
  await using target = disposable(await openTarget(system, context));
  const chosen = await choose(choice, { system, target, invocation, asked });
  if (choice.kind === "due" && chosen.drills.length === 0) return nothingToRun(chosen, invocation);
  await confirm(asked, { system, invocation });
  await using operation = await beginOperation("drill", target, invocation);
  const { drills } = chosen;
  const isDue = choice.kind === "due";
  const ran = await runDrills({ drills, isDue, system, operation, context, ...asked });
  const drilled = { ...ran, skipped: [...chosen.skipped, ...ran.skipped] };
  printDrilled(drilled, { seed: asked.seed, system, invocation });
  if (reportPath !== undefined) await writeReport(reportPath, drilled, { system, context });
  return exitOfDrills(choice, ran, context.interrupts.stopRequested());
};

/** Without a drill to run, a report is of what was kept. */
async function reportKept(
  path: string | undefined,
  about: { readonly system: OpenSystem; readonly context: Context },
): Promise<number> {
  if (path === undefined) {
    const known = Object.keys(CATALOGUE).join(", ");
    throw new Refusal(EXIT.usage, "which drill?", { fix: `one of ${known}, or --all` });
  }
  await using target = disposable(await openTarget(about.system, about.context));
  const evidence = latestPlays(await readEvidence(target.store));
  if (evidence.length === 0) throw new Refusal(EXIT.couldNotVerify, "no drill was played here yet");
  await writeReport(path, { evidence, skipped: [] }, about);
  return EXIT.done;
}

interface AskedDrills {
  readonly seed: number;
  readonly runs: number;
  readonly unit: string | undefined;
  readonly tierMax: Tier;
  readonly allowOutage: boolean;
}

function readAsked({ options }: Invocation): AskedDrills {
  const runs = countOption(options["runs"], { fallback: 1, flag: "--runs" });
  if (runs < 1 || runs > RUNS_MAX) {
    throw new Refusal(EXIT.usage, `--runs ${runs}: 1 to ${RUNS_MAX}`);
  }
  const unit = options["unit"];
  return {
    seed: countOption(options["seed"], { fallback: freshSeed(), flag: "--seed" }),
    runs,
    unit: typeof unit === "string" ? unit : undefined,
    tierMax: readTier(options["tier"]),
    allowOutage: options["allowOutage"] === true,
  };
}

/** What may hurt more than one member of a redundant set has to be asked for. */
function readTier(given: unknown): Tier {
  if (given === undefined) return "T1";
  if (given === "T0" || given === "T1" || given === "T2" || given === "T3") return given;
  throw new Refusal(EXIT.usage, "--tier is T0, T1, T2 or T3");
}

interface Choosing {
  readonly system: OpenSystem;
  readonly target: Target;
  readonly invocation: Invocation;
  readonly asked: AskedDrills;
}

async function choose(choice: DrillChoice, choosing: Choosing): Promise<Chosen> {
  const { system, target, invocation, asked } = choosing;
  const { context } = invocation;
  const signal = deadline(OBSERVE_MS, "looking at what runs", context.interrupts.abort);
  const observed = await target.observe(signal);
  return chooseDrills(choice, {
    ...asked,
    system,
    context,
    platform: target.platform,
    evidence: observed.exists ? await readEvidence(target.store) : [],
    releases: releasesServing(observed),
  });
}

/** Asked by name: an outage, and what drops data or a site. */
async function confirm(
  { allowOutage, tierMax }: AskedDrills,
  { system, invocation }: { readonly system: OpenSystem; readonly invocation: Invocation },
): Promise<void> {
  if (!allowOutage && tierMax !== "T3") return;
  const what = tierMax === "T3" ? "take a site or data of" : "take";
  const question = `This may ${what} ${subject(system)}${tierMax === "T3" ? "" : " out"}.`;
  await confirmByName(question, system.graph.system, invocation);
}

function nothingToRun({ skipped }: Chosen, { context, options }: Invocation): number {
  const { terminal } = context;
  if (options.json === true) {
    terminal.out(`${JSON.stringify({ schemaVersion: 1, evidence: [], skipped })}\n`);
    return EXIT.done;
  }
  const waits = skipped.some((one) => one.waits === true);
  terminal.out(waits ? "what is due waits\n" : "no drill is due\n");
  for (const line of table(skipped.map((one) => [one.drill, one.because]))) {
    terminal.say(`${line}\n`);
  }
  return EXIT.done;
}

function list(invocation: Invocation): number {
  const { terminal } = invocation.context;
  if (invocation.options.json === true) {
    terminal.out(`${JSON.stringify({ schemaVersion: 1, drills: CATALOGUE }, null, 2)}\n`);
    return EXIT.done;
  }
  const rows = Object.entries(CATALOGUE).map(([name, drill]) => [name, drill.tier, drill.breaks]);
  for (const line of table(rows)) terminal.out(`${line}\n`);
  return EXIT.done;
}
