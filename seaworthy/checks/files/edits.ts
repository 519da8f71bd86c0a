import type { Edit } from "./file-rule.ts";
import type { FileFinding } from "./files.ts";

/** Which findings are mended together, and what changes in which file. */
export interface FixPlan {
  readonly mended: readonly FileFinding[];
  /** Edits of each file, from its end to its beginning: none moves another's lines. */
  readonly edits: ReadonlyMap<string, readonly Edit[]>;
  /** Findings whose edits touch lines that another one changes: the next run mends them. */
  readonly postponed: readonly FileFinding[];
}

/** A finding is mended whole or not at all; the first one takes the lines. */
export function planFixes(findings: readonly FileFinding[]): FixPlan {
  const taken: Edit[] = [];
  const mended: FileFinding[] = [];
  const postponed: FileFinding[] = [];
  for (const finding of findings) {
    const own = (finding.edits ?? []).filter(
      (edit) => !taken.some((other) => areEqual(edit, other)),
    );
    if (finding.edits === undefined || finding.edits.length === 0) continue;
    if (own.some((edit) => taken.some((other) => overlap(edit, other)))) {
      postponed.push(finding);
    } else {
      taken.push(...own);
      mended.push(finding);
    }
  }
  const edits = Map.groupBy(
    taken.toSorted((a, b) => b.from - a.from),
    ({ file }) => file,
  );
  return { mended, edits, postponed };
}

/** The text with these lines changed; its line ends stay as they are. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const lines = text.split("\n");
  const end = lines[0]?.endsWith("\r") === true ? "\r" : "";
  for (const { from, to, lines: own } of edits.toSorted((a, b) => b.from - a.from)) {
    lines.splice(from - 1, Math.max(0, to - from + 1), ...own.map((line) => `${line}${end}`));
  }
  return lines.join("\n");
}

/** An edit without lines to replace stands before `from`, and takes that place for itself. */
function overlap(a: Edit, b: Edit): boolean {
  if (a.file !== b.file) return false;
  return a.from <= Math.max(b.from, b.to) && b.from <= Math.max(a.from, a.to);
}

function areEqual(a: Edit, b: Edit): boolean {
  const isPlace = a.file === b.file && a.from === b.from && a.to === b.to;
  return isPlace && a.lines.join("\n") === b.lines.join("\n");
}
