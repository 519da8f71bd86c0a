import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { baseName, type Tree } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { pipelineScripts } from "./pipeline-scripts.ts";
import { listed, runsInContainer, scriptsOf, shortName, type Script } from "./scripts-of.ts";

/** A relative file that a script runs, reads in or applies, and that the tree does not hold. */
export function missingFiles(unit: Unit): readonly Found[] {
  const { tree } = unit.repository.documents;
  // In a container other files are there than in the tree.
  const scripts = [
    ...scriptsOf(unit).filter((script) => !runsInContainer(script, unit.repository)),
    ...pipelineScripts(unit),
  ];
  const made = new Set(scripts.flatMap(({ shell }) => shell.commands.flatMap(madeBy)));
  return scripts.flatMap((script) => oneScript({ script, tree, made }));
}

interface Looking {
  readonly script: Script;
  readonly tree: Tree;
  /** Base names of files that some script writes. */
  readonly made: ReadonlySet<string>;
}

function oneScript({ script, tree, made }: Looking): readonly Found[] {
  const asked = testedFor(script);
  const missing = script.shell.commands.flatMap((command) => {
    if (!runsHere(command) || isAllowedToFail(command)) return [];
    return filesOf(command)
      .filter((path) => isPlainPath(path) && !asked.has(path))
      .filter((path) => !made.has(baseName(path)) && !isThere(path, tree))
      .map((path) => ({ path, line: command.line }));
  });
  const [first, ...rest] = missing;
  if (first === undefined) return [];
  // Of a guide's project only the guide is seen.
  const guide = tree.guide !== undefined;
  return [
    {
      severity: guide ? "note" : "warning",
      message:
        `${shortName(script)} uses ${listed(missing.map(({ path }) => path))}, ` +
        (guide ? "none of which the guide shows" : "none of which is here or made here"),
      places: [script.place(first.line), ...rest.slice(0, 5).map(({ line }) => script.place(line))],
      why: "It ends in `No such file or directory` where it is first run on a clean checkout.",
      fix: "Commit the file, or correct the path.",
    },
  ];
}

function runsHere(command: ShellCommand): boolean {
  for (let outer = command.carrier; outer !== undefined; outer = outer.carrier) {
    if (invocationOf(outer.expanded)?.place.type !== "here") return false;
  }
  return invocationOf(command.expanded)?.place.type === "here";
}

/** `[ ! -f x ]`, wherever it stands: the script says itself what it needs. */
function testedFor({ shell }: Script): ReadonlySet<string> {
  return new Set(
    shell.commands.flatMap(({ expanded }) =>
      /^(?:\[|\[\[|test)$/.test(expanded[0] ?? "") ? expanded : [],
    ),
  );
}

/** `[ -f x ] && ./x`, `./x || true`: the script knows that it may be absent. */
function isAllowedToFail({ guards, onFailure }: ShellCommand): boolean {
  if (onFailure === "branches") return true;
  return guards.some(({ of }) =>
    of.some(({ words }) => words.some((word) => /^-[fdexrs]$/.test(word) || word === "command")),
  );
}

function filesOf({ expanded }: ShellCommand): readonly string[] {
  const run = invocationOf(expanded);
  if (run === undefined) return [];
  const [program = ""] = expanded;
  const own = /^(?:\.{1,2}\/)?(?:[\w.-]+\/)+[\w.-]+\.(?:sh|py|js|rb|pl|bash)$|^\.\/[\w.-]+\.sh$/;
  if (own.test(program)) return [program];
  const operand = run.args.find((word) => !word.startsWith("-"));
  if (/^(?:bash|sh|source|\.)$/.test(run.program)) {
    return operand !== undefined && /\.(?:sh|bash|env)$/.test(operand) && run.args[0] === operand
      ? [operand]
      : [];
  }
  if (/^(?:python3?|node|ruby)$/.test(run.program)) {
    return operand !== undefined && /\.(?:py|js|mjs|rb)$/.test(operand) && run.args[0] === operand
      ? [operand]
      : [];
  }
  const docker = dockerVerb([run.program, ...run.args]);
  if (docker?.engine === "compose") return valuesOf(docker.options, "-f", "--file");
  if (docker?.verb === "build") return valuesOf(docker.rest, "-f", "--file");
  if (run.program === "kubectl" && run.args.some((word) => word === "apply" || word === "create")) {
    return valuesOf(run.args, "-f", "--filename", "-k");
  }
  return [];
}

function valuesOf(words: readonly string[], ...names: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => (names.includes(word) ? [words[index + 1] ?? "-"] : []));
}

/** Output folders come and go; a variable or a glob may be anything. */
function isPlainPath(path: string): boolean {
  if (!/^[\w./-]+$/.test(path) || path.startsWith("/") || path === "-" || path === ".")
    return false;
  // A file of the environment is made on each machine and committed on none.
  if (baseName(path).startsWith(".env")) return false;
  return !/(?:^|\/)(?:dist|build|out|target|node_modules|\.?venv|vendor|bin|\.next|tmp)\//.test(
    path,
  );
}

/** From whatever folder it is looked at: a path that ends so is enough. */
function isThere(path: string, tree: Tree): boolean {
  const plain = path.replaceAll(/(?:^|\/)\.{1,2}(?=\/)/g, "").replaceAll(/^\/+|\/+$/g, "");
  if (plain === "" || tree.has(plain) || tree.isIgnored(plain)) return true;
  return tree.files.some(
    ({ path: other }) =>
      other === plain || other.endsWith(`/${plain}`) || `/${other}`.includes(`/${plain}/`),
  );
}

/** What a command writes: a redirect's file, the last word of `cp`, `-o FILE`. */
function madeBy({ expanded, redirects }: ShellCommand): readonly string[] {
  const written = redirects
    .filter(({ operator }) => operator.includes(">"))
    .map(({ expanded: file }) => file);
  const run = invocationOf(expanded);
  const last = run?.args.at(-1) ?? "";
  const makes =
    /^(?:cp|mv|touch|tee|ln|install|curl|wget|git|unzip|tar|sed|envsubst|openssl|mkdir)$/;
  const named =
    run !== undefined && makes.test(run.program)
      ? [...valuesOf(run.args, "-o", "-O", "-out"), last]
      : [];
  return [...written, ...named].map((path) => baseName(path));
}
