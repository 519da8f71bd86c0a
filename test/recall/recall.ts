/** Which known defects were found, how many that is, and which errors are no known defect. */
import { GUIDE_IDS, GUIDES, type GuideId } from "./guides.ts";
import { guidesOf, type Row, type RowPlace, type RowSeverity, SEVERITIES } from "./rows.ts";

/** A finding this far from a defect's line still shows it to its reader on one screen. */
const NEAR_LINES = 5;

export interface PrintedFinding {
  readonly rule: string;
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  readonly places: readonly {
    readonly file?: string | undefined;
    readonly line?: number | undefined;
  }[];
}

/** What `check` printed for each guide. */
export type FindingsOf = Readonly<Record<GuideId, readonly PrintedFinding[]>>;

export interface RowResult {
  readonly row: Row;
  readonly foundIn: readonly GuideId[];
  readonly missedIn: readonly GuideId[];
}

export function judgeRows(rows: readonly Row[], findings: FindingsOf): readonly RowResult[] {
  return rows.map((row) => {
    const guides = guidesOf(row);
    const isFoundIn = (guide: GuideId): boolean =>
      findings[guide].some((finding) => finds(finding, row, guide));
    return {
      row,
      foundIn: guides.filter(isFoundIn),
      missedIn: guides.filter((guide) => !isFoundIn(guide)),
    };
  });
}

/** By the row's own rule, and at one of its places. */
export function finds(finding: PrintedFinding, row: Row, guide: GuideId): boolean {
  if (finding.rule !== row.rule || !isSeen(finding, row)) return false;
  return linesIn(guide, finding).some((line) => lies(line, row.places[guide] ?? []));
}

/** Notes are hidden unless asked for: whoever is paged by the defect has not seen one. */
function isSeen(finding: PrintedFinding, row: Row): boolean {
  const pages = row.severity === "critical" || row.severity === "high";
  return !pages || finding.severity !== "note";
}

/** Lines of the guide itself that a finding points at. */
export function linesIn(guide: GuideId, finding: PrintedFinding): readonly number[] {
  return finding.places.flatMap(({ file, line }) =>
    line !== undefined && file?.split("/").at(-1) === GUIDES[guide] ? [line] : [],
  );
}

function lies(line: number, places: readonly RowPlace[]): boolean {
  return places.some((place) => distance(line, place) <= (place.kind === "line" ? NEAR_LINES : 0));
}

/** Lines between a line and a place; 0 inside a block. */
export function distance(line: number, place: RowPlace): number {
  switch (place.kind) {
    case "line":
      return Math.abs(line - place.line);
    case "block":
      return Math.max(0, place.from - line, line - place.to);
  }
}

export interface Figure {
  readonly found: number;
  readonly of: number;
}

export interface Figures {
  readonly scope: GuideId | "total";
  readonly bySeverity: Readonly<Record<RowSeverity, Figure>>;
}

/**
 * Recall per guide and severity. In the total, a row of two guides counts once, and as found only
 * when it was found in both.
 */
export function figuresOf(results: readonly RowResult[]): readonly Figures[] {
  const perGuide = GUIDE_IDS.map((guide) => {
    const here = results.filter(({ row }) => row.places[guide] !== undefined);
    return count(guide, here, ({ foundIn }) => foundIn.includes(guide));
  });
  return [...perGuide, count("total", results, ({ missedIn }) => missedIn.length === 0)];
}

function count(
  scope: GuideId | "total",
  results: readonly RowResult[],
  isFound: (result: RowResult) => boolean,
): Figures {
  const figure = (severity: RowSeverity): Figure => {
    const these = results.filter(({ row }) => row.severity === severity);
    return { found: these.filter(isFound).length, of: these.length };
  };
  const [critical, high, medium, low] = SEVERITIES.map(figure);
  const none = { found: 0, of: 0 };
  return {
    scope,
    bySeverity: {
      critical: critical ?? none,
      high: high ?? none,
      medium: medium ?? none,
      low: low ?? none,
    },
  };
}

export interface ForeignError {
  readonly guide: GuideId;
  readonly finding: PrintedFinding;
}

/**
 * Errors that are no row of the table. Another rule's row excuses one only at a line of its own:
 * a block says of no single line in it that it is wrong.
 */
export function errorsWithoutRow(
  rows: readonly Row[],
  findings: FindingsOf,
): readonly ForeignError[] {
  return GUIDE_IDS.flatMap((guide) =>
    findings[guide]
      .filter(({ severity }) => severity === "error")
      .filter((finding) => !rows.some((row) => isRow(finding, row, guide)))
      .map((finding) => ({ guide, finding })),
  );
}

function isRow(finding: PrintedFinding, row: Row, guide: GuideId): boolean {
  if (finds(finding, row, guide)) return true;
  const lines = (row.places[guide] ?? []).filter(({ kind }) => kind === "line");
  return linesIn(guide, finding).some((line) => lies(line, lines));
}
