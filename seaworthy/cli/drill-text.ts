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
  const { availability } = about.system.parsed.system.objectives;
  for (const line of eachDrill(evidence, { availability, paint })) terminal.out(`${line}\n`);
  for (const line of table(skipped.map((one) => ["not run", one.drill, one.because]))) {
    terminal.out(`${paint("dim", line)}\n`);
  }
  terminal.say(`again with --seed ${seed}\n`);
}

function remarks(one: Evidence, paint: Paint): readonly string[] {
  const about = `${one.drill} ${one.objective}`;
  const scale = paint("dim", `${about}: ${evidenceScale(one)}`);
  if (one.verdict === "held") return [scale];
  return [scale, `${paint("yellow", one.verdict)} ${about}: ${one.because}`];
}

/** Of each drill, once: what was left and found, what one such fault costs, what is not proven. */
function eachDrill(
  evidence: readonly Evidence[],
  about: { readonly availability: number | undefined; readonly paint: Paint },
): readonly string[] {
  const { availability, paint } = about;
  return [...Map.groupBy(evidence, ({ drill }) => drill)].flatMap(([drill, all]) => {
    const [one] = all;
    const budget = all.map((each) => budgetLine(each, availability)).find((line) => line !== "");
    const unproven = one?.unproven === undefined ? undefined : `does not prove ${one.unproven}`;
    const dim = [budget, unproven].flatMap((line) => (line === undefined ? [] : [line]));
    return [
      ...(one?.leftBroken ?? []).map((what) => `${paint("red", "left broken")} ${drill}: ${what}`),
      ...(one?.findings ?? []).map((text) => `${paint("yellow", "finding")} ${drill}: ${text}`),
      ...dim.map((line) => paint("dim", `${drill}: ${line}`)),
    ];
  });
}
