import type { Terminal } from "./context.ts";
import type { Refusal } from "./failure.ts";
import { findingsText } from "./findings-text.ts";
import { painter } from "./paint.ts";

/** What went wrong, the lines a person needs, and what to do: in this order. */
export function refusalText(refusal: Refusal, terminal: Terminal): string {
  const paint = painter(terminal);
  const lines = [
    ...findingsText(refusal.findings, paint),
    `${paint("red", "seaworthy:")} ${refusal.message}`,
    ...refusal.detail.map((line) => `  ${line}`),
  ];
  if (refusal.fix !== undefined) lines.push(`  fix  ${refusal.fix}`);
  return `${lines.join("\n")}\n`;
}
