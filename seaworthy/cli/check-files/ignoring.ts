import type { FileFinding } from "../../checks/files/files.ts";
import type { SourceFile } from "../../facts/source.ts";
import { isIgnoredBy, readIgnoreFile } from "./git-ignore.ts";
import { ignoreComments, type IgnoreComment } from "./ignore-comments.ts";
import { IGNORE_LIST, readIgnoreList, type IgnoreEntry } from "./ignore-list.ts";

/** A finding with the print that an ignore entry may name. */
export interface Printed {
  readonly finding: FileFinding;
  readonly fingerprint: string;
}

export interface Ignoring {
  readonly files: readonly SourceFile[];
  /** Every rule there is: a name that is none ignores nothing. */
  readonly rules: ReadonlySet<string>;
  /** `2027-03-31`, in UTC. */
  readonly today: string;
}

export interface Ignored {
  readonly kept: readonly Printed[];
  readonly ignored: number;
  /** What is wrong with the ignores themselves. */
  readonly faults: readonly FileFinding[];
}

/** Takes out what comments and the list say is known, and says which of them are worth nothing. */
export function ignore(printed: readonly Printed[], ignoring: Ignoring): Ignored {
  const comments = ignoreComments(ignoring.files);
  const listFile = ignoring.files.find(({ path }) => path === IGNORE_LIST);
  const list = listFile === undefined ? undefined : readIgnoreList(listFile);
  const active = (list?.entries ?? []).filter((entry) => !isExpired(entry, ignoring.today));
  const used = new Set<IgnoreComment | IgnoreEntry>();
  const kept = printed.filter((one) => {
    const by = [
      ...comments.filter((comment) => comment.reason !== "" && isCovered(comment, one)),
      ...active.filter((entry) => isListed(entry, one)),
    ];
    for (const own of by) used.add(own);
    return by.length === 0;
  });
  return {
    kept,
    ignored: printed.length - kept.length,
    faults: [
      ...comments.flatMap((comment) => commentFault(comment, used, ignoring) ?? []),
      ...(list?.faults ?? []).map(({ line, message }) => fault("ignore-invalid", line, message)),
      ...(list?.entries ?? []).flatMap((entry) => entryFault(entry, used, ignoring) ?? []),
    ],
  };
}

function isCovered({ file, rules, covers }: IgnoreComment, { finding }: Printed): boolean {
  return (
    rules.includes(finding.rule) &&
    finding.places.some((place) => place.file === file && covers.includes(place.line))
  );
}

function isListed(entry: IgnoreEntry, { finding, fingerprint }: Printed): boolean {
  if (entry.rule !== finding.rule) return false;
  if (entry.fingerprint !== undefined && entry.fingerprint !== fingerprint) return false;
  if (entry.path === undefined) return true;
  const pattern = readIgnoreFile("", entry.path);
  return finding.places.some(({ file }) => isIgnoredBy([pattern], file, false));
}

function isExpired({ expires }: IgnoreEntry, today: string): boolean {
  return expires !== undefined && expires < today;
}

function commentFault(
  comment: IgnoreComment,
  used: ReadonlySet<object>,
  { rules }: Ignoring,
): FileFinding | undefined {
  if (used.has(comment)) return undefined;
  const unknown = comment.rules.find((rule) => !rules.has(rule));
  const names = comment.rules.join(", ");
  const place = { file: comment.file, line: comment.line };
  if (unknown !== undefined) return fault("ignore-invalid", place, `there is no rule ${unknown}`);
  if (comment.reason !== "") {
    return fault("ignore-unused", place, `nothing on this line or the next breaks ${names}`);
  }
  return fault("ignore-invalid", place, `no reason is given why ${names} is ignored`);
}

function entryFault(
  entry: IgnoreEntry,
  used: ReadonlySet<object>,
  { rules, today }: Ignoring,
): FileFinding | undefined {
  if (used.has(entry)) return undefined;
  if (isExpired(entry, today)) {
    const message = `ignoring ${entry.rule} was to end on ${entry.expires ?? ""}: ${entry.reason}`;
    return fault("ignore-expired", entry.line, message);
  }
  if (!rules.has(entry.rule)) {
    return fault("ignore-invalid", entry.line, `there is no rule ${entry.rule}`);
  }
  return fault("ignore-unused", entry.line, `nothing that this entry names breaks ${entry.rule}`);
}

const FAULTS = {
  "ignore-invalid": {
    severity: "warning",
    why: "it ignores nothing, and whoever wrote it thinks it does",
    fix: "name a rule and a reason: `# seaworthy ignore RULE: reason`",
  },
  "ignore-expired": {
    severity: "warning",
    why: "it ignores nothing any more: somebody promised to mend this by then",
    fix: "mend what it ignored, or give it a new date and a reason for it",
  },
  "ignore-unused": {
    severity: "note",
    why: "it would hide the next one of its kind",
    fix: "remove it",
  },
} as const;

function fault(
  rule: keyof typeof FAULTS,
  at: number | { readonly file: string; readonly line: number },
  message: string,
): FileFinding {
  const place = typeof at === "number" ? { file: IGNORE_LIST, line: at } : at;
  return { rule, unit: ".", message, places: [place], ...FAULTS[rule] };
}

/** Names under which the ignores and the reading itself speak; each has a page. */
export const NOTICE_RULES = [...Object.keys(FAULTS), "unread-file", "second-opinion"];
