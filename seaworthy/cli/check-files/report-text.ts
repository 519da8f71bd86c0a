import type { Paint } from "../paint.ts";
import { plainText } from "./excerpt.ts";
import { countsOf, grouped, type Group, type Reported, type ReportedPlace } from "./report.ts";

const COLOR = { error: "red", warning: "yellow", note: "cyan" } as const;
/** Further findings of one cause that are listed. */
const OTHERS_MAX = 12;
/** Places of one finding that are shown. */
const PLACES_MAX = 6;

export interface TextOptions {
  readonly paint: Paint;
  readonly notes: boolean;
}

/** Findings for people: one a root cause, the worst first, both ends with what stands there. */
export function reportText(
  findings: readonly Reported[],
  { paint, notes }: TextOptions,
): readonly string[] {
  const shown = grouped(findings).filter(({ head }) => notes || head.severity !== "note");
  return shown.flatMap((group) => [...groupText(group, { paint, notes }), ""]);
}

function groupText({ head, others }: Group, { paint, notes }: TextOptions): readonly string[] {
  const also = others.filter(({ severity }) => notes || severity !== "note");
  const more = also.length - OTHERS_MAX;
  return [
    titleText(head, paint),
    ...placesText(head.places, paint),
    ...(head.why === "" ? [] : [`  why  ${head.why}`]),
    ...(head.fix === "" ? [] : [`  fix  ${head.fix}${head.isFixable ? " (--fix does)" : ""}`]),
    ...(head.confirmedBy === undefined ? [] : [`  by   ${head.confirmedBy} says so too`]),
    `  more ${paint("dim", `seaworthy explain ${head.rule}`)}`,
    ...also.slice(0, OTHERS_MAX).map((other) => alsoText(other, paint)),
    ...(more > 0 ? [`  also ${String(more)} more of the same cause (--json lists them)`] : []),
  ];
}

function placesText(places: readonly ReportedPlace[], paint: Paint): readonly string[] {
  const more = places.length - PLACES_MAX;
  const lines = places.slice(0, PLACES_MAX).map((place) => {
    const excerpt = place.excerpt === undefined ? "" : `  ${paint("dim", place.excerpt)}`;
    return `  at   ${placeText(place)}${excerpt}`;
  });
  return more > 0 ? [...lines, `  at   ${String(more)} more places (--json lists them)`] : lines;
}

function titleText({ severity, message, rule }: Reported, paint: Paint): string {
  return `${paint(COLOR[severity], severity)} ${message} ${paint("dim", `[${rule}]`)}`;
}

function alsoText(other: Reported, paint: Paint): string {
  return `  also ${titleText(other, paint)} ${placeText(other.places[0])}`;
}

function placeText({ file, line, as }: ReportedPlace): string {
  // A file's name is somebody else's text too: it may move the cursor or begin a line.
  const where = `${plainText(file)}:${String(line)}`;
  return as === undefined ? where : `${where} (${plainText(as)})`;
}

/** The last lines: how many groups of each weight a unit has. */
export function summaryText(
  findings: readonly Reported[],
  options: { readonly notes: boolean; readonly known: number },
): readonly string[] {
  const units = Map.groupBy(grouped(findings), ({ head }) => head.unit);
  const lines = [...units].map(([unit, groups]) => {
    const counts = countsOf(groups.map(({ head }) => head));
    const hidden = options.notes ? "" : " (--notes shows them)";
    const noted = counts.notes === 0 ? "" : `, ${plural(counts.notes, "note")}${hidden}`;
    const found = `${plural(counts.errors, "error")}, ${plural(counts.warnings, "warning")}`;
    return `${unit}: ${found}${noted}`;
  });
  if (lines.length > 0) return lines;
  // A folder without a deployment file is no healthy one.
  return options.known === 0
    ? ["no file of a kind that is known was found: nothing was checked"]
    : [`nothing found in ${plural(options.known, "file")}`];
}

function plural(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? "" : "s"}`;
}
