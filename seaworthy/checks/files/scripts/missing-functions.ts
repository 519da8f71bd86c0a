import { invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { listed, scriptsOf, shortName, type Script } from "./scripts-of.ts";

/** `send_mail` is called and neither this script nor any other of the repository defines it. */
export function missingFunctions(unit: Unit): readonly Found[] {
  const { tree } = unit.repository.documents;
  const known = new Set([
    ...scriptsOf(unit.repository).flatMap(({ shell }) => shell.functions.map(({ name }) => name)),
    ...unit.repository.documents.of("shell").flatMap(({ file }) => defined(file.text)),
    ...tree.files.map(({ path }) => baseName(path).replace(/\.\w{1,4}$/, "")),
  ]);
  const names = new Set(tree.files.map(({ path }) => baseName(path)));
  return scriptsOf(unit).flatMap((script) => {
    if (!script.isScript || sourcesUnknown(script, names)) return [];
    return oneScript(script, known);
  });
}

/** By its text as well: one quote that is read amiss must not take a definition away. */
function defined(text: string): readonly string[] {
  return [
    ...text.matchAll(/^[ \t]{0,40}(?:function[ \t]{1,8})?([\w-]{1,100})[ \t]{0,8}\(\)/gm),
  ].map(([, name = ""]) => name);
}

/** A file that is read in and is not in the tree may define anything. */
function sourcesUnknown({ shell }: Script, names: ReadonlySet<string>): boolean {
  return shell.commands.some(({ expanded }) => {
    const [program, file = ""] = expanded;
    return (program === "source" || program === ".") && !names.has(baseName(file));
  });
}

/** Snake case that begins with a verb: programs are not named so, functions mostly are. */
const VERBS = [
  "send notify alert check verify validate create setup set install deploy start stop restart run",
  "get fetch load log print show wait backup restore cleanup clean remove delete update upgrade",
  "migrate build push pull init initialize configure enable disable test ensure handle parse",
  "generate export import rollback switch promote drain record report register write apply execute",
];
const NAME = new RegExp(`^(?:${VERBS.join(" ").replaceAll(" ", "|")})(?:_[a-z0-9]+)+$`);

function oneScript(script: Script, known: ReadonlySet<string>): readonly Found[] {
  const asked = new Set(script.shell.commands.flatMap((command) => asksFor(command)));
  const missing = script.shell.commands.filter((command) => {
    const [name = ""] = command.words;
    if (!NAME.test(name) || known.has(name) || asked.has(name)) return false;
    return command.carrier === undefined && invocationOf(command.expanded)?.place.type === "here";
  });
  const [first, ...rest] = missing;
  if (first === undefined) return [];
  return [
    {
      severity: "error",
      message:
        `${shortName(script)} calls ${listed(missing.map(({ words }) => words[0] ?? ""))}, ` +
        "and no script here defines such a function",
      places: [script.place(first.line), ...rest.slice(0, 5).map(({ line }) => script.place(line))],
      why: "It ends in `command not found`, in the middle of what the script is there for.",
      fix: "Define it, or `source` the file that does.",
      cause: `missing-function ${script.path}`,
    },
  ];
}

/** `command -v name`, `type name`, `alias name=…`. */
function asksFor({ expanded }: ShellCommand): readonly string[] {
  const [program = "", ...args] = expanded;
  if (program === "alias") return args.map((word) => word.split("=", 1)[0] ?? "");
  return /^(?:command|type|which|hash|declare)$/.test(program) ? args : [];
}
