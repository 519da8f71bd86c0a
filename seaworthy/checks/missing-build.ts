import type { Finding } from "../system/finding.ts";
import type { Run, System } from "../system/system.ts";
import type { Rule } from "./rule.ts";

/** A program's folder, or the file that its command names in it, which is not there. */
export const missingBuild: Rule = {
  name: "missing-build",
  check: ({ parsed, beside }) =>
    beside === undefined ? [] : runsOf(parsed.system).flatMap((run) => missing(run, beside)),
};

/** Paths beside the declaration whose existence this rule asks for. */
export function buildPaths(system: System): readonly string[] {
  const asked = runsOf(system).flatMap(({ build, file }) =>
    file === undefined ? [build] : [build, inside(build, file)],
  );
  return [...new Set(asked)];
}

interface FolderRun {
  readonly path: string;
  readonly build: string;
  /** What the command names inside the folder. */
  readonly file: string | undefined;
}

function runsOf(system: System): readonly FolderRun[] {
  const units = [
    ...Object.values(system.services).map(({ name, run }) => ({ path: `services.${name}`, run })),
    ...Object.values(system.jobs).map(({ name, run }) => ({ path: `jobs.${name}`, run })),
  ];
  return units.flatMap(({ path, run }) =>
    run.kind === "folder" ? [{ path, build: run.build, file: fileOf(run) }] : [],
  );
}

function missing(run: FolderRun, beside: ReadonlySet<string>): readonly Finding[] {
  const { path, build, file } = run;
  if (!beside.has(build)) {
    const message = `the folder ${build} is not there`;
    const fix = `Name the program's folder, relative to the declaration; or create ${build}.`;
    return [finding({ message, path: `${path}.run.build`, fix })];
  }
  if (file === undefined || beside.has(inside(build, file))) return [];
  const message = `${file} is not in ${build}`;
  const fix = "Name a file of that folder: commands run inside it.";
  return [finding({ message, path: `${path}.run.command`, fix })];
}

function finding(text: {
  readonly message: string;
  readonly path: string;
  readonly fix: string;
}): Finding {
  return {
    rule: "missing-build",
    severity: "error",
    message: text.message,
    places: [{ path: text.path }],
    why: "A release is made of these files: without them no instance starts.",
    fix: text.fix,
  };
}

/** A program with a path of its own, or the script that an interpreter is given. */
function fileOf({ command }: Extract<Run, { readonly kind: "folder" }>): string | undefined {
  const [program, ...rest] = command;
  // Workspaces keep the programs of packages in a folder above.
  if (program.startsWith("/") || program.includes("node_modules/")) return undefined;
  if (program.includes("/")) return program;
  if (!INTERPRETERS.test(program) || rest.some((argument) => INLINE.test(argument))) {
    return undefined;
  }
  return rest.find((argument) => SCRIPT.test(argument));
}

const INTERPRETERS = /^(node|bun|deno|python[\d.]*|ruby|php|perl|java|bash|sh)$/;
/** What is run is an argument itself, or a module's name. */
const INLINE = /^-[cem]$/;
/** Relative, without anything that a program would expand. */
const SCRIPT = /^[\w.][\w./-]*\.(ts|mts|cts|js|mjs|cjs|py|rb|php|pl|jar|sh)$/;

function inside(build: string, file: string): string {
  return `${build.replace(/\/+$/, "")}/${file.replace(/^\.\//, "")}`;
}
