import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Entry, type Node } from "../node.ts";
import { baseName, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import { commandLines } from "./commands.ts";
import type { PipelineDocument, PipelineJob } from "./delivery.ts";

/** Keys of the top that are no jobs (GitLab's reference of .gitlab-ci.yml). */
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
  "pages",
  "spec",
]);

/** `.gitlab-ci.yml`: by its name, or `stages` beside jobs with a `script`. */
export function readGitlab(file: SourceFile): PipelineDocument | undefined {
  if (!/\.ya?ml$/.test(file.path)) return undefined;
  const [root] = structured(file).documents;
  if (root?.type !== "map") return undefined;
  const jobs = [...root.entries].filter(
    ([name, { node }]) =>
      !GLOBAL.has(name) && !name.startsWith(".") && nodeAt(node, "script") !== undefined,
  );
  const named = baseName(file.path).startsWith(".gitlab-ci");
  if (jobs.length === 0 || (!named && !root.entries.has("stages"))) return undefined;
  return {
    kind: "pipeline",
    system: "gitlab",
    file,
    stages: itemsAt(root, "stages").flatMap((stage) => textAt(stage) ?? []),
    jobs: jobs.map(([name, entry]) => jobOf(root, name, entry)),
    problems: [],
  };
}

function jobOf(root: Node, name: string, { line, node }: Entry): PipelineJob {
  const inherited = (key: string) =>
    entryAt(node, key) ?? entryAt(root, "default", key) ?? entryAt(root, key);
  const image = imageOf(inherited("image"));
  const stage = textAt(node, "stage");
  const scripts = ["before_script", "script"].flatMap((key) => {
    const entry = key === "script" ? entryAt(node, key) : inherited(key);
    return entry === undefined ? [] : commandLines(entry.node);
  });
  return {
    name,
    line,
    ...(stage === undefined ? { stage: "test" } : { stage }),
    needs: itemsAt(node, "needs").flatMap((need) => textAt(need) ?? textAt(need, "job") ?? []),
    ...(image === undefined ? {} : { image }),
    restricted:
      ["only", "rules"].some((key) => nodeAt(node, key) !== undefined) ||
      textAt(node, "when") === "manual" ||
      entriesAt(root, "workflow").length > 0,
    commands: scripts,
    uses: [],
  };
}

function imageOf(entry: Entry | undefined): PipelineJob["image"] {
  if (entry === undefined) return undefined;
  const { node } = entry;
  const name = textAt(node) ?? textAt(node, "name");
  if (name === undefined) return undefined;
  return { name, line: entry.line, entrypoint: nodeAt(node, "entrypoint") !== undefined };
}
