import type { Stages } from "./pipelines.ts";
import type { Invocation } from "./invocation.ts";
import { patternOf } from "./pattern.ts";

/** What the first stage removes of what was saved before; undefined when it removes nothing old. */
export function pruneOf(after: Stages, all: Stages): string | undefined {
  const [first] = after;
  if (first === undefined) return undefined;
  const { run } = first;
  const text = run.args.join(" ").slice(0, 2_000);
  switch (run.program) {
    case "find":
      return found(run, after);
    case "rm":
      return removed(first, all);
    case "aws":
      return /^s3 rm\b/.test(text) ? remoteOf(run) : undefined;
    case "rclone":
      return /\b(?:delete|purge)\b/.test(text) ? remoteOf(run) : undefined;
    case "mc":
      return /\brm\b/.test(text) ? (run.args.at(-1) ?? "") : undefined;
    case "gsutil":
      return /\brm\b/.test(text) ? remoteOf(run) : undefined;
    case "restic":
      return /\b(?:forget|prune)\b/.test(text) ? "restic:" : undefined;
    case "borg":
      return /\b(?:prune|delete)\b/.test(text) ? "borg:" : undefined;
    default:
      return undefined;
  }
}

function found(run: Invocation, stages: Stages): string | undefined {
  const { args } = run;
  const next = stages[1]?.run;
  const removes =
    args.includes("-delete") ||
    args.some((word, index) => /^-(?:exec|execdir|ok)$/.test(word) && isRemover(args[index + 1])) ||
    (next !== undefined && isRemover(next.program)) ||
    next?.args.some(isRemover) === true;
  if (!removes) return undefined;
  const folder = args.find((word) => !word.startsWith("-")) ?? "";
  const names = args.flatMap((word, index) =>
    /^-i?(?:name|path|wholename)$/.test(word) ? [args[index + 1] ?? ""] : [],
  );
  const base = patternOf(folder).replace(/\/$/, "");
  return names.length === 1 ? `${base}/${patternOf(names[0] ?? "")}` : `${base}/*`;
}

/** `rm` of a glob, of what a loop or a pipe brings; not the clearing away of one's own file. */
function removed({ run, command }: Stages[number], all: Stages): string | undefined {
  const alone = command === all[0]?.command;
  const inLoop = command.guards.some(({ when }) => when === "loop");
  const operands = run.args.filter((word) => !word.startsWith("-"));
  const [first = ""] = operands;
  if (!alone) {
    const lists = all.some(
      ({ run: { program, args } }) =>
        program === "ls" || program === "find" || (program === "tail" && args.length > 0),
    );
    return lists ? "*" : undefined;
  }
  const globbed = operands.find((word) => /[*?]/.test(word));
  if (globbed !== undefined && !isTemporary(globbed)) return patternOf(globbed);
  return inLoop && /^\$\{?[A-Za-z_]\w{0,60}\}?$/.test(first) ? "*" : undefined;
}

function isTemporary(path: string): boolean {
  return path.startsWith("/tmp/") || path.startsWith("/var/tmp/") || path.includes("/apt/lists");
}

function isRemover(word: string | undefined): boolean {
  return word === "rm" || word === "/bin/rm" || word === "unlink";
}

function remoteOf({ args }: Invocation): string {
  return patternOf(
    args.find((word) => /^[a-z0-9_-]{2,}:/i.test(word)) ??
      args.find((word) => word.startsWith("$")) ??
      "",
  );
}
