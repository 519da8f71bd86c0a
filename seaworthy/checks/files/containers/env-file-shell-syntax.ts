import type { EnvironmentDocument, EnvironmentLine } from "../../../facts/containers/env-file.ts";
import { baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isRehearsal, listed, placesOf } from "./intent.ts";

export const envFileShellSyntax: FileRule = {
  name: "env-file-shell-syntax",
  summary: "a file of variables relies on a shell that never reads it",
  check: (unit) =>
    unit.documents
      .of("environment")
      .filter(({ isTemplate }) => !isTemplate)
      .flatMap((document) => [...commands(unit, document), ...comments(unit, document)]),
};

/** `$(…)` or backticks outside single quotes; Compose, Docker, systemd and kubectl keep them. */
const COMMAND = /\$\([^()]|`[^`]+`/;
const GENERATOR = /openssl\s+rand|uuidgen|urandom|pwgen|head\s+-c|\bdate\b|mktemp|secrets\.token/;
const SECRET = /secret|passw|token|salt|pepper|_key$|^key$|encryption|signing|private|credential/i;

function commands(unit: Unit, document: EnvironmentDocument): readonly Found[] {
  const lines = document.variables.filter(({ raw, quote }) => quote !== "'" && COMMAND.test(raw));
  const sourced = isSourced(unit, document);
  const relevant = sourced ? lines.filter(({ raw }) => GENERATOR.test(raw)) : lines;
  const [first, ...rest] = relevant.toSorted((a, b) => weight(b) - weight(a));
  if (first === undefined) return [];
  const names = listed(relevant.map(({ name }) => name));
  const places = placesOf(
    first.at,
    rest.map(({ at }) => at),
  );
  const file = baseName(document.file.path);
  if (sourced) return [changing({ names, places, file })];
  const isSecret = SECRET.test(first.name) && !isRehearsal(document.file.path);
  return [
    {
      severity: isSecret ? "error" : "warning",
      message: `${names}: ${file} holds a shell command where a value is expected`,
      places,
      why:
        "Compose, docker run --env-file, systemd and kubectl read the line as it is: the text " +
        "$(…) itself becomes the value. As a key it is a public constant that signs sessions; in " +
        "a shell that sources the file it is another value at each start",
      fix: `run the command once and keep its output in the secret store under ${first.name}`,
    },
  ];
}

function weight({ name }: EnvironmentLine): number {
  return SECRET.test(name) ? 1 : 0;
}

function changing(
  found: Pick<Found, "places"> & { readonly names: string; readonly file: string },
) {
  const { names, places, file } = found;
  return {
    severity: "warning",
    message: `${names}: made anew each time that a shell sources ${file}`,
    places,
    why:
      "after the next restart every session is invalid, and what was encrypted with the old key " +
      "cannot be read again; two instances never agree",
    fix: "generate the value once, store the literal",
  } as const;
}

/** A shell reads this file and nothing else of the tree does. */
function isSourced(unit: Unit, document: EnvironmentDocument): boolean {
  if (document.variables.some(({ exported }) => exported)) return true;
  const name = baseName(document.file.path);
  const texts = unit.repository.documents.tree.files.filter(({ text }) => text.includes(name));
  const sources = new RegExp(
    `(?:^|[\\s;&])(?:source|\\.)\\s+["']?\\S{0,300}${escaped(name)}\\b`,
    "m",
  );
  const reads = new RegExp(
    `env[-_]file["']?\\s{0,20}[:=]?\\s{0,20}[-"']?\\s{0,20}\\S{0,300}${escaped(name)}`,
  );
  return (
    texts.some(({ text }) => sources.test(text.slice(0, 500_000))) &&
    !texts.some(({ text }) => reads.test(text.slice(0, 500_000)))
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** ` # comment` behind a value: Compose strips it, `docker run` and kubectl keep it. */
function comments(unit: Unit, document: EnvironmentDocument): readonly Found[] {
  const lines = document.variables.filter(
    ({ raw, quote, value }) => quote === undefined && value !== "" && value !== raw.trim(),
  );
  const [first, ...rest] = lines;
  if (first === undefined) return [];
  const name = escaped(baseName(document.file.path));
  const keeper = new RegExp(`--(?:from-)?env-file[= ]["']?\\S{0,300}${name}\\b`);
  const isKept = unit.repository.documents.tree.files.some(({ text }) =>
    keeper.test(text.slice(0, 500_000)),
  );
  const names = listed(lines.map((line) => line.name));
  const number = lines.find(({ value }) => /^\d+$/.test(value));
  return [
    {
      severity: isKept ? "warning" : "note",
      message: `${names}: the comment behind the value may be part of it`,
      places: placesOf(
        number?.at ?? first.at,
        [first, ...rest].map(({ at }) => at),
      ),
      why:
        "Compose strips ` # …`, but docker run --env-file, systemd and kubectl --from-env-file " +
        "keep it: a number then does not parse, and the program ends at its start",
      fix: "put the comment on a line of its own",
    },
  ];
}
