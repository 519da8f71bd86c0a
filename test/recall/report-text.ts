import type { CheckedGuides } from "./check-guide.ts";
import { GUIDE_IDS, GUIDES, type GuideId } from "./guides.ts";
import type { JudgedErrors } from "./judged.ts";
import {
  distance,
  type Figures,
  type FindingsOf,
  type ForeignError,
  finds,
  linesIn,
  type PrintedFinding,
  type RowResult,
} from "./recall.ts";
import { type Row, type RowPlace, type RowSeverity, SEVERITIES } from "./rows.ts";

/** The table of recall, per guide and severity. */
export function tableText(title: string, figures: readonly Figures[]): readonly string[] {
  const cells = (row: readonly string[]): string =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(7) : cell.padStart(15)))
      .join("")
      .trimEnd();
  return [
    `Recall ${title}`,
    cells(["guide", ...SEVERITIES]),
    ...figures.map(({ scope, bySeverity }) =>
      cells([scope, ...SEVERITIES.map((severity) => figureText(bySeverity[severity]))]),
    ),
  ];
}

function figureText({ found, of }: { readonly found: number; readonly of: number }): string {
  return of === 0 ? "-" : `${found}/${of} ${((100 * found) / of).toFixed(1)} %`;
}

export function failuresText({ failures }: CheckedGuides): readonly string[] {
  return failures.map(({ guide, because }) => `NOT CHECKED ${guide} ${GUIDES[guide]}: ${because}`);
}

/** Every printed error that is no row, with what was judged of it. */
export function errorsText({ judged, unjudged, idle }: JudgedErrors): readonly string[] {
  const count = (verdict: string): number =>
    judged.filter(({ judgement }) => judgement.verdict === verdict).length;
  return [
    `Errors that are no row: ${judged.length + unjudged.length} ` +
      `(${count("true")} true, ${count("false")} false, ${unjudged.length} unjudged)`,
    ...unjudged.map((error) => `  UNJUDGED ${errorText(error)}`),
    ...judged.map(
      (error) => `  ${error.judgement.verdict} ${errorText(error)}: ${error.judgement.because}`,
    ),
    ...idle.map(({ guide, rule, line }) => `  idle judgement: ${guide}:${line} ${rule}`),
  ];
}

function errorText({ guide, finding }: ForeignError): string {
  return `${guide}:${linesIn(guide, finding).join(",")} ${finding.rule}: ${finding.message}`;
}

/** The rows of these severities that were missed in some guide, those of one rule together. */
export function missedText(
  results: readonly RowResult[],
  severities: readonly RowSeverity[],
  findings: FindingsOf,
): readonly string[] {
  const missed = results
    .filter(({ row, missedIn }) => missedIn.length > 0 && severities.includes(row.severity))
    .toSorted((one, other) => one.row.rule.localeCompare(other.row.rule));
  return [
    `Missed: ${missed.length} rows of severity ${severities.join(", ")}`,
    ...missed.flatMap((result) => rowText(result, findings)),
  ];
}

/** Each row of one rule, found or missed, and the rule's findings that are none of them. */
export function ruleText(
  rule: string,
  results: readonly RowResult[],
  findings: FindingsOf,
): readonly string[] {
  const own = results.filter(({ row }) => row.rule === rule);
  const others = GUIDE_IDS.flatMap((guide) =>
    findings[guide]
      .filter((finding) => finding.rule === rule)
      .filter((finding) => !own.some(({ row }) => finds(finding, row, guide)))
      .map((finding) => `  ${finding.severity} ${errorText({ guide, finding })}`),
  );
  return [
    `${rule}: ${own.length} rows`,
    ...own.flatMap((result) => rowText(result, findings)),
    `Findings of ${rule} that are none of these rows: ${others.length}`,
    ...others,
  ];
}

function rowText({ row, foundIn, missedIn }: RowResult, findings: FindingsOf): readonly string[] {
  const placeLines = (guide: GuideId): readonly string[] => [
    `      ${guide} ${foundIn.includes(guide) ? "found " : "MISSED"} ${placesText(row, guide)}`,
    ...(missedIn.includes(guide) ? nearestText(row, guide, findings[guide]) : []),
  ];
  return [
    `  ${missedIn.length === 0 ? "found " : "MISSED"} ${row.row} ${row.severity} ` +
      `${row.rule}: ${row.defect}`,
    ...GUIDE_IDS.filter((id) => row.places[id] !== undefined).flatMap(placeLines),
  ];
}

function placesText(row: Row, guide: GuideId): string {
  return (row.places[guide] ?? [])
    .map((place) =>
      place.kind === "line"
        ? `${place.line} \`${place.text}\``
        : `${place.from}-${place.to} (block)`,
    )
    .join(", ");
}

/** How close the rule came: the next thing that its author wants to know. */
function nearestText(
  row: Row,
  guide: GuideId,
  findings: readonly PrintedFinding[],
): readonly string[] {
  const places = row.places[guide] ?? [];
  const [nearest] = findings
    .filter(({ rule }) => rule === row.rule)
    .flatMap((finding) =>
      linesIn(guide, finding).map((line) => ({ finding, line, away: awayFrom(line, places) })),
    )
    .toSorted((one, other) => one.away - other.away);
  if (nearest === undefined) return [`        no finding of ${row.rule} in this guide`];
  const { finding, line, away } = nearest;
  return [`        nearest: line ${line} (${away} away, ${finding.severity}): ${finding.message}`];
}

function awayFrom(line: number, places: readonly RowPlace[]): number {
  return Math.min(...places.map((place) => distance(line, place)));
}
