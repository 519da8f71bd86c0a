import type { FileFinding } from "../../checks/files/files.ts";
import { at, type Location } from "../../facts/source.ts";
import type { Complaint, Opinion } from "./tool.ts";

/** Our findings, those that a tool makes too, and what only a tool says. */
export interface Merged {
  readonly findings: readonly FileFinding[];
  /** Tool and version that say the same as a finding of ours. */
  readonly confirmed: ReadonlyMap<FileFinding, string>;
}

const RULE = "second-opinion";
const MESSAGES_MAX = 4;
/** A tool may name the line of a block's head, or the one behind the fault. */
const LINES_APART_MAX = 1;

/** Our parser decides; where a tool differs, that is a note. */
export function merge(
  findings: readonly FileFinding[],
  opinions: readonly Opinion[],
  unitOf: (path: string) => string,
): Merged {
  const confirmed = new Map<FileFinding, string>();
  const extra: FileFinding[] = [];
  for (const opinion of opinions) {
    const { complaints, file, tool } = opinion;
    const own = complaints.filter((complaint) => {
      const match = findings.find((finding) =>
        isSame(finding, complaint, at(file, complaint.line ?? 1)),
      );
      if (match !== undefined) confirmed.set(match, tool);
      return match === undefined;
    });
    const unit = unitOf(file.path);
    const said = saidAgainst({ ...opinion, complaints: own }, unit);
    if (said !== undefined) extra.push(said);
    if (opinion.accepts) extra.push(...contradictions(findings, opinion, unit));
  }
  return { findings: [...findings, ...extra], confirmed };
}

function isSame(finding: FileFinding, { line }: Complaint, place: Location): boolean {
  const reach = finding.rule === "native-config-invalid" ? LINES_APART_MAX : 0;
  return finding.places.some((own) => {
    if (own.file !== place.file || own.as !== place.as) return false;
    // Without a line a tool speaks of the file: only what calls the file refused is the same.
    if (line === undefined) return finding.rule === "native-config-invalid";
    return Math.abs(own.line - place.line) <= reach;
  });
}

function saidAgainst({ file, tool, complaints }: Opinion, unit: string): FileFinding | undefined {
  const [first, ...others] = complaints.slice(0, MESSAGES_MAX);
  if (first === undefined) return undefined;
  const messages = new Set([first, ...others].map(({ message }) => message));
  const places = [at(file, first.line ?? 1), ...others.map(({ line }) => at(file, line ?? 1))];
  const [place = at(file, 1), ...more] = places;
  return {
    rule: RULE,
    unit,
    severity: "note",
    message: `${tool} says: ${[...messages].join("; ")}`,
    places: [place, ...more],
    why: "our own reading finds nothing there: one of the two is wrong, or the versions differ",
    fix: "ask the version that runs in production",
  };
}

function contradictions(
  findings: readonly FileFinding[],
  { file, tool }: Opinion,
  unit: string,
): readonly FileFinding[] {
  const refused = findings.find(
    ({ rule, severity, places: [place] }) =>
      rule === "native-config-invalid" &&
      severity === "error" &&
      place.file === at(file, 1).file &&
      place.as === at(file, 1).as,
  );
  if (refused === undefined) return [];
  return [
    {
      rule: RULE,
      unit,
      severity: "note",
      message: `${tool} accepts what is called refused here: ${refused.message}`,
      places: refused.places,
      why: "our own reading refuses it: one of the two is wrong, or the versions differ",
      fix: "ask the version that runs in production",
    },
  ];
}
