import { budgetLine, evidenceRow, evidenceScale } from "../drills/report-line.ts";
import type { Evidence } from "../record/evidence.ts";
import { drillJson } from "./drill-json.ts";
import type { OpenSystem } from "./open-system.ts";
import { type Paint, painter, table } from "./paint.ts";
import type { Drilled } from "./run-drills.ts";
import type { Invocation } from "./verb.ts";

/** The verdicts, what they rest on, what was left out, and how to play it again. */
export function printDrilled(
  drilled: Drilled,
  about: {
    readonly seed: number;
    readonly system: OpenSystem;
    readonly invocation: Invocation;
  },
): void {
  const { seed, invocation } = about;
  const { terminal } = invocation.context;
  if (invocation.options.json === true) {
    terminal.out(`${JSON.stringify(drillJson(drilled, about))}\n`);
    return;
  }
  const paint = painter(terminal);
  const { evidence, skipped } = drilled;
  if (evidence.length > 0) {
    const rows = [["drill", "objective", "measured", "verdict"], ...evidence.map(evidenceRow)];
    for (const line of table(rows)) terminal.out(`${line}\n`);
  }
  for (const line of evidence.flatMap((one) => remarks(one, paint))) terminal.out(`${line}\n`);
  const availability = about.system.parsed.system.objectives.availability;
  for (const line of eachDrill(evidence, availability)) terminal.out(`${paint("dim", line)}\n`);
  for (const line of table(skipped.map((one) => ["not run", one.drill, one.because]))) {
    terminal.out(`${paint("dim", line)}\n`);
  }
  terminal.say(`again with --seed ${seed}\n`);
}

/** Of each drill, once: what one such fault costs of a month, and what is not proven by it. */
function eachDrill(
  evidence: readonly Evidence[],
  availability: number | undefined,
): readonly string[] {
  const drills = new Map(evidence.map((one) => [one.drill, one]));
  return [...drills.values()].flatMap((one) => {
    const budget = budgetLine(one, availability);
    const unproven = one.unproven === undefined ? [] : [`does not prove ${one.unproven}`];
    const lines = [...(budget === "" ? [] : [budget]), ...unproven];
    return lines.map((line) => `${one.drill}: ${line}`);
  });
}

function remarks(one: Evidence, paint: Paint): readonly string[] {
  const about = `${one.drill} ${one.objective}`;
  const broken = (one.leftBroken ?? []).map((what) => `${paint("red", "left broken")} ${what}`);
  const found = (one.findings ?? []).map(
    (text) => `${paint("yellow", "finding")} ${about}: ${text}`,
  );
  const doubt =
    one.verdict === "held" ? [] : [`${paint("yellow", one.verdict)} ${about}: ${one.because}`];
  return [paint("dim", `${about}: ${evidenceScale(one)}`), ...doubt, ...found, ...broken];
}
