import type { Fact } from "../fact.ts";
import { at } from "../source.ts";
import type { Code } from "./source-facts.ts";

const NAME = "([A-Z][A-Z0-9_]{1,100})";

/** How each language asks for a variable that must be there, and for one that may be. */
const READS: readonly { readonly pattern: RegExp; readonly optional: boolean }[] = [
  // Python: os.environ["X"] raises, get and getenv give None or a default.
  { pattern: new RegExp(`os\\.environ\\[["']${NAME}["']\\](?!\\s*=[^=])`, "g"), optional: false },
  {
    pattern: new RegExp(
      `os\\.(?:environ\\.get|getenv)\\(\\s*["']${NAME}["'](\\s*,\\s*[^)]*)?`,
      "g",
    ),
    optional: true,
  },
  // JavaScript: undefined where it is not set.
  { pattern: new RegExp(`process\\.env(?:\\.${NAME}|\\[["']${NAME}["']\\])`, "g"), optional: true },
  { pattern: new RegExp(`System\\.getenv\\("${NAME}"\\)`, "g"), optional: true },
  { pattern: new RegExp(`os\\.(?:Getenv|LookupEnv)\\("${NAME}"\\)`, "g"), optional: true },
  { pattern: new RegExp(`ENV\\[["']${NAME}["']\\]`, "g"), optional: true },
  { pattern: new RegExp(`ENV\\.fetch\\(["']${NAME}["']\\)`, "g"), optional: false },
];

/** So many lines above and below are looked at. */
const TRY_LINES_MAX = 40;

/** Python: `try:` above, less indented, and `except` of that block below: it can do without. */
function isInTry(lines: readonly string[], index: number): boolean {
  let indent = indentOf(lines[index] ?? "");
  for (let above = index - 1; above >= Math.max(0, index - TRY_LINES_MAX); above -= 1) {
    const line = lines[above] ?? "";
    if (line.trim() === "" || indentOf(line) >= indent) continue;
    indent = indentOf(line);
    if (/^\s*try\s*:/.test(line)) return catches(lines, index, indent);
    if (/^\s*(?:def|class)\b/.test(line)) return false;
  }
  return false;
}

/** `if "NAME" in os.environ:`, or a default that is read for it just before. */
function asksWhether(lines: readonly string[], index: number, name: string): boolean {
  return lines
    .slice(Math.max(0, index - TRY_LINES_MAX), index + TRY_LINES_MAX)
    .some((line) => /\bin os\.environ|(?:getenv|environ\.get)\(/.test(line) && line.includes(name));
}

function catches(lines: readonly string[], from: number, indent: number): boolean {
  return lines
    .slice(from + 1, from + 1 + TRY_LINES_MAX)
    .some(
      (line) =>
        indentOf(line) === indent &&
        /^\s*except\s*(?::|.*\b(?:KeyError|LookupError|Exception)\b)/.test(line),
    );
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/**
 * Variables that source code reads. `fallback` is set where the code can go on without: with the
 * default as far as it can be read, `""` where the code merely does not insist.
 */
export function environmentReads({ document, lines }: Code): readonly Fact[] {
  return lines.flatMap((line, index) => {
    if (!/env/i.test(line) || /^\s*(#|\/\/|\*)/.test(line)) return [];
    return READS.flatMap(({ pattern, optional }) =>
      [...line.matchAll(pattern)].flatMap((match): readonly Fact[] => {
        const name = match[1] ?? match[2];
        if (name === undefined || !/^[A-Z]/.test(name)) return [];
        const isTried =
          document.file.path.endsWith(".py") &&
          (isInTry(lines, index) || asksWhether(lines, index, name));
        const read = { kind: "environment-read", at: at(document.file, index + 1), name } as const;
        return [optional || isTried ? { ...read, fallback: "" } : read];
      }),
    );
  });
}
