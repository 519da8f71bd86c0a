import { type BarVerdict, judgeBar, oneOf, type Reading, shown, worstVerdict } from "./bar.ts";
import type { Machine } from "./machine.ts";
import type { Bar, Measured, NotRun, RunResult } from "./measured.ts";
import { summarise, type Summary } from "./statistics.ts";

export const REPORT_VERSION = 1;

/** What a bench leaves: a file of its own, and the same on stdout. */
export interface Report {
  readonly schemaVersion: typeof REPORT_VERSION;
  readonly bench: string;
  readonly command: string;
  readonly seed: number;
  /** RFC 3339. */
  readonly date: string;
  readonly tookSeconds: number;
  readonly interrupted: boolean;
  readonly commit: string;
  readonly machine: Machine & {
    readonly loadAverageBefore: readonly number[];
    readonly loadAverageAfter: readonly number[];
  };
  readonly verdict: BarVerdict;
  readonly bars: readonly BarReport[];
  readonly cells: readonly CellReport[];
  readonly notRun: readonly NotRun[];
  readonly runs: readonly RunResult[];
}

export interface BarReport {
  readonly cell: string;
  readonly bar: string;
  readonly limit: string;
  readonly verdict: BarVerdict;
  readonly because: string;
  readonly readings: readonly Reading[];
}

export interface CellReport {
  readonly cell: string;
  readonly figures: readonly FigureReport[];
}

export interface FigureReport extends Summary {
  readonly figure: string;
  /** The same in runs without the event. */
  readonly control: Summary | undefined;
}

export type Circumstances = Pick<
  Report,
  "bench" | "command" | "seed" | "date" | "tookSeconds" | "interrupted" | "commit" | "machine"
>;

/** Runs and limits → verdicts and summaries; every run is kept beside them. */
export function reportOf(measured: Measured, circumstances: Circumstances): Report {
  const { runs, notRun } = measured;
  const bars = measured.bars.map((bar) => barReport(bar, runs));
  const missing = notRun.map((): BarVerdict => "could not verify");
  const verdict = worstVerdict([...bars.map((bar) => bar.verdict), ...missing]);
  const cells = [...new Set(runs.map(({ cell }) => cell))].toSorted();
  return {
    schemaVersion: REPORT_VERSION,
    ...circumstances,
    verdict,
    bars,
    cells: cells.map((cell) => ({ cell, figures: figuresOf(cell, runs) })),
    notRun,
    runs,
  };
}

function barReport(bar: Bar, runs: readonly RunResult[]): BarReport {
  const asked = runs.filter(({ cell, kind }) => cell === bar.cell && kind === "event");
  const readings = asked.flatMap(({ readings: all, doubt }): readonly Reading[] => {
    const reading = all[bar.name];
    return reading === undefined ? [] : [{ ...reading, doubt }];
  });
  const unread = asked.flatMap((run) => (run.readings[bar.name] === undefined ? [run] : []));
  const judged = judgeBar(readings, bar.runsNeeded);
  const why = unread.map(({ doubt }) => doubt ?? "it was not measured");
  const also = unread.length === 0 ? "" : `; ${unread.length} without: ${oneOf(why)}`;
  const { cell, name, limit } = bar;
  return { cell, bar: name, limit, ...judged, because: `${judged.because}${also}`, readings };
}

function figuresOf(cell: string, runs: readonly RunResult[]): readonly FigureReport[] {
  const own = runs.filter((run) => run.cell === cell);
  const names = [...new Set(own.flatMap(({ figures }) => Object.keys(figures)))];
  return names.flatMap((figure) => {
    const event = summaryOf(figure, "event", own);
    const control = summaryOf(figure, "control", own);
    return event === undefined ? [] : [{ figure, ...event, control }];
  });
}

function summaryOf(
  figure: string,
  kind: RunResult["kind"],
  runs: readonly RunResult[],
): Summary | undefined {
  const asked = runs.filter((run) => run.kind === kind);
  return summarise(asked.flatMap(({ figures }) => figures[figure] ?? []));
}

/** The report for a person: what was measured, then what it means. */
export function tableOf(report: Report): readonly string[] {
  const { machine } = report;
  const load = `${machine.loadAverageBefore[0] ?? "?"} → ${machine.loadAverageAfter[0] ?? "?"}`;
  return [
    `${report.bench} · seed ${report.seed} · ${machine.cores} cores, load average ${load}, ` +
      `Node ${machine.node} · ${report.date} · ${report.tookSeconds.toFixed(0)} s`,
    ...report.cells.flatMap(cellLines),
    "",
    ...report.bars.map(barLine),
    ...report.notRun.map(({ what, because }) => `not run: ${what}: ${because}`),
    `${report.bench}: ${report.verdict}${report.interrupted ? " (interrupted)" : ""}`,
  ];
}

const NAME_COLUMNS = 20;
const FIGURE_COLUMNS = 10;

function cellLines({ cell, figures }: CellReport): readonly string[] {
  const columns = (cells: readonly string[]): string =>
    cells.map((text) => text.padStart(FIGURE_COLUMNS)).join("");
  return [
    "",
    `${cell.padEnd(NAME_COLUMNS + 2)}${columns(["median", "worst", "control"])}   all`,
    ...figures.map(({ figure, median, worst, control, values }) => {
      const three = [shown(median), shown(worst), control ? shown(control.median) : "–"];
      return `  ${figure.padEnd(NAME_COLUMNS)}${columns(three)}   ${values.map(shown).join(" ")}`;
    }),
  ];
}

function barLine({ cell, bar, limit, verdict, because, readings }: BarReport): string {
  const values = readings.map(({ value, doubt }) => `${shown(value)}${doubt ? "?" : ""}`);
  const measured = values.length === 0 ? "nothing" : values.join(" ");
  return `${verdict.toUpperCase()} · ${cell} · ${bar} ≤ ${limit}: ${measured} (${because})`;
}
