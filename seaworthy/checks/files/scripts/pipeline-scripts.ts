import { readShell } from "../../../facts/scripts/shell.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Scope, Script } from "./scripts-of.ts";

const known = new WeakMap<Scope, readonly Script[]>();

/** Pipelines as scripts, each command within its job; a pipeline stops at what fails. */
export function pipelineScripts(scope: Scope): readonly Script[] {
  const before = known.get(scope);
  if (before !== undefined) return before;
  const made = scope.documents.of("pipeline").map(({ file, jobs }): Script => {
    const commands = jobs.flatMap((job) =>
      job.commands.flatMap(({ text, line }) =>
        readShell(text, { firstLine: line, errexit: true }).commands.map((command) => ({
          ...command,
          within: command.within ?? job.name,
        })),
      ),
    );
    const shell = { commands, functions: [] };
    const place = (line: number): Location => at(file, line);
    return { name: file.path, path: file.path, shell, place, isScript: true };
  });
  known.set(scope, made);
  return made;
}
