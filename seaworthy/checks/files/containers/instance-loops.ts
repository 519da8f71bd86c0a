import type { ComposeDocument } from "../../../facts/containers/compose.ts";
import { entryAt, textAt } from "../../../facts/node.ts";
import { at, baseName, type Location, type SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

/** A script starts one service again and again, each time under another container name. */
export interface InstanceLoop {
  readonly name: string;
  /** The service's `container_name`. */
  readonly at: Location;
  readonly head: Location;
  readonly up: Location;
  /** What changes from run to run. */
  readonly variable: string;
  /** Each run is a project of its own, so that all of them live. */
  readonly apart: boolean;
}

/** Loops of `docker compose up` in the tree that replace the container of the run before. */
export function loopsOf(unit: Unit, document: ComposeDocument): readonly InstanceLoop[] {
  return allLoopsOf(unit, document).filter(({ apart }) => !apart);
}

/** Those that give every run a project of its own among them. */
export function allLoopsOf(unit: Unit, document: ComposeDocument): readonly InstanceLoop[] {
  const named = document.services.flatMap(({ name, node }) => {
    const entry = entryAt(node, "container_name");
    const text = textAt(node, "container_name") ?? "";
    const variables = [...text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(
      ([, variable = ""]) => variable,
    );
    return entry === undefined || variables.length === 0
      ? []
      : [{ name, variables, at: at(document.file, entry.line) }];
  });
  const compose = baseName(document.file.path);
  return named.flatMap(({ name, variables, at: place }) => {
    for (const file of unit.documents.tree.files) {
      const loop = loopOf(file, variables, compose);
      if (loop !== undefined) return [{ name, at: place, ...loop }];
    }
    return [];
  });
}

const SCRIPT_LINES_MAX = 5_000;
const SCRIPT_CHARACTERS_MAX = 200_000;
const LINE_CHARACTERS_MAX = 4_000;
const UP = /\bdocker(?:-compose|\s+compose)\b.*\bup\b/;
/** Each of these gives the copies a project or a count of their own. */
const APART = /--project-name|--scale|(?:^|\s)-p[ =]?\S|\bdocker\s+(?:-H|--context)/;

type Loop = Omit<InstanceLoop, "name" | "at">;

function loopOf(file: SourceFile, variables: readonly string[], compose: string): Loop | undefined {
  const text = file.text.slice(0, SCRIPT_CHARACTERS_MAX);
  if (!text.includes("docker") || !text.includes("done")) return undefined;
  const lines = text
    .split("\n", SCRIPT_LINES_MAX)
    .map((line) => line.slice(0, LINE_CHARACTERS_MAX));
  const heads: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:for|while|until)\s/.test(line)) heads.push(index);
    const head = heads.at(-1);
    if (head !== undefined && UP.test(line)) {
      const body = lines.slice(head, index + 1).join("\n");
      const variable = variables.find((name) => new RegExp(`(?:^|\\s)${name}=`).test(body));
      const other = /-f\s+["']?(\S+?)["']?\s/.exec(line)?.[1];
      const isOurs = other === undefined || baseName(other) === compose || other.includes("$");
      if (variable !== undefined && isOurs) {
        const apart = APART.test(line) || text.includes("COMPOSE_PROJECT_NAME");
        return { head: at(file, head + 1), up: at(file, index + 1), variable, apart };
      }
    }
    if (/^\s*done\b/.test(line)) heads.pop();
  }
  return undefined;
}
