import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { baseName } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { pipelineScripts } from "./pipeline-scripts.ts";
import { scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { traceOf } from "./trace.ts";

/** One wrong word on the command line, and the data is gone. */
export const destructiveCommandInScript: FileRule = {
  name: "destructive-command-in-script",
  summary: "a script for every day can delete data, or leaves the operator on another cluster",
  check: (unit) =>
    [...scriptsOf(unit), ...pipelineScripts(unit)].flatMap((script) =>
      isMeantTo(script) ? [] : oneScript(script),
    ),
};

const MEANT =
  /clean|(?:^|[-_/])down(?:[-_.]|$)|reset|tear-?down|destroy|uninstall|remove|wipe|purge|restore/i;

/** Its name says that it takes things down, or that it is for one's own machine. */
function isMeantTo({ path, isScript }: Script): boolean {
  if (!isScript) return true;
  // Hooks of a build agent leave it as they found it.
  if (/(?:^|\/)\.(?:buildkite|circleci|husky)\//.test(path)) return true;
  return MEANT.test(path) || /dev|local|test|demo|e2e|ci\b/i.test(path);
}

function oneScript(script: Script): readonly Found[] {
  const found: Found[] = [];
  const trace = traceOf(script.shell).map(({ command }) => command);
  for (const command of script.shell.commands) {
    const what = destroys(command);
    if (what !== undefined && !isConfirmed(command, script, trace)) {
      found.push(destroying({ script, command, what }));
    }
  }
  const [first, ...rest] = found;
  const [moved] = script.shell.commands.filter((command) => movesContext(command));
  const all = first === undefined ? [] : [{ ...first, places: mergedPlaces(first, rest) }];
  return moved === undefined ? all : [...all, leftBehind(script, moved)];
}

function mergedPlaces(first: Found, rest: readonly Found[]): Found["places"] {
  const [place, ...more] = first.places;
  return [place, ...more, ...rest.flatMap(({ places }) => places)];
}

/** What a command deletes that no second run brings back. */
function destroys({ expanded }: ShellCommand): string | undefined {
  const docker = dockerVerb(expanded);
  const text = expanded.join(" ").slice(0, 1_000);
  if (docker?.engine === "compose" && docker.verb === "down") {
    return docker.rest.some((word) => word === "-v" || word === "--volumes")
      ? "all volumes"
      : undefined;
  }
  if (docker?.engine === "docker" && docker.verb === "system") {
    return docker.rest.includes("--volumes") ? "all unused volumes" : undefined;
  }
  if (docker?.engine === "docker" && docker.verb === "volume") {
    return docker.rest[1] === "prune" ? "all unused volumes" : undefined;
  }
  const run = invocationOf(expanded);
  if (run?.program === "kubectl" && run.args.includes("delete")) {
    return /\bdelete (?:namespaces?|ns|pvc|persistentvolumeclaims?)\b/.test(text)
      ? "a namespace or its volumes"
      : undefined;
  }
  if (run?.program === "terraform" && run.args.includes("destroy")) return "the infrastructure";
  return run?.program === "dropdb" && !run.args.includes("--if-exists") ? "a database" : undefined;
}

/** A person is asked, or has to give a flag, before it. */
function isConfirmed(
  command: ShellCommand,
  script: Script,
  trace: readonly ShellCommand[],
): boolean {
  const until = trace.slice(0, trace.indexOf(command));
  if (until.some(({ expanded }) => expanded[0] === "read" || expanded[0] === "select")) return true;
  const own = script.shell.commands.filter(({ within }) => within === command.within);
  if (own.some(({ expanded }) => /^(?:read|confirm\w*|ask\w*|prompt\w*)$/.test(expanded[0] ?? "")))
    return true;
  return command.guards.some(({ of }) =>
    of.some(({ words }) => words.some((word) => /force|confirm|yes|purge|volumes/i.test(word))),
  );
}

interface Destruction {
  readonly script: Script;
  readonly command: ShellCommand;
  readonly what: string;
}

function destroying({ script, command, what }: Destruction): Found {
  const arms = command.guards.map(({ pattern }) => pattern ?? "");
  const named = [command.within ?? "", ...arms].some((name) => MEANT.test(name));
  const where = command.within === undefined ? "" : ` in \`${command.within}\``;
  return {
    severity: named ? "note" : "warning",
    message:
      `${baseName(script.path)}: \`${command.expanded.slice(0, 6).join(" ")}\`${where} ` +
      `deletes ${what}, unasked`,
    places: [script.place(command.line)],
    why: "Run on the wrong host or in haste it takes the data with it, and nothing brings it back.",
    fix: "Leave the volumes out, or ask for the name of what is deleted before it is.",
  };
}

function movesContext({ expanded }: ShellCommand): boolean {
  const run = invocationOf(expanded);
  return (
    run?.program === "kubectl" && run.args.includes("use-context") && run.args.includes("config")
  );
}

function leftBehind(script: Script, command: ShellCommand): Found {
  return {
    severity: "note",
    message: `${shortName(script)} leaves kubectl on context \`${command.expanded.at(-1) ?? ""}\``,
    places: [script.place(command.line)],
    why: "The next command that somebody types goes to another cluster than they think.",
    fix: "Give `--context` to each command instead.",
  };
}
