import type { PipelineDocument, Trigger } from "../../../facts/delivery/delivery.ts";
import { at } from "../../../facts/source.ts";
import type { Found } from "../file-rule.ts";
import { placesOf } from "./wording.ts";

const CHARACTERS_MAX = 1_000;

/** Jobs whose `if` is false for each event that starts the workflow. */
export function githubNever({ file, jobs, triggers }: PipelineDocument): readonly Found[] {
  // A called workflow sees its caller's event.
  if (triggers.length === 0 || triggers.some(({ event }) => event === "workflow_call")) return [];
  return jobs.flatMap(({ name, line, condition }): readonly Found[] => {
    if (condition === undefined || condition.text.length > CHARACTERS_MAX) return [];
    if (!triggers.every((trigger) => isFalse(condition.text, trigger))) return [];
    const events = [...new Set(triggers.map(({ event }) => event))].join(", ");
    return [
      {
        severity: "warning",
        message:
          `\`${name}\` runs if \`${condition.text.trim()}\`, and the workflow starts on ` + events,
        places: placesOf(at(file, condition.line), [at(file, triggers[0]?.line ?? line)]),
        why: "The job is skipped in every run, and a skipped job is green.",
        fix: "add the event or branch under `on`, or correct the condition",
      },
    ];
  });
}

/** Whether an expression of plain comparisons is false; anything else is not judged. */
function isFalse(expression: string, trigger: Trigger): boolean {
  const text = expression.replace(/^\s*\$\{\{([\s\S]*)\}\}\s*$/, "$1");
  // Brackets, functions and negations need a parser: `always()`, `!cancelled()`.
  if (/[()!]/.test(text.replaceAll("!=", ""))) return false;
  return text.split("||").every((side) => side.split("&&").some((term) => fails(term, trigger)));
}

function fails(term: string, { event, branches, tags }: Trigger): boolean {
  const [, subject = "", operator, value = ""] =
    /^\s*(github\.[\w.]{1,60})\s*(==|!=)\s*'([^']{0,200})'\s*$/.exec(term) ?? [];
  if (operator === undefined) return false;
  if (subject === "github.event_name") return (event === value) !== (operator === "==");
  if (operator !== "==" || event !== "push") return false;
  const ref = subject === "github.ref" ? value : `refs/heads/${value}`;
  if (subject !== "github.ref" && subject !== "github.ref_name") return false;
  if (subject === "github.ref_name" && tags !== undefined) return false;
  if (ref.startsWith("refs/tags/")) return branches !== undefined && tags === undefined;
  if (!ref.startsWith("refs/heads/")) return false;
  if (branches === undefined) return tags !== undefined;
  const branch = ref.slice("refs/heads/".length);
  return branches.every((name) => !/[*?+[!]/.test(name) && name !== branch);
}
