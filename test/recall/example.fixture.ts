/** Small rows and findings for the tests of this folder. */
import { GUIDES, type GuideId } from "./guides.ts";
import type { FindingsOf, PrintedFinding } from "./recall.ts";
import type { Row } from "./rows.ts";

/** A critical row at line 100 of guide 002. */
export function aRow(change: Partial<Row> = {}): Row {
  return {
    row: "D001",
    rule: "self-ratio-always-one",
    severity: "critical",
    defect: "always one",
    places: { "002": [{ kind: "line", line: 100, text: "x" }] },
    ...change,
  };
}

/** An error of the same rule at a line of a guide. */
export function aFinding(
  guide: GuideId,
  line: number,
  change: Partial<PrintedFinding> = {},
): PrintedFinding {
  return {
    rule: "self-ratio-always-one",
    severity: "error",
    message: "it is one",
    places: [{ file: GUIDES[guide], line }],
    ...change,
  };
}

export function printed(change: Partial<FindingsOf>): FindingsOf {
  return { "000": [], "001": [], "002": [], "003": [], ...change };
}
