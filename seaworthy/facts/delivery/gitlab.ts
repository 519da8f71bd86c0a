import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Entry, type Node } from "../node.ts";
import type { Problem } from "../document.ts";
import { at, baseName, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import { commandLines } from "./commands.ts";
import type { PipelineDocument, PipelineJob } from "./delivery.ts";

/** Keys of the top that are no jobs (GitLab 17, CI/CD YAML syntax reference). */
const GLOBAL = new Set([
  "stages",
  "variables",
  "cache",
  "default",
  "include",
  "workflow",
  "image",
  "services",
  "before_script",
  "after_script",
  "spec",
]);
/** The stages of a file that names none. */
const STAGES = ["build", "test", "deploy"];
/** GitLab itself allows eleven levels of `extends`. */
const EXTENDS_MAX = 11;
const JOBS_MAX = 500;

/** `.gitlab-ci.yml`: by its name, or `stages` beside jobs with a `script`. */
export function readGitlab(file: SourceFile): PipelineDocument | undefined {
  if (!/\.ya?ml$/.test(file.path)) return undefined;
  // A component's file has a document of inputs before its jobs.
  const root = structured(file).documents.at(-1);
  if (root?.type !== "map") return undefined;
  const jobs = [...root.entries]
    .filter(([name, { node }]) => !GLOBAL.has(name) && !name.startsWith(".") && isJob(node))
    .slice(0, JOBS_MAX);
  const named = baseName(file.path).startsWith(".gitlab-ci");
  const scripted = jobs.some(([, { node }]) => nodeAt(node, "script") !== undefined);
  if (jobs.length === 0 || (!named && !(root.entries.has("stages") && scripted))) return undefined;
  const stages = itemsAt(root, "stages").flatMap((stage) => textAt(stage) ?? []);
  return {
    kind: "pipeline",
    system: "gitlab",
    file,
    stages: [".pre", ...(stages.length === 0 ? STAGES : stages), ".post"],
    triggers: [],
    open: root.entries.has("include"),
    jobs: jobs.map(([name, entry]) => jobOf(root, name, entry)),
    problems: jobs.flatMap(([, { node }]) => scriptProblems(file, node)),
  };
}

/** `- echo "a: b"` without quotes around it is a mapping; GitLab refuses the whole file. */
function scriptProblems(file: SourceFile, job: Node): readonly Problem[] {
  return SCRIPTS.flatMap((key) =>
    mappingsIn(nodeAt(job, key)).map((line) => ({
      at: at(file, line),
      message: `a command of \`${key}\` is read as a mapping, because \`: \` stands in it`,
      fix: "put the whole command in quotes, or write it under `- |`",
    })),
  );
}

const SCRIPTS = ["before_script", "script", "after_script"];

function mappingsIn(node: Node | undefined): readonly number[] {
  const items = node?.type === "list" ? node.items : [];
  return items.flatMap((item) => (item.type === "map" ? [item.line] : []));
}

function isJob(node: Node): boolean {
  return ["script", "extends", "trigger", "run"].some((key) => nodeAt(node, key) !== undefined);
}

/** The job with what it extends put in, its own keys first. */
interface Extended {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Something that it extends is not in this file. */
  readonly unread: boolean;
}

function extended(root: Node, node: Node, depth = 0): Extended {
  const own = new Map(entriesAt(node));
  const single = textAt(node, "extends");
  const names =
    single === undefined ? itemsAt(node, "extends").flatMap((one) => textAt(one) ?? []) : [single];
  let unread = depth > EXTENDS_MAX && names.length > 0;
  // The last one named wins over those before it, the job's own keys over all.
  for (const name of depth > EXTENDS_MAX ? [] : names.toReversed()) {
    const base = nodeAt(root, name);
    if (base === undefined) {
      unread = true;
      continue;
    }
    const inherited = extended(root, base, depth + 1);
    unread ||= inherited.unread;
    for (const [key, entry] of inherited.entries) if (!own.has(key)) own.set(key, entry);
  }
  return { entries: own, unread };
}

function jobOf(root: Node, name: string, { line, node }: Entry): PipelineJob {
  const { entries, unread } = extended(root, node);
  const job: Node = { type: "map", line, entries };
  const inherited = (key: string): Entry | undefined =>
    entries.get(key) ?? entryAt(root, "default", key) ?? entryAt(root, key);
  const image = imageOf(inherited("image"));
  const scripts = ["before_script", "script"].flatMap((key) => {
    const entry = key === "script" ? entries.get(key) : inherited(key);
    return entry === undefined ? [] : commandLines(entry.node, root);
  });
  const needs = entries.get("needs")?.node;
  const environment = textAt(job, "environment") ?? textAt(job, "environment", "name");
  const condition = conditionOf(job);
  return {
    name,
    line,
    stage: textAt(job, "stage") ?? "test",
    needs:
      needs === undefined
        ? undefined
        : itemsAt(needs).flatMap((need) => textAt(need) ?? textAt(need, "job") ?? []),
    ...(image === undefined ? {} : { image }),
    ...(environment === undefined ? {} : { environment }),
    ...(condition === undefined ? {} : { condition }),
    restricted: isRestricted(root, job),
    manual: textAt(job, "when") === "manual",
    unread:
      unread ||
      scripts.length === 0 ||
      SCRIPTS.some((key) => mappingsIn(inherited(key)?.node).length > 0),
    hosted: true,
    commands: scripts.map((script) => ({ ...script, conditional: false })),
    uses: [],
    services: servicesOf(inherited("services")),
    caches: cachesOf(inherited("cache")),
    variables: new Map(
      [...entriesAt(root, "variables"), ...entriesAt(job, "variables")].map(
        ([key, entry]) => [key, textAt(entry.node) ?? textAt(entry.node, "value") ?? ""] as const,
      ),
    ),
  };
}

function isRestricted(root: Node, job: Node): boolean {
  return (
    ["only", "rules", "except"].some((key) => nodeAt(job, key) !== undefined) ||
    textAt(job, "when") === "manual" ||
    nodeAt(root, "workflow", "rules") !== undefined
  );
}

/** `only` and `except` as `key: a, b`, each on a line of its own; rules are not put in words. */
function conditionOf(job: Node): PipelineJob["condition"] {
  const entries = ["only", "except"].flatMap((key) => {
    const entry = entryAt(job, key);
    const refs = entry === undefined ? [] : refsOf(entry.node);
    return entry === undefined || refs.length === 0 ? [] : [{ line: entry.line, key, refs }];
  });
  const [first] = entries;
  if (first === undefined) return undefined;
  return {
    line: first.line,
    text: entries.map(({ key, refs }) => `${key}: ${refs.join(", ")}`).join("\n"),
  };
}

function refsOf(node: Node): readonly string[] {
  const listed = node.type === "list" ? node.items : itemsAt(node, "refs");
  const single = textAt(node);
  return single === undefined ? listed.flatMap((ref) => textAt(ref) ?? []) : [single];
}

function imageOf(entry: Entry | undefined): PipelineJob["image"] {
  if (entry === undefined) return undefined;
  const { node } = entry;
  const name = textAt(node) ?? textAt(node, "name");
  if (name === undefined) return undefined;
  return { name, line: entry.line, entrypoint: nodeAt(node, "entrypoint") !== undefined };
}

function servicesOf(entry: Entry | undefined): readonly string[] {
  if (entry === undefined) return [];
  return itemsAt(entry.node).flatMap((one) => textAt(one) ?? textAt(one, "name") ?? []);
}

function cachesOf(entry: Entry | undefined): PipelineJob["caches"] {
  if (entry === undefined) return [];
  const caches = entry.node.type === "list" ? entry.node.items : [entry.node];
  return caches.flatMap((cache) =>
    itemsAt(cache, "paths").flatMap((path) => {
      const text = textAt(path);
      return text === undefined ? [] : [{ line: path.line, path: text }];
    }),
  );
}
