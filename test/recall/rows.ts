import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readFields, readLine, readList, readOneOf, readText } from "./data.ts";
import { GUIDE_IDS, type GuideId, isGuideId } from "./guides.ts";

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type RowSeverity = (typeof SEVERITIES)[number];

/** Where a defect stands in a guide: one line, or the block when its row names no line. */
export type RowPlace =
  | { readonly kind: "line"; readonly line: number; readonly text: string }
  | {
      readonly kind: "block";
      readonly from: number;
      readonly to: number;
      /** Stands in the line `from`. */
      readonly text: string;
    };

/** One known defect. A row of two guides is one defect, with places in each of them. */
export interface Row {
  readonly row: string;
  readonly rule: string;
  readonly severity: RowSeverity;
  readonly defect: string;
  readonly places: Readonly<Partial<Record<GuideId, readonly RowPlace[]>>>;
}

export function committedRows(): readonly Row[] {
  return readRows(readFileSync(join(import.meta.dirname, "rows.json"), "utf8"));
}

export function readRows(text: string): readonly Row[] {
  const data: unknown = JSON.parse(text);
  return readList(data, "rows").map((row, index) => readRow(row, `row ${index + 1}`));
}

/** The guides that have this defect, in their order. */
export function guidesOf(row: Row): readonly GuideId[] {
  return GUIDE_IDS.filter((id) => row.places[id] !== undefined);
}

function readRow(value: unknown, where: string): Row {
  const known = ["row", "rule", "severity", "defect", "places"];
  const fields = readFields(value, where, known);
  const row = readText(fields["row"], `${where}: row`);
  const places: Partial<Record<GuideId, readonly RowPlace[]>> = {};
  for (const [guide, list] of Object.entries(readFields(fields["places"], `${row}: places`))) {
    assert.ok(isGuideId(guide), `${row}: ${guide} is no guide`);
    places[guide] = readList(list, `${row}: ${guide}`).map((place) => readPlace(place, row));
    assert.ok(places[guide].length > 0, `${row}: has no place in ${guide}`);
  }
  assert.ok(Object.keys(places).length > 0, `${row}: has no place at all`);
  return {
    row,
    rule: readText(fields["rule"], `${row}: rule`),
    severity: readOneOf(fields["severity"], SEVERITIES, `${row}: severity`),
    defect: readText(fields["defect"], `${row}: defect`),
    places,
  };
}

function readPlace(value: unknown, row: string): RowPlace {
  const fields = readFields(value, `${row}: place`, ["line", "from", "to", "text"]);
  const text = readText(fields["text"], `${row}: text of a place`);
  if (fields["line"] !== undefined) {
    assert.ok(fields["from"] === undefined && fields["to"] === undefined, `${row}: line or block`);
    return { kind: "line", line: readLine(fields["line"], row), text };
  }
  const [from, to] = [readLine(fields["from"], row), readLine(fields["to"], row)];
  assert.ok(from < to, `${row}: a block ends after it begins`);
  return { kind: "block", from, to, text };
}
