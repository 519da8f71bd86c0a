import type { Document, Problem } from "../../../facts/document.ts";
import { embeddedIn } from "../../../facts/monitoring/embedded.ts";
import type { Location } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "./listing.ts";
import { missingRuleFiles } from "./rule-files.ts";

/** Findings of one file; what is left is counted in the last one. */
const GROUPS_MAX = 5;

export const nativeConfigInvalid: FileRule = {
  name: "native-config-invalid",
  summary: "a configuration file that its own program refuses or cannot follow",
  check: (unit) => [
    ...unit.documents.all.flatMap((document) => findings(document)),
    ...unit.documents
      .of("manifest")
      .flatMap(({ file }) => embeddedIn(file))
      .flatMap((document) => findings(document)),
    ...missingRuleFiles(unit),
  ],
};

/** Faults that are mended alike are one finding. */
function findings(document: Document): readonly Found[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of document.problems) {
    const key = `${problem.harmless === true ? "harmless" : "refused"} ${problem.fix}`;
    const group = groups.get(key) ?? [];
    group.push(problem);
    groups.set(key, group);
  }
  return [...groups.values()]
    .slice(0, GROUPS_MAX)
    .flatMap((problems) => foundOf(document, problems));
}

function foundOf(document: Document, problems: readonly Problem[]): readonly Found[] {
  const [first] = problems;
  if (first === undefined) return [];
  const messages = [...new Set(problems.map(({ message }) => message))];
  const rest = messages.length > 1 ? ` (and ${listed(messages.slice(1))})` : "";
  const others: readonly Location[] = problems.slice(1).map(({ at }) => at);
  const isHarmless = first.harmless === true;
  return [
    {
      severity: isSample(document.file.path) ? "note" : isHarmless ? "warning" : "error",
      message: `${first.message}${rest}`,
      places: [first.at, ...others],
      why: isHarmless
        ? "The program starts, and what is written here has no effect."
        : "The program does not start with this file, or a reload keeps the old one in silence.",
      fix: first.fix,
    },
  ];
}
