import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { at, baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { missingCertificates } from "./missing-certificates.ts";
import { missingFiles } from "./missing-files.ts";
import { missingFunctions } from "./missing-functions.ts";
import { pipelineScripts } from "./pipeline-scripts.ts";
import { listed, scriptsOf, shortName } from "./scripts-of.ts";

/** A script uses what does not exist. */
export const scriptReferencesMissing: FileRule = {
  name: "script-references-missing",
  summary: "a script or pipeline uses a file, function or npm script that does not exist",
  check: (unit) => [
    ...missingFunctions(unit),
    ...missingFiles(unit),
    ...missingNpmScripts(unit),
    ...missingCertificates(unit),
    ...oldCompose(unit),
  ],
};

/** `npm run x`, where no package.json of the repository has it. */
function missingNpmScripts(unit: Unit): readonly Found[] {
  const manifests = unit.repository.documents
    .of("application-manifest")
    .filter(({ file }) => baseName(file.path) === "package.json");
  const [manifest] = manifests;
  if (manifest === undefined) return [];
  const names = new Set(manifests.flatMap(({ scripts }) => [...scripts.keys()]));
  const pipelines = pipelineScripts(unit);
  return [...scriptsOf(unit), ...pipelines].flatMap((script): readonly Found[] => {
    const isPipeline = pipelines.includes(script);
    const missing = script.shell.commands.flatMap((command) => {
      const name = npmScriptOf(command);
      return name === undefined || names.has(name) ? [] : [{ name, command }];
    });
    const [first, ...rest] = missing;
    if (first === undefined) return [];
    return [
      {
        severity: isPipeline ? pipelineLevel(script.path) : "error",
        message:
          `${shortName(script)} runs ${listed(missing.map(({ name }) => name))} of package.json, ` +
          "and no package.json here has such a script",
        places: [
          script.place(first.command.line),
          ...rest.slice(0, 6).map(({ command }) => script.place(command.line)),
          at(manifest.file, 1),
        ],
        why: "It ends in `Missing script`: the step that it is part of fails each time.",
        fix: "Add it to the scripts of package.json, or call one that is there.",
      },
    ];
  });
}

/** A job that fails stops no service; GitHub runs only the workflows at a repository's top. */
function pipelineLevel(path: string): Found["severity"] {
  return /[^/]\/\.github\/workflows\//.test(path) ? "note" : "warning";
}

/** The name that `npm run` is given, where the name is plain and its failure matters. */
function npmScriptOf({ expanded, onFailure }: ShellCommand): string | undefined {
  const run = invocationOf(expanded);
  if (run === undefined || !/^(?:npm|pnpm|yarn)$/.test(run.program)) return undefined;
  if (onFailure === "branches" || run.args.includes("--if-present")) return undefined;
  const index = run.args.findIndex((word) => word === "run" || word === "run-script");
  const name = index < 0 ? undefined : run.args[index + 1];
  return name !== undefined && /^\w[\w:.-]*$/.test(name) ? name : undefined;
}

/** Compose 1 is a program of its own that newer machines do not have. */
function oldCompose(unit: Unit): readonly Found[] {
  const wanted = unit.repository.documents.tree.files.find(
    ({ path, text }) => path.endsWith(".md") && NEEDS_V2.test(text.slice(0, 200_000)),
  );
  if (wanted === undefined) return [];
  const line = wanted.text.slice(0, NEEDS_V2.exec(wanted.text)?.index ?? 0).split("\n").length;
  const uses = scriptsOf(unit.repository).flatMap((script) =>
    script.shell.commands
      .filter(
        ({ expanded }) => expanded[0] === "docker-compose" && dockerVerb(expanded) !== undefined,
      )
      .map((command) => script.place(command.line)),
  );
  const [first, ...rest] = uses;
  if (first === undefined) return [];
  return [
    {
      severity: "note",
      message:
        "scripts call `docker-compose`, the program of Compose 1, and Compose 2 is " + "asked for",
      places: [first, ...rest.slice(0, 4), at(wanted, line)],
      why: "Where only Compose 2 is installed it is `docker compose`; this is `command not found`.",
      fix: "Write `docker compose`.",
    },
  ];
}

const NEEDS_V2 = /docker[ -]compose[ *`:|>=v]{0,12}2\.\d/i;
