import type { DocumentBase } from "../document.ts";
import { entriesAt, nodeAt, type Node } from "../node.ts";
import { at, baseName, type Location, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import { composeProblems } from "./compose-problems.ts";

/** A Compose or Swarm stack file, whatever it is called. */
export interface ComposeDocument extends DocumentBase {
  readonly kind: "compose";
  readonly root: Node;
  readonly services: readonly ComposeService[];
  /** Only changes services of another file: some have neither an image nor a build. */
  readonly isOverlay: boolean;
}

export interface ComposeService {
  readonly name: string;
  readonly at: Location;
  readonly node: Node;
}

/** Keys that no other format with a top-level `services` has beside it. */
const OTHERS = [
  "apiVersion",
  "jobs",
  "stages",
  "steps",
  "pipeline",
  "pipelines",
  "declarationVersion",
  "captainVersion",
];

/** Enough of a service to tell that this is Compose. */
const SOURCES = ["image", "build", "extends"];
const TELLING = [
  ...SOURCES,
  ...["environment", "ports", "volumes", "command", "depends_on", "deploy", "restart", "networks"],
  ...["healthcheck", "env_file", "container_name", "labels", "logging", "profiles", "ulimits"],
  ...["mem_limit", "entrypoint", "expose", "user", "working_dir", "cap_add", "privileged", "scale"],
];

/** A file with more of them is broken as a whole. */
const DUPLICATES_MAX = 10;

function isComposeName(path: string): boolean {
  return /compose|docker-stack|stack\.ya?ml$/i.test(baseName(path));
}

export function readCompose(file: SourceFile): ComposeDocument | undefined {
  const named = isComposeName(file.path) && /\.ya?ml$/i.test(file.path);
  if (!named && !/^[ \t]*["']?services["']?[ \t]*:/m.test(file.text)) return undefined;
  if (/\.(?:md|sh|py|[cm]?[jt]sx?|go|java|sql|php)$/i.test(file.path)) return undefined;
  const { documents, errors, duplicates = [] } = structured(file);
  const [root] = documents;
  if (root === undefined || (errors.length > 0 && nodeAt(root, "services") === undefined)) {
    return named && errors.length > 0 ? unreadable(file, errors) : undefined;
  }
  if (root.type !== "map" || OTHERS.some((key) => root.entries.has(key))) return undefined;
  // Values of a chart, settings of a program: they may have services of their own.
  if (!named && [...root.entries.keys()].some((key) => !TOP.test(key))) return undefined;
  const services = servicesOf(file, root);
  if (services.length === 0) return named && isRest(root) ? empty(file, root) : undefined;
  if (!named && !services.some(({ node }) => SOURCES.some((key) => hasKey(node, key)))) {
    if (!services.every(({ node }) => TELLING.some((key) => hasKey(node, key)))) return undefined;
  }
  const read = { kind: "compose" as const, file, root, services, isOverlay: isOverlay(services) };
  const unclear = errors.slice(0, 1).map((error) => syntax(file, error));
  const twice = duplicates.slice(0, DUPLICATES_MAX).map(({ line, key }) => ({
    at: at(file, line),
    message: `"${key}" stands twice in one map`,
    fix: "keep one of them: Compose refuses the file (mapping key already defined)",
  }));
  return { ...read, problems: [...unclear, ...twice, ...composeProblems(read)] };
}

/** The keys at the top of a compose file. */
const TOP = /^(?:version|name|services|networks|volumes|secrets|configs|include|models|x-.*|<<)$/;

function servicesOf(file: SourceFile, root: Node): readonly ComposeService[] {
  return entriesAt(root, "services")
    .filter(([, { node }]) => node.type === "map")
    .map(([name, { line, node }]) => ({ name, at: at(file, line), node }));
}

function isOverlay(services: readonly ComposeService[]): boolean {
  return services.some(({ node }) => !SOURCES.some((key) => hasKey(node, key)));
}

function hasKey(node: Node, key: string): boolean {
  return node.type === "map" && node.entries.has(key);
}

/** A compose file of networks, volumes or includes alone. */
function isRest(root: Node): boolean {
  return ["include", "volumes", "networks"].some((key) => nodeAt(root, key) !== undefined);
}

function empty(file: SourceFile, root: Node): ComposeDocument {
  return { kind: "compose", file, root, services: [], isOverlay: true, problems: [] };
}

type Unclear = { readonly line: number; readonly message: string };

function unreadable(file: SourceFile, errors: readonly Unclear[]): ComposeDocument {
  const root: Node = { type: "map", line: 1, entries: new Map() };
  const problems = errors.slice(0, 1).map((error) => syntax(file, error));
  return { kind: "compose", file, root, services: [], isOverlay: true, problems };
}

function syntax(file: SourceFile, { line, message }: Unclear) {
  return {
    at: at(file, line),
    message: `this is not valid YAML: ${message}`,
    fix: "correct the syntax; Compose reads nothing of this file as it is",
    // A template of another tool is not YAML until it is rendered.
    harmless: /\{\{|\{%|<%/.test(file.text),
  };
}
