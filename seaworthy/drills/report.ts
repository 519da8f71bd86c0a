import { createHash } from "node:crypto";
import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { total } from "../load/window.ts";
import type { Evidence, Interval } from "../record/evidence.ts";
import { html, type Markup } from "./markup.ts";
import { figureText, limitText } from "./objectives.ts";
import { budgetLine } from "./report-line.ts";
import { runCharts, runTable } from "./report-run.ts";
import { REPORT_STYLE } from "./report-style.ts";
import type { Timeline } from "./timeline.ts";

export interface Report {
  readonly system: string;
  readonly environment: string | undefined;
  readonly target: string;
  /** RFC 3339. */
  readonly at: string;
  readonly version: string;
  /** Declared; for the month's budget. */
  readonly availability: number | undefined;
  readonly drills: readonly ReportedDrill[];
  readonly skipped: readonly { readonly drill: string; readonly because: string }[];
}

/** One drill as it was played once: its runs are in each evidence, one for each objective. */
export interface ReportedDrill {
  readonly evidence: readonly [Evidence, ...Evidence[]];
  /** By run, as many as could be drawn. */
  readonly timelines: readonly Timeline[];
  /** Why there are none, or fewer than runs. */
  readonly undrawn: string | undefined;
}

/** Nothing is fetched and nothing is run: this page is whole by itself, and stays so. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(REPORT_STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** A page for people, whole in one file: no script, no network, and no text taken for markup. */
export function reportPage(report: Report): string {
  const { system, environment, target, at, version, drills, skipped } = report;
  const where = `${environment === undefined ? "" : ` (${environment})`} on ${target}`;
  const page = html`<body>
<h1>Drills of ${system}${where}</h1>
<p class="dim">${at} · seaworthy ${version}</p>
${summary(drills)}
${skipped.length === 0 ? html`` : skippedTable(skipped)}
${drills.map((drill) => section(drill, report))}
<p class="dim">Latency counts from the moment at which a request was due. A ratio of failures is
taken over the window alone. One green run shows that it is possible, not that it is sure.</p>
</body>`;
  const head = html`<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Drills of ${system}${where}</title>`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    head.toString(),
    `<style>${REPORT_STYLE}</style>`,
    "</head>",
    page.toString(),
    "</html>",
    "",
  ].join("\n");
}

function summary(drills: readonly ReportedDrill[]): Markup {
  const rows = drills.flatMap(({ evidence }) =>
    evidence.map(
      (one) => html`<tr><td>${one.drill}</td><td>${one.objective} ${limitText(one)}</td>
<td>${measured(one)}</td><td>${verdict(one)}</td><td class="text">${predictedCell(one)}</td></tr>`,
    ),
  );
  return html`<div class="wide"><table>
<tr><th>drill</th><th>objective</th><th>measured</th><th>verdict</th><th>predicted</th></tr>
${rows}</table></div>`;
}

function skippedTable(skipped: Report["skipped"]): Markup {
  return html`<h2>Not run</h2><div class="wide"><table>
${skipped.map((one) => html`<tr><td>${one.drill}</td><td class="text">${one.because}</td></tr>`)}
</table></div>`;
}

/** Enough to tell declarations apart; the record has all of it. */
const HASH_DIGITS = 12;

function section(drill: ReportedDrill, report: Report): Markup {
  const [first] = drill.evidence;
  return html`<h2>${first.drill}${first.unit === undefined ? "" : ` of ${first.unit}`}</h2>
<p class="dim">${first.at} · seed ${first.seed}
· declaration ${first.declarationHash.slice(0, HASH_DIGITS)}
· ${releases(first)} · raw samples in ${first.raw}</p>
${drill.evidence.map((one) => judged(one, report))}
${predictedParagraph(first.predicted)}
${remarks(first)}
${first.runs.length === 0 ? html`` : runTable(first.runs)}
${runCharts(drill)}
${first.unproven === undefined ? html`` : html`<p>Does not prove ${first.unproven}.</p>`}
${again(first)}`;
}

function judged(one: Evidence, { availability }: Report): Markup {
  const budget = one.objective === "errors" ? budgetLine(one, availability) : "";
  return html`<h3>${one.objective} ${limitText(one)}: ${verdict(one)}</h3>
<p>${one.because}</p>
<p class="dim">${surenessText(one)}${budget === "" ? "" : ` · ${budget}`}</p>`;
}

function remarks(one: Evidence): Markup {
  const left = (one.leftBroken ?? []).map(
    (text) => html`<p><span class="verdict left">left broken</span> ${text}</p>`,
  );
  const findings = (one.findings ?? []).map(
    (text) => html`<p><span class="verdict aborted">beside the prediction</span> ${text}</p>`,
  );
  return html`${left}${findings}`;
}

function verdict({ verdict: word }: Evidence): Markup {
  return html`<span class="verdict ${word}">${SIGNS[word]} ${word}</span>`;
}

/** Colour alone says nothing to who cannot see it. */
const SIGNS = { held: "✓", missed: "✗", "could-not-verify": "?", aborted: "■" } as const;

function measured({ objective, measured: value }: Evidence): string {
  return value === undefined ? "" : figureText(objective, value);
}

function predictedText(interval: Interval | undefined): string {
  if (interval === undefined) return "";
  return `${humanDuration(interval.fromMs)} to ${humanDuration(interval.toMs)}`;
}

function predictedCell({ predicted }: Evidence): Markup {
  if (predicted === undefined) return html``;
  return html`${predictedText(predicted)} <span class="dim">${predicted.what}</span>`;
}

function predictedParagraph(interval: Interval | undefined): Markup {
  if (interval === undefined) return html``;
  const varies = (interval.varies ?? [])
    .map(({ of, ms }) => `${of} (${humanDuration(ms)})`)
    .join(", ");
  return html`<p>Predicted before the run, ${interval.what}: ${predictedText(interval)}${
    varies === "" ? "" : `; what varies is ${varies}`
  }.</p>`;
}

/** With no failure in n, the ratio is below 3 / n with 95 % confidence. */
const RULE_OF_THREE = 3;
const DOUBT = 0.05;

/** How little so many runs and requests prove, in the one case that looks like proof. */
export function surenessText({ runs, earlier, verdict: word, objective }: Evidence): string {
  const count = runs.length + (earlier?.runs ?? 0);
  const sent = runs.reduce((all, run) => all + total(run.sent), 0) + (earlier?.sent ?? 0);
  const counted = earlier === undefined ? "" : `, ${earlier.runs} of them earlier`;
  const inRuns = count === 1 ? "1 run" : `${count} runs`;
  const n = `n ${sent.toLocaleString("en-US")} in ${inRuns}${counted}`;
  if (word !== "held" || sent === 0) return n;
  const ofRuns = 1 - DOUBT ** (1 / count);
  const sure = `95 % sure: fewer than ${shortPercent(ofRuns)} of such drills would miss`;
  if (objective !== "errors") return `${n} · ${sure}`;
  return `${n}, which could show ${shortPercent(RULE_OF_THREE / sent)} at best · ${sure}`;
}

function shortPercent(ratio: number): string {
  return humanPercent(Number(ratio.toPrecision(2)));
}

function releases(one: Evidence): string {
  const entries = Object.entries(one.releases).map(([unit, release]) => `${unit} ${release}`);
  return entries.length === 0 ? "no release" : entries.join(", ");
}

function again({ again: argv }: Evidence): Markup {
  if (argv === undefined) return html``;
  return html`<p>Again:</p><pre><code>seaworthy ${argv.map(asWord).join(" ")}</code></pre>`;
}

/** As a shell reads it back: a unit's name is whatever somebody declared. */
function asWord(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
