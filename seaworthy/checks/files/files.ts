import { survey, type Survey, type Unit } from "../../facts/unit.ts";
import type { Tree } from "../../facts/source.ts";
import { APPLICATIONS_RULES } from "./applications/applications.ts";
import { CONTAINERS_RULES } from "./containers/containers.ts";
import { DELIVERY_RULES } from "./delivery/delivery.ts";
import { ASKING } from "./asking-catalogues.ts";
import type { FileRule, Found } from "./file-rule.ts";
import { KUBERNETES_RULES } from "./kubernetes/kubernetes.ts";
import { MONITORING_RULES } from "./monitoring/monitoring.ts";
import { PROXIES_RULES } from "./proxies/proxies.ts";
import { SCRIPTS_RULES } from "./scripts/scripts.ts";

export const FILE_RULES: readonly FileRule[] = [
  ...CONTAINERS_RULES,
  ...KUBERNETES_RULES,
  ...PROXIES_RULES,
  ...MONITORING_RULES,
  ...SCRIPTS_RULES,
  ...APPLICATIONS_RULES,
  ...DELIVERY_RULES,
];

/** A finding, and the rule and unit it comes from. */
export interface FileFinding extends Found {
  readonly rule: string;
  readonly unit: string;
}

export interface FileCheckOptions {
  /** Without them, rules that ask what is known about products say nothing. */
  readonly catalogues: boolean;
}

/** What every rule has to say about a tree; the same fault seen from two units is said once. */
export function checkFiles(tree: Tree): readonly FileFinding[] {
  return checkSurvey(survey(tree), { catalogues: true });
}

/** The same of a tree that was read already. */
export function checkSurvey(
  { units }: Survey,
  { catalogues }: FileCheckOptions,
): readonly FileFinding[] {
  const rules = catalogues ? FILE_RULES : FILE_RULES.filter(({ name }) => !ASKING.has(name));
  const said = new Map<string, FileFinding>();
  const seen = new Map<string, string>();
  for (const unit of units) {
    for (const finding of findingsOf(unit, rules)) {
      const [{ file, line }] = finding.places;
      const key = JSON.stringify([finding.rule, finding.message, file, line]);
      const place = JSON.stringify([finding.rule, file, line]);
      // What another unit counts a little differently is the same fault of the same line.
      const before = seen.get(place);
      if (said.has(key) || (before !== undefined && before !== unit.name)) continue;
      seen.set(place, unit.name);
      said.set(key, finding);
    }
  }
  return [...said.values()];
}

function findingsOf(unit: Unit, rules: readonly FileRule[]): readonly FileFinding[] {
  return rules.flatMap((rule) =>
    rule.check(unit).map((found) => ({ ...found, rule: rule.name, unit: unit.name })),
  );
}
