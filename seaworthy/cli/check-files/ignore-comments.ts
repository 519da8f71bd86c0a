import type { SourceFile } from "../../facts/source.ts";

/** `# seaworthy ignore RULE: reason`, in whatever comments a format has. */
export interface IgnoreComment {
  readonly file: string;
  readonly line: number;
  readonly rules: readonly string[];
  /** Without one nothing is ignored. */
  readonly reason: string;
  /** Lines it speaks for: its own, and the first below that is no such comment. */
  readonly covers: readonly number[];
}

const COMMENTS_MAX = 2_000;
const LINE_CHARACTERS_MAX = 2_000;
const MARK = "seaworthy ignore ";
const COMMENT = /(?:#|\/\/|--|;|<!--|\/\*|\{#|%|\*)\s{0,20}/.source;
const NAMES = /([a-z0-9-]+(?:, ?[a-z0-9-]+){0,20})/.source;
const FORM = new RegExp(`${COMMENT}${MARK}${NAMES} ?(?::(.*))?$`);

export function ignoreComments(files: readonly SourceFile[]): readonly IgnoreComment[] {
  const found: IgnoreComment[] = [];
  for (const { path, text, origin } of files) {
    // A guide's blocks stand in the guide itself.
    if (origin !== undefined || !text.includes(MARK)) continue;
    const lines = text.split("\n");
    for (const [index, line] of lines.entries()) {
      if (found.length >= COMMENTS_MAX) return found;
      const comment = line.length > LINE_CHARACTERS_MAX ? null : FORM.exec(line);
      if (comment === null) continue;
      const [, rules = "", rest = ""] = comment;
      found.push({
        file: path,
        line: index + 1,
        rules: rules.split(/, ?/),
        reason: rest.replace(/\s*(?:-->|\*\/|#\}|%\})\s*$/, "").trim(),
        covers: covered(lines, index),
      });
    }
  }
  return found;
}

function covered(lines: readonly string[], index: number): readonly number[] {
  let next = index + 1;
  while (next < lines.length && FORM.test((lines[next] ?? "").slice(0, LINE_CHARACTERS_MAX))) {
    next += 1;
  }
  return [index + 1, next + 1];
}
