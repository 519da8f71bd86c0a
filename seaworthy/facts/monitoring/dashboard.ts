import type { DocumentBase, Problem } from "../document.ts";
import { entryAt, itemsAt, nodeAt, numberAt, textAt, type Node } from "../node.ts";
import { at, type Located, type Location, type SourceFile } from "../source.ts";
import type { EmbeddedIn } from "./embedded.ts";
import { readQuery, type Query } from "./promql.ts";

/** A Grafana dashboard, or the body of an API call that makes one. */
export interface DashboardDocument extends DocumentBase {
  readonly kind: "dashboard";
  readonly embedded?: EmbeddedIn;
  readonly title: string;
  /** Where `"dashboard":` stands, when the file is an API call's body. */
  readonly wrapper: Location | undefined;
  readonly schemaVersion: number | undefined;
  readonly panels: readonly Panel[];
  /** Names of its variables, `DS_PROMETHEUS` among them where one is chosen on the page. */
  readonly variables: readonly string[];
}

export interface Panel {
  readonly at: Location;
  readonly title: string;
  readonly type: Located<string>;
  readonly queries: readonly { readonly at: Location; readonly query: Query }[];
  /** `uid` of the data source, or its name in old dashboards. */
  readonly datasource: Located<string> | undefined;
}

/** Rows hold panels, which hold none. */
const DEPTH_MAX = 3;
/** Keys of which a dashboard has at least one beside its panels. */
const OWN_KEYS = ["schemaVersion", "templating", "time", "uid", "title", "timezone"];

export function isDashboard(root: Node): boolean {
  const board = boardOf(root);
  if (board?.type !== "map" || !OWN_KEYS.some((key) => board.entries.has(key))) return false;
  return ["panels", "rows"].some((key) =>
    itemsAt(board, key).some(
      (panel) => textAt(panel, "type") !== undefined || nodeAt(panel, "panels") !== undefined,
    ),
  );
}

export function readDashboard(
  file: SourceFile,
  root: Node,
  problems: readonly Problem[],
): DashboardDocument {
  const board = boardOf(root);
  const wrapper = board === root ? undefined : entryAt(root, "dashboard");
  return {
    kind: "dashboard",
    file,
    title: textAt(board, "title") ?? "",
    wrapper: wrapper === undefined ? undefined : at(file, wrapper.line),
    schemaVersion: numberAt(board, "schemaVersion"),
    panels: panelsIn(file, board, 0),
    variables: itemsAt(board, "templating", "list").flatMap((item) => textAt(item, "name") ?? []),
    problems,
  };
}

function boardOf(root: Node): Node | undefined {
  const inner = nodeAt(root, "dashboard");
  return nodeAt(root, "panels") === undefined && inner?.type === "map" ? inner : root;
}

function panelsIn(file: SourceFile, node: Node | undefined, depth: number): readonly Panel[] {
  if (depth > DEPTH_MAX) return [];
  const own = itemsAt(node, "panels").flatMap((panel) => [
    ...panelOf(file, panel),
    ...panelsIn(file, panel, depth + 1),
  ]);
  return [...own, ...itemsAt(node, "rows").flatMap((row) => panelsIn(file, row, depth + 1))];
}

function panelOf(file: SourceFile, node: Node): readonly Panel[] {
  const type = entryAt(node, "type");
  if (type?.node.type !== "scalar") return [];
  const datasource = datasourceOf(file, node);
  return [
    {
      at: at(file, node.line),
      title: textAt(node, "title") ?? "",
      type: { value: type.node.text, at: at(file, type.line) },
      datasource,
      queries: itemsAt(node, "targets").flatMap((target) => {
        const written = entryAt(target, "expr");
        if (written?.node.type !== "scalar" || written.node.text === "") return [];
        if (isOtherSource(node) || isOtherSource(target)) return [];
        const query = readQuery(withoutVariables(written.node.text));
        return [{ at: at(file, written.line), query }];
      }),
    },
  ];
}

function datasourceOf(file: SourceFile, node: Node): Located<string> | undefined {
  const entry = entryAt(node, "datasource");
  if (entry === undefined) return undefined;
  const uid = textAt(entry.node, "uid");
  if (uid !== undefined) return { value: uid, at: at(file, entry.line) };
  const isName = entry.node.type === "scalar" && entry.node.value !== null;
  return isName ? { value: textAt(entry.node) ?? "", at: at(file, entry.line) } : undefined;
}

/** Loki, Tempo and the like also have `expr`. */
function isOtherSource(node: Node): boolean {
  const source = nodeAt(node, "datasource");
  const type = textAt(source, "type") ?? textAt(source) ?? "";
  return /loki|tempo|elastic|influx|cloudwatch|graphite/i.test(type);
}

/**
 * Grafana puts its variables in first. A range becomes `5m`; elsewhere the variable becomes a word,
 * which as a metric's name is known to nobody.
 */
function withoutVariables(text: string): string {
  return text
    .replaceAll(/\[(?:\$\{?\w+\}?)(:[^\]]{0,20})?\]/g, "[5m$1]")
    .replaceAll(/\$\{\w+(?::\w+)?\}|\[\[\w+\]\]|\$\w+/g, "grafana_variable");
}
