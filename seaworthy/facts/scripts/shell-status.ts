import type { Statement } from "./shell-syntax.ts";
import { textOf } from "./shell-word.ts";

/** Words that read the status of what ran before. */
export const STATUS = /\$\?|PIPESTATUS/;

/** The condition holds when its command fails: `! cmd`, `[ $? -ne 0 ]`. */
export function isNegated(condition: readonly Statement[]): boolean {
  const last = condition.at(-1);
  if (last?.type === "pipeline") return last.negated;
  const words = last?.type === "simple" ? last.words.map(textOf) : [];
  if (!words.some((word) => word.includes("$?"))) return false;
  return words.includes("-ne") || words.includes("!=") || words.includes("-gt");
}

/** Whether the condition or command itself, not what it guards, holds such a word. */
export function mentions(statement: Statement, pattern: RegExp): boolean {
  if (statement.type === "chain") return mentions(statement.left, pattern);
  if (statement.type === "if") {
    return (statement.branches[0]?.condition ?? []).some((inner) => mentions(inner, pattern));
  }
  if (statement.type === "pipeline") return statement.parts.some((part) => mentions(part, pattern));
  if (statement.type !== "simple") return false;
  const words = [...statement.words, ...statement.assignments.map(({ value }) => value)];
  return words.some((word) => pattern.test(textOf(word)));
}
