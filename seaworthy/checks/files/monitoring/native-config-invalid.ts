import type { Document, Problem } from "../../../facts/document.ts";
import { embeddedIn } from "../../../facts/monitoring/embedded.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isExpanded } from "./expansion.ts";
import { unknownLogUsers } from "../proxies/log-users.ts";
import { isSample, listed } from "./listing.ts";
import { missingRuleFiles } from "./rule-files.ts";

/** Findings of one file. */
const GROUPS_MAX = 5;

export const nativeConfigInvalid: FileRule = {
  name: "native-config-invalid",
  summary: "a configuration file that its own program refuses or cannot follow",
  check: (unit) => [
    ...unit.documents.all.flatMap((document) => findings(unit, document)),
    ...unit.documents
      .of("manifest")
      .flatMap(({ file }) => embeddedIn(file))
      .flatMap((document) => findings(unit, document)),
    ...missingRuleFiles(unit),
    ...unknownLogUsers(unit),
  ],
};

/** Faults that are mended alike are one finding. */
function findings(unit: Unit, document: Document): readonly Found[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of document.problems) {
    const key = `${problem.harmless === true ? "harmless" : "refused"} ${problem.fix}`;
    const group = groups.get(key) ?? [];
    group.push(problem);
    groups.set(key, group);
  }
  const all = [...groups.values()];
  // The fifth and what comes after it share a finding: a broken file is one thing to mend.
  const rest = all.slice(GROUPS_MAX - 1).flat();
  return [...all.slice(0, GROUPS_MAX - 1), ...(rest.length === 0 ? [] : [rest])].flatMap(
    (problems) => foundOf(unit, document, problems),
  );
}

function foundOf(unit: Unit, document: Document, problems: readonly Problem[]): readonly Found[] {
  const [first] = problems;
  if (first === undefined) return [];
  const messages = [...new Set(problems.map(({ message }) => message))];
  const rest = messages.length > 1 ? ` (and ${listed(messages.slice(1))})` : "";
  const others: readonly Location[] = problems.slice(1).map(({ at }) => at);
  const isHarmless = first.harmless === true || document.kind === "dashboard";
  return [
    {
      severity: isRaw(unit, document) ? "note" : isHarmless ? "warning" : "error",
      message: `${first.message}${rest}`,
      places: [first.at, ...others],
      why: first.why ?? whyOf(document, isHarmless),
      fix: first.fix,
    },
  ];
}

/** An example, or what a script still changes before its program reads it. */
function isRaw(unit: Unit, { file }: Document): boolean {
  return isSample(file.path) || isExpanded(unit, file.path);
}

function whyOf({ kind }: Document, isHarmless: boolean): string {
  if (kind === "dashboard")
    return "Grafana loads nothing of this dashboard, and only its log says so.";
  // logrotate passes over what it does not understand, and goes on.
  if (kind === "logrotate")
    return "What is written here is not done: a log grows, or is kept too short.";
  return isHarmless
    ? "The program starts, and what is written here has no effect."
    : "The program does not start with this file, or a reload keeps the old one in silence.";
}
