import type { DocumentBase, Problem } from "../document.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type MapNode, type Node } from "../node.ts";
import { at, type Located, type Location, type SourceFile } from "../source.ts";
import type { EmbeddedIn } from "./embedded.ts";
import { scalars } from "./prometheus.ts";

/** Alertmanager's own configuration file. */
export interface AlertmanagerDocument extends DocumentBase {
  readonly kind: "alertmanager";
  readonly root: Node;
  readonly embedded?: EmbeddedIn;
  readonly route: Route;
  readonly receivers: readonly Receiver[];
  readonly inhibitions: readonly Inhibition[];
}

export interface Route {
  readonly at: Location;
  /** Its own, or its parent's. */
  readonly receiver: Located<string> | undefined;
  readonly matchers: readonly LabelMatcher[];
  readonly continues: boolean;
  readonly groupBy: readonly Located<string>[];
  /** `group_wait`, `group_interval`, `repeat_interval` as written. */
  readonly times: ReadonlyMap<string, Located<string>>;
  readonly routes: readonly Route[];
}

export interface LabelMatcher {
  readonly at: Location;
  readonly name: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export interface Receiver {
  readonly at: Location;
  readonly name: string;
  /** `email_configs` and the like, one entry each item. */
  readonly integrations: readonly {
    readonly type: string;
    readonly at: Location;
    readonly node: Node;
  }[];
}

export interface Inhibition {
  readonly at: Location;
  readonly source: readonly LabelMatcher[];
  readonly target: readonly LabelMatcher[];
  readonly equal: readonly Located<string>[];
}

/** Routes deeper than any real tree of them are not read. */
const ROUTE_DEPTH_MAX = 20;

export function isAlertmanager(root: Node): boolean {
  return nodeAt(root, "route")?.type === "map" && nodeAt(root, "receivers")?.type === "list";
}

export function readAlertmanager(
  file: SourceFile,
  root: MapNode,
  problems: readonly Problem[],
): AlertmanagerDocument {
  const entry = entryAt(root, "route");
  const top = { node: entry?.node ?? root, line: entry?.line ?? 1, depth: 0 };
  const route = routeOf(file, top, undefined);
  const receivers = itemsAt(root, "receivers").map((node) => receiverOf(file, node));
  return {
    kind: "alertmanager",
    file,
    root,
    route,
    receivers,
    inhibitions: itemsAt(root, "inhibit_rules").map((node) => inhibitionOf(file, node)),
    problems,
  };
}

/** A route and all below it, itself first. */
export function routesIn(route: Route): readonly Route[] {
  return [route, ...route.routes.flatMap((child) => routesIn(child))];
}

interface Place {
  readonly node: Node;
  readonly line: number;
  readonly depth: number;
}

function routeOf(file: SourceFile, place: Place, parent: Route | undefined): Route {
  const { node, depth } = place;
  const written = entryAt(node, "receiver");
  const own =
    written?.node.type === "scalar"
      ? { value: written.node.text, at: at(file, written.line) }
      : undefined;
  const route: Route = {
    at: at(file, place.line),
    receiver: own ?? parent?.receiver,
    matchers: [
      ...legacy(file, nodeAt(node, "match"), "="),
      ...legacy(file, nodeAt(node, "match_re"), "=~"),
      ...matchersOf(file, nodeAt(node, "matchers")),
    ],
    continues: textAt(node, "continue") === "true",
    groupBy: scalars(file, nodeAt(node, "group_by")),
    times: timesOf(file, node),
    routes: [],
  };
  if (depth >= ROUTE_DEPTH_MAX) return route;
  const routes = itemsAt(node, "routes").map((child) =>
    routeOf(file, { node: child, line: child.line, depth: depth + 1 }, route),
  );
  return { ...route, routes };
}

function timesOf(file: SourceFile, node: Node): ReadonlyMap<string, Located<string>> {
  const times = new Map<string, Located<string>>();
  for (const key of ["group_wait", "group_interval", "repeat_interval"]) {
    const entry = entryAt(node, key);
    if (entry?.node.type !== "scalar") continue;
    times.set(key, { value: entry.node.text, at: at(file, entry.line) });
  }
  return times;
}

function legacy(file: SourceFile, node: Node | undefined, op: "=" | "=~"): readonly LabelMatcher[] {
  return entriesAt(node).flatMap(([name, { line, node: value }]): LabelMatcher[] =>
    value.type === "scalar" ? [{ at: at(file, line), name, op, value: value.text }] : [],
  );
}

function matchersOf(file: SourceFile, node: Node | undefined): readonly LabelMatcher[] {
  return scalars(file, node).flatMap(({ value, at: where }) =>
    splitMatchers(value).flatMap((text) => matcherOf(text, where) ?? []),
  );
}

/** `{a="b",c="d"}` is one item with two matchers. */
function splitMatchers(text: string): readonly string[] {
  const inner = text.trim().replace(/^\{/, "").replace(/\}$/, "");
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < inner.length; index += 1) {
    const character = inner[index];
    if (character === '"') quoted = !quoted;
    if (character !== "," || quoted) continue;
    parts.push(inner.slice(start, index));
    start = index + 1;
  }
  return [...parts, inner.slice(start)];
}

function matcherOf(text: string, where: Location): LabelMatcher | undefined {
  const index = text.search(/[=!]/);
  if (index <= 0) return undefined;
  const op = (["=~", "!~", "!=", "="] as const).find((word) => text.startsWith(word, index));
  if (op === undefined) return undefined;
  const name = unquoted(text.slice(0, index).trim());
  return { at: where, name, op, value: unquoted(text.slice(index + op.length).trim()) };
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function receiverOf(file: SourceFile, node: Node): Receiver {
  const integrations = entriesAt(node)
    .filter(([type]) => type.endsWith("_configs"))
    .flatMap(([type, { node: list }]) =>
      (list.type === "list" ? list.items : []).map((item) => ({
        type,
        at: at(file, item.line),
        node: item,
      })),
    );
  const name = entryAt(node, "name");
  const where = at(file, name?.line ?? node.line);
  return { at: where, name: textAt(node, "name") ?? "", integrations };
}

function inhibitionOf(file: SourceFile, node: Node): Inhibition {
  const side = (which: "source" | "target"): readonly LabelMatcher[] => [
    ...legacy(file, nodeAt(node, `${which}_match`), "="),
    ...legacy(file, nodeAt(node, `${which}_match_re`), "=~"),
    ...matchersOf(file, nodeAt(node, `${which}_matchers`)),
  ];
  return {
    at: at(file, node.line),
    source: side("source"),
    target: side("target"),
    equal: scalars(file, nodeAt(node, "equal")),
  };
}
