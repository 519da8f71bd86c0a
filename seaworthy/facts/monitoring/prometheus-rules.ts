import type { DocumentBase, Problem } from "../document.ts";
import { entryAt, itemsAt, nodeAt, textAt, type Node, type ScalarNode } from "../node.ts";
import { at, type Located, type Location, type SourceFile } from "../source.ts";
import { durationMs } from "./duration.ts";
import type { EmbeddedIn } from "./embedded.ts";
import { labelsOf } from "./prometheus.ts";
import { lineIn, readQuery, type Query } from "./promql.ts";

/** A file of alerts and recording rules. */
export interface PrometheusRulesDocument extends DocumentBase {
  readonly kind: "prometheus-rules";
  readonly embedded?: EmbeddedIn;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly type: "alert" | "record";
  readonly name: string;
  /** The line of `alert:` or `record:`. */
  readonly at: Location;
  readonly group: string;
  readonly expression: Located<string>;
  readonly query: Query;
  /** Where an offset into the expression stands. */
  readonly locate: (offset: number) => Location;
  readonly forMs: number | undefined;
  readonly labels: ReadonlyMap<string, Located<string>>;
  readonly annotations: ReadonlyMap<string, Located<string>>;
}

/** `groups[].rules[].(alert|record)`; an empty list of groups is a file of rules too. */
export function isRules(root: Node): boolean {
  const rules = itemsAt(root, "groups").flatMap((group) => itemsAt(group, "rules"));
  const ours = rules.filter((rule) => typeOf(rule) !== undefined);
  const queries = ours.flatMap((rule) => textAt(rule, "expr") ?? []);
  return queries.some((query) => !isLogQuery(query));
}

export function readRules(
  file: SourceFile,
  root: Node,
  problems: readonly Problem[],
): PrometheusRulesDocument {
  const rules = itemsAt(root, "groups").flatMap((group) =>
    itemsAt(group, "rules").flatMap((node) => ruleOf(file, node, textAt(group, "name") ?? "")),
  );
  const refused = rules.flatMap((rule) => syntaxProblem(rule));
  const groups = sameGroups(file, root);
  return { kind: "prometheus-rules", file, rules, problems: [...problems, ...groups, ...refused] };
}

/** rulefmt.go, `Validate`: a group's name is unique in its file. */
function sameGroups(file: SourceFile, root: Node): readonly Problem[] {
  const seen = new Set<string>();
  return itemsAt(root, "groups").flatMap((group): Problem[] => {
    const name = textAt(group, "name");
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    const message = `two groups of rules are called ${JSON.stringify(name)}: Prometheus refuses`;
    return [{ at: at(file, group.line), message, fix: "Give the second group another name." }];
  });
}

function typeOf(rule: Node): Rule["type"] | undefined {
  if (textAt(rule, "alert") !== undefined) return "alert";
  return textAt(rule, "record") === undefined ? undefined : "record";
}

function ruleOf(file: SourceFile, node: Node, group: string): readonly Rule[] {
  const type = typeOf(node);
  const name = type === undefined ? undefined : entryAt(node, type);
  const written = entryAt(node, "expr");
  if (type === undefined || name === undefined || written?.node.type !== "scalar") return [];
  const locate = locator(file, written.line, written.node);
  return [
    {
      type,
      name: textAt(node, type) ?? "",
      at: at(file, name.line),
      group,
      expression: { value: written.node.text, at: at(file, written.line) },
      query: readQuery(written.node.text),
      locate,
      forMs: durationMs(textAt(node, "for")),
      labels: labelsOf(file, nodeAt(node, "labels")),
      annotations: labelsOf(file, nodeAt(node, "annotations")),
    },
  ];
}

/** The line of an offset: exact in a literal block, the key's line elsewhere. */
function locator(
  file: SourceFile,
  keyLine: number,
  { block, line, text }: ScalarNode,
): (offset: number) => Location {
  if (!block) return () => at(file, line);
  const isFolded = />[-+\d]*\s*(?:#.*)?$/.test(lineOf(file.text, keyLine));
  return (offset) => at(file, keyLine + 1 + (isFolded ? 0 : lineIn(text, offset)));
}

function lineOf(text: string, line: number): string {
  let start = 0;
  for (let left = line - 1; left > 0; left -= 1) {
    const end = text.indexOf("\n", start);
    if (end < 0) return "";
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  return text.slice(start, end < 0 ? start + 500 : Math.min(end, start + 500));
}

function syntaxProblem({ query, locate, name }: Rule): readonly Problem[] {
  const [offset] = query.errors;
  if (offset === undefined || isTemplate(query.text)) return [];
  if (isLogQuery(query.text)) {
    return [
      {
        at: locate(offset),
        message: `${name}: this is LogQL, and Prometheus refuses the whole file`,
        fix: "Move it to a file of Loki's ruler.",
      },
    ];
  }
  const near = query.text.slice(Math.max(0, offset - 20), offset + 10).replaceAll(/\s+/g, " ");
  return [
    {
      at: locate(offset),
      message: `${name}: this is not PromQL near ${JSON.stringify(near)}`,
      fix: "Mend the expression; `promtool check rules` says the same.",
    },
  ];
}

/** Helm, Jinja and shell put something in before Prometheus reads it. */
function isTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%") || text.includes("${");
}

/** Loki's ruler has the same format; its expressions have filters of lines. */
function isLogQuery(text: string): boolean {
  return /\}\s*\|[=~>]?|\}\s*!~\s*["`]|\}\s*!=\s*["`]/.test(text);
}
