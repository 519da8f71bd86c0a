import type { EnvironmentEntry, ProbeFact } from "../fact.ts";
import { time } from "./compose-fields.ts";
import type { Instruction } from "./dockerfile.ts";
import { shellWords } from "./words.ts";

/** The variables that `ENV` leaves in an image. */
export function stageEnvironment(
  stage: readonly Instruction[],
): ReadonlyMap<string, EnvironmentEntry> {
  const out = new Map<string, EnvironmentEntry>();
  for (const { keyword, words, at } of stage) {
    if (keyword !== "ENV") continue;
    const [first = "", ...rest] = words;
    if (!first.includes("=")) out.set(first, { at, value: rest.join(" ") });
    else {
      for (const word of words) {
        const [name = "", ...value] = word.split("=");
        out.set(name, { at, value: value.join("=") });
      }
    }
  }
  return out;
}

/** `HEALTHCHECK` as a probe; undefined for `NONE`. */
export function stageProbe({ at, text, flags }: Instruction): ProbeFact | undefined {
  const [, rest] = /^CMD\s+([^]*)$/i.exec(text) ?? [];
  if (rest === undefined) return undefined;
  const command = rest.startsWith("[") ? listOf(rest) : ["/bin/sh", "-c", rest];
  const failures = Number(flags.get("retries"));
  return {
    at,
    purpose: "health",
    check: { type: "exec", command },
    ...time("periodMs", flags.get("interval")),
    ...time("timeoutMs", flags.get("timeout")),
    ...time("startPeriodMs", flags.get("start-period")),
    ...(Number.isInteger(failures) ? { failures } : {}),
  };
}

function listOf(text: string): readonly string[] {
  return shellWords(text.replace(/^\[|\]$/g, "").replace(/"\s*,\s*"/g, '" "'));
}
