import { declaredFacts, type DeclaredFacts } from "../facts/declared.ts";
import { documentsOf, factsFrom } from "../facts/facts.ts";
import type { Tree } from "../facts/source.ts";
import type { Unit } from "../facts/unit.ts";
import { resolver } from "../facts/units/resolve.ts";
import type { Finding } from "../system/finding.ts";
import { splitPath } from "../system/path.ts";
import type { Parsed } from "../system/system.ts";
import { declaredHosts } from "./declared-hosts.ts";
import type { FileRule, Found } from "./files/file-rule.ts";
import { FILE_RULES } from "./files/files.ts";

const RULES: readonly FileRule[] = [...FILE_RULES, declaredHosts];

/** Names of the rules that read facts, whoever states them. */
export const FACT_RULES: readonly string[] = RULES.map(({ name }) => name);

/**
 * What the rules over existing files say of the facts of a declaration. Those that need a file to
 * speak find none. `said` is what the graph's own rules found: where both know one mistake, theirs
 * is the better sentence. Notes are left out: `check` of a declaration prints all that it is given.
 */
export function checkDeclaredFacts(parsed: Parsed, said: readonly Finding[]): readonly Finding[] {
  const facts = declaredFacts(parsed);
  const unit = unitOf(facts);
  return RULES.flatMap(({ name: rule, check }) =>
    check(unit)
      .filter(({ severity }) => severity !== "note")
      .map((found) => findingOf(rule, found, facts))
      .filter((finding) => !isSaid(finding, said)),
  );
}

/** A closed world of one environment: nothing outside the declaration is part of the system. */
function unitOf({ all, name }: DeclaredFacts): Unit {
  const documents = documentsOf([], NO_FILES);
  const facts = factsFrom(all);
  return {
    ...{ name, documents, facts, repository: { documents, facts }, openEdges: [] },
    consumerOf: () => undefined,
    resolve: resolver(facts),
  };
}

const NO_FILES: Tree = {
  files: [],
  has: () => false,
  isIgnored: () => false,
  unread: [],
  guide: undefined,
};

function findingOf(rule: string, found: Found, { pathOf }: DeclaredFacts): Finding {
  const { severity, message, why, fix } = found;
  const places = found.places.flatMap((place) => {
    const path = pathOf(place);
    return path === undefined ? [] : [{ path }];
  });
  return { rule, severity, message, places, why, fix };
}

/** The graph's rule of this name speaks of every unit that this finding speaks of. */
function isSaid({ rule, places }: Finding, said: readonly Finding[]): boolean {
  const known = new Set(
    said.filter((one) => one.rule === rule).flatMap((one) => one.places.map(unitAt)),
  );
  return known.size > 0 && places.map(unitAt).every((unit) => known.has(unit));
}

/** `services.api` of `services.api.env.NODE_OPTIONS`. */
function unitAt({ path = "" }: Finding["places"][number]): string {
  return splitPath(path).slice(0, 2).join(".");
}
