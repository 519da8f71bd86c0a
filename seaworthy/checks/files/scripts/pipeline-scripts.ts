import { readShell } from "../../../facts/scripts/shell.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Scope, Script } from "./scripts-of.ts";

const known = new WeakMap<Scope, readonly Script[]>();

/** Pipelines as scripts; a pipeline's shell stops at the first command that fails. */
export function pipelineScripts(scope: Scope): readonly Script[] {
  const before = known.get(scope);
  if (before !== undefined) return before;
  const made = scope.documents.of("pipeline").map(({ file, jobs }): Script => {
    const shells = jobs
      .flatMap(({ commands }) => commands)
      .map(({ text, line }) => readShell(text, { firstLine: line, errexit: true }));
    const shell = {
      commands: shells.flatMap(({ commands }) => commands),
      functions: shells.flatMap(({ functions }) => functions),
    };
    const place = (line: number): Location => at(file, line);
    return { name: file.path, path: file.path, shell, place, isScript: true };
  });
  known.set(scope, made);
  return made;
}
