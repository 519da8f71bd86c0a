/** Text that a shell script writes to a file or feeds to a program. */
export interface Heredoc {
  /** The file it is written to, as written; undefined where a program reads it. */
  readonly path: string | undefined;
  /** The first word of the command: `cat`, `kubectl`, `psql`. */
  readonly command: string;
  /** Index of its first line. */
  readonly from: number;
  readonly lines: readonly string[];
}

const HEREDOCS_MAX = 200;
const LINE_CHARACTERS_MAX = 1_000;
const START = /<<(-?)\s*(?:'([\w.-]+)'|"([\w.-]+)"|\\?([\w.-]+))/;

/** The here-documents of a script (POSIX shell, 2.7.4); one that never ends is none. */
export function heredocsOf(lines: readonly string[]): readonly Heredoc[] {
  const found: Heredoc[] = [];
  for (let index = 0; index < lines.length && found.length < HEREDOCS_MAX; index += 1) {
    const line = lines[index] ?? "";
    if (line.length > LINE_CHARACTERS_MAX || line.trimStart().startsWith("#")) continue;
    const start = START.exec(line);
    if (start === null || line[start.index + 2] === "<" || line[start.index - 1] === "<") continue;
    const [whole, dash, single, double, bare] = start;
    const word = single ?? double ?? bare ?? "";
    const end = lines.findIndex((candidate, at) => at > index && endsIt(candidate, word, dash));
    if (end < 0) continue;
    const isLiteral = bare === undefined || whole.includes("\\");
    const content = lines.slice(index + 1, end).map((text) => written(text, { isLiteral, dash }));
    const command = /^[\s(]*(?:sudo\s+)?([\w./-]+)/.exec(line)?.[1] ?? "";
    found.push({ path: targetOf(line, command), command, from: index + 1, lines: content });
    index = end;
  }
  return found;
}

function endsIt(line: string, word: string, dash: string | undefined): boolean {
  return (dash === "-" ? line.replace(/^\t+/, "") : line) === word;
}

/** What the file will hold, as far as no variable decides. */
function written(
  text: string,
  how: { readonly isLiteral: boolean; readonly dash: string | undefined },
): string {
  const line = how.dash === "-" ? text.replace(/^\t+/, "") : text;
  return how.isLiteral ? line : line.replaceAll(/\\([$`\\])/g, "$1");
}

function targetOf(line: string, command: string): string | undefined {
  const word = /(?:"([^"]{1,300})"|'([^']{1,300})'|([^\s;|&<>"']{1,300}))/.source;
  const [, ...redirected] = new RegExp(`(?:^|[^<>&\\d])>>?\\s*${word}`).exec(line) ?? [];
  const [, ...teed] =
    command === "tee" || /\|\s*(?:sudo\s+)?tee\s/.test(line)
      ? (new RegExp(`\\btee\\s+(?:-a\\s+|--append\\s+)?${word}`).exec(line) ?? [])
      : [];
  const target = [...teed, ...redirected].find((part) => part !== undefined && part !== "");
  return target === "/dev/null" ? undefined : target;
}
