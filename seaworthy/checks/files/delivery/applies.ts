import type { Location } from "../../../facts/source.ts";
import { invocationOf, optionOf } from "../../../facts/scripts/invocation.ts";
import type { JobActs } from "./pipeline-jobs.ts";

/** Manifests that a job applies. */
export interface Apply {
  readonly at: Location;
  readonly paths: readonly string[];
}

export function appliesOf({ commands, job, at }: JobActs): readonly Apply[] {
  const applied = commands.flatMap(({ command, at: place }): readonly Apply[] => {
    const run = invocationOf(command.expanded);
    if (run?.program !== "kubectl" && run?.program !== "oc") return [];
    if (!run.args.some((word) => word === "apply" || word === "replace")) return [];
    const path = optionOf(run.args, "-f", "--filename");
    const local = path !== undefined && path !== "-" && !/^https?:|[$]/.test(path);
    return local ? [{ at: place, paths: path.split(",") }] : [];
  });
  // The plugin kubernetes-cd puts variables into manifests, and these have none.
  const actions = job.uses.flatMap(({ name, given, line }): readonly Apply[] => {
    const path = name === "kubernetesDeploy" ? /configs : (\S+)/.exec(given)?.[1] : undefined;
    return path === undefined ? [] : [{ at: lineOf(at, line - job.line), paths: path.split(",") }];
  });
  return [...applied, ...actions];
}

function lineOf(start: Location, further: number): Location {
  return { ...start, line: start.line + further };
}
