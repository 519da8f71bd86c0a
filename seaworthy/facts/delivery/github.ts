import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import type { SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import { commandLines } from "./commands.ts";
import type { PipelineDocument, PipelineJob } from "./delivery.ts";

/** A workflow of GitHub Actions: `on` and `jobs` whose members have `runs-on` or `uses`. */
export function readGithub(file: SourceFile): PipelineDocument | undefined {
  if (!/\.ya?ml$/.test(file.path)) return undefined;
  const [root] = structured(file).documents;
  const jobs = entriesAt(root, "jobs");
  // YAML 1.1 readers take the key `on` for true; ours keeps its text.
  if (root?.type !== "map" || !root.entries.has("on") || jobs.length === 0) return undefined;
  const runs = jobs.some(
    ([, { node }]) => nodeAt(node, "runs-on") !== undefined || nodeAt(node, "uses") !== undefined,
  );
  if (!runs) return undefined;
  const restricted = isRestricted(nodeAt(root, "on"));
  return {
    kind: "pipeline",
    system: "github",
    file,
    stages: [],
    jobs: jobs.map(([name, { line, node }]) => jobOf({ name, line, node, restricted })),
    problems: [],
  };
}

/** Every trigger is narrowed to branches, tags, a schedule or a person. */
function isRestricted(on: Node | undefined): boolean {
  if (on?.type !== "map") return false;
  return [...on.entries].every(([event, { node }]) => {
    if (event === "push") {
      return nodeAt(node, "branches") !== undefined || nodeAt(node, "tags") !== undefined;
    }
    return event !== "pull_request" && event !== "pull_request_target";
  });
}

function jobOf(job: {
  readonly name: string;
  readonly line: number;
  readonly node: Node;
  readonly restricted: boolean;
}): PipelineJob {
  const { name, line, node, restricted } = job;
  const single = textAt(node, "needs");
  const listed = itemsAt(node, "needs").flatMap((item) => textAt(item) ?? []);
  const steps = itemsAt(node, "steps");
  return {
    name,
    line,
    needs: single === undefined ? listed : [single],
    restricted: restricted || nodeAt(node, "if") !== undefined,
    commands: steps.flatMap((step) => {
      const run = nodeAt(step, "run");
      return run === undefined ? [] : commandLines(run);
    }),
    uses: steps.flatMap((step) => {
      const uses = entryAt(step, "uses");
      const action = textAt(step, "uses");
      if (uses === undefined || action === undefined) return [];
      const given = entriesAt(step, "with").map(
        ([key, entry]) => `${key}=${textAt(entry.node) ?? ""}`,
      );
      return [{ line: uses.line, name: action, given: given.join("\n") }];
    }),
  };
}
