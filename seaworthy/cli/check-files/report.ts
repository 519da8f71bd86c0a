import { createHash } from "node:crypto";
import type { FileFinding } from "../../checks/files/files.ts";
import type { SourceFile } from "../../facts/source.ts";
import { excerptsOf, plainText, type ExcerptOf } from "./excerpt.ts";
import { maskLine } from "./mask-secrets.ts";

/** A finding as every output prints it; nothing in it is a secret or moves a terminal's cursor. */
export interface Reported {
  readonly rule: string;
  readonly severity: FileFinding["severity"];
  readonly message: string;
  readonly unit: string;
  /** The line to mend first, then the other end. */
  readonly places: readonly [ReportedPlace, ...ReportedPlace[]];
  readonly why: string;
  readonly fix: string;
  /** The same while the lines it speaks of stay as they are, wherever they move. */
  readonly fingerprint: string;
  /** Findings of one root cause have one group. */
  readonly group: string;
  /** A program can mend it: `--fix`. */
  readonly isFixable: boolean;
  /** A tool and its version that said so too. */
  readonly confirmedBy?: string;
}

export interface ReportedPlace {
  readonly file: string;
  readonly line: number;
  readonly as?: string;
  readonly excerpt?: string;
}

export function reported(
  findings: readonly FileFinding[],
  files: readonly SourceFile[],
  confirmed: ReadonlyMap<FileFinding, string> = new Map(),
): readonly Reported[] {
  const excerptOf = excerptsOf(files);
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const tool = confirmed.get(finding);
    const plain = reportedOne(finding, excerptOf);
    const own = tool === undefined ? plain : { ...plain, confirmedBy: tool };
    const times = (seen.get(own.fingerprint) ?? 0) + 1;
    seen.set(own.fingerprint, times);
    // The same words on the same text twice: the second one is another finding.
    return times === 1 ? own : { ...own, fingerprint: `${own.fingerprint}-${String(times)}` };
  });
}

function reportedOne(finding: FileFinding, excerptOf: ExcerptOf): Reported {
  const [first, ...others] = finding.places;
  const place = (location: typeof first): ReportedPlace => {
    const excerpt = excerptOf(location);
    return excerpt === undefined ? location : { ...location, excerpt };
  };
  const places = [place(first), ...others.map(place)] as const;
  const print = fingerprintOf(finding, places);
  return {
    rule: finding.rule,
    severity: finding.severity,
    message: said(finding.message),
    unit: plainText(finding.unit),
    places: [...places],
    why: said(finding.why),
    fix: said(finding.fix),
    fingerprint: print,
    group: finding.cause === undefined ? print : hash([finding.unit, finding.cause]),
    isFixable: (finding.edits ?? []).length > 0,
  };
}

/** Rules name secrets and never print them; what slips through in an address ends here. */
function said(text: string): string {
  return plainText(text.replace(/\S+:\/\/\S+:\S+@\S+/g, (address) => maskLine(address)));
}

function fingerprintOf(finding: FileFinding, places: readonly ReportedPlace[]): string {
  const where = places.map(({ file, as, excerpt }) => [file, as ?? null, excerpt ?? null]);
  return hash([finding.rule, finding.message.replaceAll(/:\d+\b|\blines? \d+\b/g, ""), where]);
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

const ORDER = { error: 0, warning: 1, note: 2 } as const;

export interface Group {
  /** The worst of them, or the first of the worst. */
  readonly head: Reported;
  readonly others: readonly Reported[];
}

/** What has one root cause together, worst first, then by file and line. */
export function grouped(findings: readonly Reported[]): readonly Group[] {
  const groups = Map.groupBy(findings.toSorted(byWeight), ({ group }) => group);
  return [...groups.values()]
    .flatMap(([head, ...others]) => (head === undefined ? [] : [{ head, others }]))
    .toSorted((a, b) => byWeight(a.head, b.head));
}

function byWeight(a: Reported, b: Reported): number {
  const [first, second] = [a.places[0], b.places[0]];
  return (
    ORDER[a.severity] - ORDER[b.severity] ||
    compare(first.file, second.file) ||
    first.line - second.line ||
    compare(a.rule, b.rule)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Counts {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

export function countsOf(findings: readonly Pick<Reported, "severity">[]): Counts {
  const count = (severity: Reported["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  return { errors: count("error"), warnings: count("warning"), notes: count("note") };
}
