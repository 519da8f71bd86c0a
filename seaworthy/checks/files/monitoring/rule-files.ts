import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { PrometheusDocument } from "../../../facts/monitoring/prometheus.ts";
import { baseName, folderOf, joinPath, type Located } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { listed } from "./listing.ts";
import { absenceFor, placesOf, sourceOf, type Placed } from "./running.ts";

/** Patterns of rule files that no file matches: Prometheus starts, with no rule in it. */
export function missingRuleFiles(unit: Unit): readonly Found[] {
  return monitoringIn(unit.documents, "prometheus").flatMap((document) => {
    const missing = document.ruleFiles.filter((pattern) => !isThere(unit, document, pattern));
    const [first, ...others] = missing;
    if (first === undefined || missing.length < document.ruleFiles.length) return [];
    const { severity, seen, because } = absenceFor(unit, document);
    const unmounted = namesakes(unit, first.value);
    const found: Found = {
      severity,
      message: wording(missing, unmounted, because),
      places: [first.at, ...[...others, ...unmounted].map(({ at }) => at), ...seen],
      why: [
        "Prometheus takes a pattern that matches nothing for an empty one and starts:",
        "no alert exists, and no page is ever sent.",
      ].join(" "),
      fix:
        unmounted.length === 0
          ? "Write the file, or mount it where the pattern looks."
          : `Mount ${listed(unmounted.map(({ value }) => value))} where the pattern looks.`,
      cause: `missing-rule-files ${document.file.path}`,
    };
    return [found];
  });
}

function wording(
  missing: readonly Located<string>[],
  unmounted: readonly Located<string>[],
  because: string,
): string {
  const names = listed(missing.map(({ value }) => value));
  const files = listed(unmounted.map(({ value }) => value));
  const end = because === "" ? "" : `, ${because}`;
  return unmounted.length === 0
    ? `no file matches what this Prometheus loads its rules from: ${names}${end}`
    : `${files} is not mounted where this Prometheus looks for rules (${names})${end}`;
}

/** Rule files of the repository whose names fit: written, and out of Prometheus's sight. */
function namesakes(unit: Unit, pattern: string): readonly Located<string>[] {
  const wanted = globOf(baseName(pattern));
  return unit.repository.documents
    .of("prometheus-rules")
    .flatMap(({ file, rules: [rule] }) =>
      wanted.test(baseName(file.path)) && rule !== undefined
        ? [{ value: file.path, at: rule.at }]
        : [],
    );
}

function isThere(unit: Unit, document: PrometheusDocument, pattern: Located<string>): boolean {
  if (/[${}]/.test(pattern.value)) return true;
  const placed = placesOf(unit, document);
  // Something else may put the rules there: an image of one's own, a volume that a job fills.
  if (placed.length === 0) return hasNamesake(unit, pattern.value);
  return placed.some((place) => isVisible(unit, place, pattern.value));
}

/** Nobody says where the file will be: a rule file of a fitting name, or a file of that path. */
function hasNamesake(unit: Unit, pattern: string): boolean {
  const { documents } = unit.repository;
  const wanted = globOf(baseName(pattern));
  const isRules = monitoringIn(documents, "prometheus-rules").some(({ embedded, file }) =>
    wanted.test(embedded === undefined ? baseName(file.path) : embedded.key),
  );
  // `*.yml` fits every file of YAML: there the folder has to fit as well.
  const parts = pattern.includes("*") && pattern.includes("/") ? 2 : 1;
  const tailOf = (path: string): string => path.split("/").slice(-parts).join("/");
  const tail = globOf(tailOf(pattern));
  return isRules || documents.tree.files.some(({ path }) => tail.test(tailOf(path)));
}

function isVisible(unit: Unit, { component, path, mount }: Placed, pattern: string): boolean {
  if (component.build !== undefined) return true;
  const inside = pattern.startsWith("/") ? pattern : joined(folderOf(path), pattern);
  const wanted = globOf(inside);
  const carriers = component.mounts.filter(({ target }) => mayCarry(target, inside));
  if (carriers.some(({ type }) => type !== "bind" && type !== "config-map")) return true;
  const { tree } = unit.documents;
  if (mount.type === "config-map" || carriers.some(({ type }) => type === "config-map")) {
    return isInConfigMap(unit, carriers, wanted);
  }
  return carriers.some((carrier) => {
    const source = sourceOf(carrier);
    if (source === undefined || tree.isIgnored(source) || /[${}]/.test(source)) return true;
    return tree.files.some(({ path: file }) => {
      if (file === source) return wanted.test(carrier.target);
      if (!file.startsWith(`${source}/`)) return false;
      return wanted.test(joined(carrier.target, file.slice(source.length + 1)));
    });
  });
}

/** Other ConfigMaps of the cluster are not seen: only those that stand here can be empty. */
function isInConfigMap(
  unit: Unit,
  carriers: Placed["component"]["mounts"],
  wanted: RegExp,
): boolean {
  const rules = monitoringIn(unit.repository.documents, "prometheus-rules");
  return carriers.some(
    ({ source, target }) =>
      !monitoringIn(unit.documents, "prometheus").some(
        ({ embedded }) => embedded?.name === source,
      ) ||
      rules.some(
        ({ embedded }) =>
          embedded?.name === source && wanted.test(joined(target, embedded?.key ?? "")),
      ),
  );
}

/** A mount at, above or below the fixed part of the pattern. */
function mayCarry(target: string, pattern: string): boolean {
  const fixed = pattern.split(/[*?[]/, 1)[0] ?? pattern;
  const folder = target.endsWith("/") ? target : `${target}/`;
  return pattern.startsWith(folder) || target.startsWith(fixed) || target === pattern;
}

function joined(folder: string, path: string): string {
  const inside = joinPath(folder.replace(/^\//, "").replace(/\/$/, ""), path) ?? path;
  return folder.startsWith("/") ? `/${inside}` : inside;
}

/** More stars than any real pattern has; matching them could take for ever. */
const STARS_MAX = 4;
const PATTERN_MAX = 300;

/** Go's `filepath.Glob`: `*` stays inside one part of a path. */
function globOf(pattern: string): RegExp {
  const plain = pattern.replaceAll(/\*+/g, "*");
  if (plain.length > PATTERN_MAX || plain.split("*").length > STARS_MAX + 1) return /^/;
  const source = plain
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${source}$`);
}
