import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { total } from "../load/window.ts";
import type { ClassCounts, DrillRun, LatencySummary, OutageFigures } from "../record/evidence.ts";
import { CLASSES, failureChart, latencyChart } from "./chart.ts";
import { html, type Markup } from "./markup.ts";
import type { ReportedDrill } from "./report.ts";

/** More side by side, and a figure's name is out of sight before its last value. */
const COLUMNS_MAX = 8;

/** Every value of every run: a mean would hide the one that matters. */
export function runTable(runs: readonly DrillRun[]): Markup {
  const names = ["run", ...runs.map((_, at) => `${at + 1}`)];
  const figures = FIGURES.map(({ name, of }) => [name, ...runs.map(of)]);
  const told = [names, ...figures.filter((values) => values.slice(1).some((one) => one !== ""))];
  const [head = [], ...rows] = runs.length > COLUMNS_MAX ? turned(told) : told;
  const seen = runs.map(
    (run, at) => html`<tr><td>${at + 1}</td>
<td class="text">${run.injected ?? "nothing shows that it happened"}</td>
<td class="text">${run.undone ?? "nothing shows that it is undone"}</td></tr>`,
  );
  const cells = rows.map((row) => html`<tr>${row.map((value) => html`<td>${value}</td>`)}</tr>`);
  return html`<div class="wide"><table><tr>${head.map((value) => html`<th>${value}</th>`)}</tr>
${cells}</table></div>
<div class="wide"><table><tr><th>run</th><th>seen to happen</th><th>seen undone</th></tr>
${seen}</table></div>`;
}

function turned(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const [first = []] = rows;
  return first.map((_, column) => rows.map((row) => row[column] ?? ""));
}

interface Figure {
  readonly name: string;
  readonly of: (run: DrillRun) => string;
}

const FIGURES: readonly Figure[] = [
  { name: "sent", of: ({ sent }) => byClass(sent) },
  { name: "failed", of: ({ failed }) => byClass(failed) },
  { name: "stopped by nature", of: ({ stopped }) => stoppedText(stopped) },
  { name: "in flight on the victim", of: (run) => byClass(run.inFlightOnVictim) },
  { name: "p50 · p99 before", of: ({ baseline }) => latency(baseline) },
  {
    name: "p50 · p99 · max during it",
    of: ({ during }) => `${latency(during)} · ${ms(during.maxMs)}`,
  },
  { name: "longest gap · bad seconds · outage", of: ({ outage }) => outageText(outage) },
  { name: "the same of reads", of: (run) => outageText(run.outageOf?.reads) },
  { name: "the same of writes", of: (run) => outageText(run.outageOf?.writes) },
  { name: "exposure", of: ({ exposureMs }) => ms(exposureMs) },
  { name: "whole after", of: ({ restoredMs }) => ms(restoredMs) },
  { name: "took", of: ({ tookMs }) => ms(tookMs) },
  {
    name: "connections",
    of: ({ connections }) => (connections === undefined ? "" : `${connections}`),
  },
  { name: "one instance holds", of: ({ capacity }) => capacityText(capacity) },
  { name: "writes lost · doubled · unknown", of: ({ writes }) => writesText(writes) },
  { name: "generator", of: generatorText },
];

function capacityText(capacity: DrillRun["capacity"]): string {
  if (capacity === undefined) return "";
  const { ratePerSecond, atLeast, connections, limitedBy, instancesForLoad } = capacity;
  const held = connections === undefined ? "" : ` · ${connections} connections`;
  const rate = `${atLeast ? "≥ " : ""}${Math.floor(ratePerSecond)}/s`;
  return `${rate}${held} · the load needs ${instancesForLoad} · then ${limitedBy}`;
}

function byClass(counts: ClassCounts): string {
  const named = CLASSES.filter((name) => counts[name] > 0);
  if (named.length === 0) return "0";
  return named.map((name) => `${name} ${counts[name].toLocaleString("en-US")}`).join(", ");
}

function latency({ count, p50Ms, p99Ms }: LatencySummary): string {
  return count === 0 ? "no answer" : `${ms(p50Ms)} · ${ms(p99Ms)}`;
}

function outageText(outage: OutageFigures | undefined): string {
  if (outage === undefined) return "";
  return `${ms(outage.longestGapMs)} · ${outage.badSeconds} · ${ms(outage.unavailableMs)}`;
}

/** What a fault is to stop, and how: a refusal is not a silence. */
function stoppedText(stopped: DrillRun["stopped"]): string {
  if (stopped === undefined) return "";
  const how = Object.entries(stopped.how).map(([name, count]) => `${name} ${count}`);
  const of = `${total(stopped.failed)} of ${total(stopped.sent)}`;
  return how.length === 0 ? of : `${of}: ${how.join(", ")}`;
}

function writesText(writes: DrillRun["writes"]): string {
  if (writes === undefined) return "no history";
  const { lost, doubled, unknown, unknownApplied } = writes;
  return `${lost} · ${doubled} · ${unknown} (${unknownApplied} applied)`;
}

function generatorText({ generator }: DrillRun): string {
  const cpu = humanPercent(Number(generator.cpuRatio.toPrecision(2)));
  const lag = `lag p99 ${generator.sendLagP99Ms.toFixed(1)} ms, CPU ${cpu}`;
  const load = `load average ${generator.loadAverage.toFixed(1)}`;
  return `${generator.ok ? "" : "too slow: "}${lag}, ${load}`;
}

function ms(value: number | undefined): string {
  return value === undefined ? "" : humanDuration(value);
}

/** How each run went, second by second. */
export function runCharts({ evidence, timelines, undrawn }: ReportedDrill): Markup {
  const [{ predicted, runs }] = evidence;
  const charts = timelines.map((timeline, at) => {
    const failed = runs[at] === undefined ? 0 : total(runs[at].failed);
    return html`<figure>${latencyChart(timeline, predicted)}
<figcaption>Run ${at + 1}: ${key("line50", "p50")}, ${key("line99", "p99")} of each
${timeline.bucketMs / 1_000} s by due time, logarithmic; seconds from the injection;
shaded: what was predicted.</figcaption></figure>
<figure>${failureChart(timeline, predicted)}
<figcaption>Run ${at + 1}: ${failed} failed in the window,
by class: ${CLASSES.map((name) => html`${classKey(name)} `)}</figcaption></figure>`;
  });
  const why = undrawn === undefined ? html`` : html`<p class="dim">${undrawn}</p>`;
  return html`${charts}${why}`;
}

/** A line's key is a letter in its colour: a page without styles still says which is which. */
function key(name: "line50" | "line99", text: string): Markup {
  return html`<span class="verdict key-${name}">— ${text}</span>`;
}

function classKey(name: (typeof CLASSES)[number]): Markup {
  return html`<svg class="key" viewBox="0 0 10 10" aria-hidden="true">
<rect class="${name}" width="10" height="10"/></svg>${name}`;
}
