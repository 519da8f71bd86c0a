import { freshSeed } from "@seaworthy/std/random";
import { CATALOGUE, type DrillName, isDrillName } from "../../drills/catalogue.ts";
import type { Evidence } from "../../record/evidence.ts";
import { confirmByName, disposable } from "../converge-verb.ts";
import { EXIT, exitForEvidence } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem, refuseUnrunnable, subject } from "../open-system.ts";
import { beginOperation } from "../operation.ts";
import { openTarget } from "../open-target.ts";
import { painter, table } from "../paint.ts";
import { runDrills } from "../run-drills.ts";
import { evidenceRow, evidenceScale } from "../../drills/report-line.ts";
import { drillJson } from "../drill-json.ts";
import { countOption } from "./events.ts";
import type { Invocation, RunVerb } from "../verb.ts";

/** All values are kept in one evidence; at a minute each this is a night and a day. */
const RUNS_MAX = 1_000;

/** Breaks what runs, under load, and says which objectives held. Exit 7 on a miss, 8 on a doubt. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  if (options["list"] === true) return list(invocation);
  const system = await openSystem(invocation);
  await refuseUnrunnable(system);
  const drills = chosen(system.rest, options["all"] === true);
  const seed = countOption(options["seed"], { fallback: freshSeed(), flag: "--seed" });
  const runs = countOption(options["runs"], { fallback: 1, flag: "--runs" });
  const unit = options["unit"];
  if (runs < 1 || runs > RUNS_MAX) {
    throw new Refusal(EXIT.usage, `--runs ${runs}: 1 to ${RUNS_MAX}`);
  }
  if (options["allowOutage"] === true) {
    const question = `This may take ${subject(system)} out.`;
    await confirmByName(question, system.graph.system, invocation);
  }
  await using target = disposable(await openTarget(system, context));
  await using operation = await beginOperation("drill", target, invocation);
  const evidence = await runDrills({
    drills,
    system,
    operation,
    context,
    seed,
    runs,
    unit: typeof unit === "string" ? unit : undefined,
    tierMax: "T1",
    allowOutage: options["allowOutage"] === true,
  });
  print(evidence, { seed, system, invocation });
  return exitForEvidence(evidence);
};

function chosen(names: readonly string[], all: boolean): readonly DrillName[] {
  const known = Object.keys(CATALOGUE).join(", ");
  if (all) return Object.keys(CATALOGUE).filter(isDrillName);
  if (names.length === 0) {
    throw new Refusal(EXIT.usage, "which drill?", { fix: `one of ${known}, or --all` });
  }
  return names.map((name) => {
    if (isDrillName(name)) return name;
    throw new Refusal(EXIT.usage, `no drill ${name}`, { fix: `drills are ${known}` });
  });
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

interface Drilled {
  readonly seed: number;
  readonly system: OpenSystem;
  readonly invocation: Invocation;
}

function print(evidence: readonly Evidence[], { seed, system, invocation }: Drilled): void {
  const { terminal } = invocation.context;
  if (invocation.options.json === true) {
    terminal.out(`${JSON.stringify(drillJson(evidence, { seed, system }))}\n`);
    return;
  }
  const paint = painter(terminal);
  const rows = [["drill", "objective", "measured", "verdict"], ...evidence.map(evidenceRow)];
  for (const line of table(rows)) terminal.out(`${line}\n`);
  for (const one of evidence) {
    terminal.out(`${paint("dim", `${one.drill} ${one.objective}: ${evidenceScale(one)}`)}\n`);
    if (one.verdict !== "held")
      terminal.out(
        `${paint("yellow", one.verdict)} ${one.drill} ${one.objective}: ${one.because}\n`,
      );
  }
  terminal.say(`again with --seed ${seed}\n`);
}
