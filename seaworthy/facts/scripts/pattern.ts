import { closingBrace, closingParenthesis, closingBackquote } from "./shell-scan.ts";

/** A path with everything that only the run can know as `*`: `/backup/db_*.sql.gz`. */
export function patternOf(text: string): string {
  let made = "";
  let index = 0;
  while (index < text.length && made.length < PATTERN_MAX) {
    const end = afterUnknown(text, index);
    made += end === index ? (text[index] ?? "") : "*";
    index = Math.max(end, index + 1);
  }
  return made.replaceAll(/\*{2,}/g, "*");
}

/** A longer path is none. */
const PATTERN_MAX = 1_000;

function afterUnknown(text: string, index: number): number {
  const character = text[index];
  if (character === "`") return closingBackquote(text, index + 1) + 1;
  if (character !== "$") return index;
  if (text[index + 1] === "(") return closingParenthesis(text, index + 2) + 1;
  if (text[index + 1] === "{") return closingBrace(text, index + 2) + 1;
  const [name = ""] =
    /^(?:[A-Za-z_]\w{0,100}|[0-9@*#?$!-])/.exec(text.slice(index + 1, index + 110)) ?? [];
  return name === "" ? index : index + 1 + name.length;
}

/** Whether one of two patterns may name what the other names. */
export function patternsMeet(one: string, other: string): boolean {
  return matches(one, other) || matches(other, one);
}

/** `*` of the pattern stands for anything, also for a `*` of the text. Linear but for the stars. */
function matches(pattern: string, text: string): boolean {
  const pieces = pattern.split("*");
  const [first = "", ...rest] = pieces;
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let index = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, index);
    if (found < 0) return false;
    index = found + piece.length;
  }
  return text.length - last.length >= index && text.endsWith(last);
}
