import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import type { SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import { commandLines } from "./commands.ts";
import type { PipelineDocument, PipelineJob, Trigger } from "./delivery.ts";

const JOBS_MAX = 500;

/** A workflow of GitHub Actions: `on` and `jobs` whose members have `runs-on` or `uses`. */
export function readGithub(file: SourceFile): PipelineDocument | undefined {
  if (!/\.ya?ml$/.test(file.path)) return undefined;
  const [root] = structured(file).documents;
  const jobs = entriesAt(root, "jobs").slice(0, JOBS_MAX);
  // YAML 1.1 readers take the key `on` for true; ours keeps its text.
  if (root?.type !== "map" || !root.entries.has("on") || jobs.length === 0) return undefined;
  const runs = jobs.some(
    ([, { node }]) => nodeAt(node, "runs-on") !== undefined || nodeAt(node, "uses") !== undefined,
  );
  if (!runs) return undefined;
  const triggers = triggersOf(root);
  const restricted = triggers.every(isNarrow);
  return {
    kind: "pipeline",
    system: "github",
    file,
    stages: [],
    triggers,
    open: false,
    jobs: jobs.map(([name, { line, node }]) => jobOf({ name, line, node, root, restricted })),
    problems: [],
  };
}

/** `on: push`, `on: [push]` and `on: {push: {branches: […]}}`. */
function triggersOf(root: Node): readonly Trigger[] {
  const entry = entryAt(root, "on");
  if (entry === undefined) return [];
  const single = textAt(entry.node);
  const names =
    single === undefined ? itemsAt(entry.node).flatMap((one) => textAt(one) ?? []) : [single];
  const plain = names.map((event): Trigger => ({ event, line: entry.line }));
  const detailed = entriesAt(entry.node).map(([event, { line, node }]): Trigger => {
    const branches = listAt(node, "branches");
    const tags = listAt(node, "tags");
    const except = nodeAt(node, "branches-ignore") !== undefined;
    return {
      event,
      line,
      ...(branches === undefined && !except ? {} : { branches: branches ?? ["**"] }),
      ...(tags === undefined ? {} : { tags }),
    };
  });
  return [...plain, ...detailed];
}

function listAt(node: Node, key: string): readonly string[] | undefined {
  const found = nodeAt(node, key);
  if (found === undefined) return undefined;
  const single = textAt(found);
  return single === undefined ? itemsAt(found).flatMap((one) => textAt(one) ?? []) : [single];
}

/** It fires for named branches or tags, by the clock, or when a person asks. */
function isNarrow({ event, branches, tags }: Trigger): boolean {
  if (event === "push") {
    const all = branches?.some((branch) => branch === "**" || branch === "*") === true;
    return tags !== undefined || (branches !== undefined && !all);
  }
  return event !== "pull_request" && event !== "pull_request_target" && event !== "create";
}

function jobOf(job: {
  readonly name: string;
  readonly line: number;
  readonly node: Node;
  readonly root: Node;
  readonly restricted: boolean;
}): PipelineJob {
  const { name, line, node, root, restricted } = job;
  const steps = itemsAt(node, "steps");
  const condition = entryAt(node, "if");
  const environment = textAt(node, "environment") ?? textAt(node, "environment", "name");
  const called = calledBy(node);
  const uses = [...called, ...steps.flatMap(useOf)];
  return {
    name,
    line,
    needs: listAt(node, "needs") ?? [],
    restricted: restricted || condition !== undefined,
    manual: false,
    ...(environment === undefined ? {} : { environment }),
    ...(condition === undefined
      ? {}
      : { condition: { line: condition.line, text: textAt(condition.node) ?? "" } }),
    // What a called workflow or an action of the repository does stands in its own file.
    unread: uses.some((use) => use.name.startsWith("./")) || called.length > 0,
    hosted: !/self-hosted|\$\{\{/.test((listAt(node, "runs-on") ?? ["self-hosted"]).join(" ")),
    commands: steps.flatMap((step) => {
      const run = nodeAt(step, "run");
      const conditional = nodeAt(step, "if") !== undefined;
      return run === undefined ? [] : commandLines(run).map((text) => ({ ...text, conditional }));
    }),
    uses,
    services: entriesAt(node, "services").flatMap(([, entry]) => textAt(entry.node, "image") ?? []),
    caches: [],
    variables: new Map(
      [...entriesAt(root, "env"), ...entriesAt(node, "env")].map(
        ([key, entry]) => [key, textAt(entry.node) ?? ""] as const,
      ),
    ),
  };
}

/** A job that is another workflow. */
function calledBy(node: Node): PipelineJob["uses"] {
  const entry = entryAt(node, "uses");
  const name = textAt(node, "uses");
  if (entry === undefined || name === undefined) return [];
  return [{ line: entry.line, name, given: "", conditional: false }];
}

function useOf(step: Node): PipelineJob["uses"] {
  const entry = entryAt(step, "uses");
  const name = textAt(step, "uses");
  if (entry === undefined || name === undefined) return [];
  const given = entriesAt(step, "with").map(([key, one]) => `${key}=${textAt(one.node) ?? ""}`);
  const conditional = nodeAt(step, "if") !== undefined;
  return [{ line: entry.line, name, given: given.join("\n"), conditional }];
}
