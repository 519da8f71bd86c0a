import type { Problem } from "../document.ts";
import { at, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import { isAlertmanager, readAlertmanager } from "./alertmanager.ts";
import { isDashboard, readDashboard } from "./dashboard.ts";
import { isGrafanaProvisioning, readGrafanaProvisioning } from "./grafana-provisioning.ts";
import { unknownFields } from "./known-fields.ts";
import { alertmanagerProblems } from "./alertmanager-problems.ts";
import type { MonitoringDocument } from "./monitoring.ts";
import { isPrometheus, readPrometheus } from "./prometheus.ts";
import { isRules, readRules } from "./prometheus-rules.ts";

/** Words of which one stands in every file of this family: others are not parsed for it. */
const WORDS = [
  "scrape_configs rule_files alerting receivers groups panels rows providers datasources",
  "contactPoints policies muteTimes templates",
];
const HINTS = new RegExp(WORDS.join(" ").replaceAll(" ", "|"));

/** Prose and source code quote configuration; a guide's blocks are files of their own. */
const QUOTING = /\.(?:mdx?|rst|adoc|html?|[cm]?[jt]sx?|py|go|java|kt|rb|php|rs|sh|sql)$/i;

/** The file as one of this family, by what its top level says. */
export function readByContent(file: SourceFile): MonitoringDocument | undefined {
  if (QUOTING.test(file.path) || !HINTS.test(file.text)) return undefined;
  const { documents, errors, duplicates = [] } = structured(file);
  const [root] = documents;
  if (root?.type !== "map" || root.entries.has("kind") || documents.length > 1) return undefined;
  const refused = isTemplate(file) ? [] : errors.slice(0, 1).map((error) => refusal(file, error));
  // Grafana reads JSON and takes the last one; Prometheus and Alertmanager refuse the file.
  const twice = duplicates.map((duplicate) => repetition(file, duplicate));
  const problems = [...refused, ...twice];
  const strange = (program: Parameters<typeof unknownFields>[2]): readonly Problem[] =>
    isTemplate(file) ? problems : [...problems, ...unknownFields(file, root, program)];
  if (isPrometheus(root)) return readPrometheus(file, root, strange("Prometheus"));
  if (isAlertmanager(root)) {
    const document = readAlertmanager(file, root, strange("Alertmanager"));
    return { ...document, problems: [...document.problems, ...alertmanagerProblems(document)] };
  }
  if (isRules(root)) return readRules(file, root, strange("Prometheus's rule reader"));
  if (isDashboard(root)) return readDashboard(file, root, refused);
  if (isGrafanaProvisioning(root)) return readGrafanaProvisioning(file, root, refused);
  return undefined;
}

function refusal(
  file: SourceFile,
  { line, message }: { readonly line: number; readonly message: string },
): Problem {
  return {
    at: at(file, line),
    message: `this cannot be read: ${message}`,
    fix: "Mend the syntax; nothing below this line is read.",
  };
}

function repetition(
  file: SourceFile,
  { line, key }: { readonly line: number; readonly key: string },
): Problem {
  return {
    at: at(file, line),
    message: `the key ${key} stands twice in one place: the program refuses the file`,
    fix: "Merge the two, or delete one.",
  };
}

/** Another program writes the final file: Helm, Jinja, gomplate. */
function isTemplate(file: SourceFile): boolean {
  return (
    /\.(?:j2|jinja2?|tpl|tmpl|gotmpl|template|erb)$/.test(file.path) ||
    /\{\{-|\{\{\s*\.Values|\{%/.test(file.text)
  );
}
