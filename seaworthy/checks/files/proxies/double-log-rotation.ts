import type { LogrotateDocument, LogrotateStanza } from "../../../facts/proxies/proxies.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

/** Runtimes that do not open their log anew on a signal (their manuals know none for it). */
const DEAF = /\b(java|jre|jdk|temurin|openjdk|spring|node|nodejs|python|gunicorn|uvicorn)\b/i;
const SIGNAL =
  /\b(?:kill|pkill|docker\s+kill)\b.*(?:-(?:s\s*)?(?:SIG)?(?:USR1|USR2|HUP)\b|--signal)/;

export const doubleLogRotation: FileRule = {
  name: "double-log-rotation",
  summary: "two mechanisms rotate one log, or the signal after it does nothing, or kills",
  check: (unit) =>
    unit.documents
      .of("logrotate")
      .flatMap((document) =>
        document.stanzas.flatMap((stanza) => [
          ...deafSignals(unit, { document, stanza }),
          ...rolledTwice(unit, { document, stanza }),
        ]),
      ),
};

interface Here {
  readonly document: LogrotateDocument;
  readonly stanza: LogrotateStanza;
}

/** A signal to a program that takes it for the order to end, or not at all. */
function deafSignals(unit: Unit, { document, stanza }: Here): readonly Found[] {
  const script = stanza.scripts.find(({ text }) => SIGNAL.test(text));
  if (script === undefined) return [];
  const runtime = runtimeOf(unit);
  if (runtime === undefined || /nginx|haproxy|apache|rsyslog/.test(stanza.paths.join(" ")))
    return [];
  return [
    {
      severity: "warning",
      message: `the signal after rotation goes to a program that ignores it (${runtime.name})`,
      places: [at(document.file, script.line), runtime.at],
      why:
        "as process 1 of a container it ignores the signal and writes on into the renamed file, " +
        "which is then compressed and deleted; elsewhere the signal ends it: a restart a day",
      fix: "copytruncate in place of the signal, or let the program or the engine rotate alone",
    },
  ];
}

function runtimeOf(unit: Unit): { readonly name: string; readonly at: Location } | undefined {
  for (const { image, name, at: place, command } of unit.facts.of("component")) {
    const text = `${image?.value ?? ""} ${(command?.value ?? []).join(" ")}`;
    if (DEAF.test(text)) return { name, at: image?.at ?? place };
  }
  for (const { file } of unit.documents.of("dockerfile")) {
    const from = file.text
      .split("\n")
      .findLastIndex((line) => /^FROM\s/i.test(line) && DEAF.test(line));
    if (from >= 0) return { name: file.path, at: at(file, from + 1) };
  }
  const spring = unit.repository.documents.of("spring-configuration")[0];
  return spring === undefined
    ? undefined
    : { name: "a Spring application", at: at(spring.file, 1) };
}

/** The application rolls a file of the same name itself. */
function rolledTwice(unit: Unit, { document, stanza }: Here): readonly Found[] {
  if (stanza.directives.some(({ words }) => words[0] === "copytruncate")) return [];
  const roller = rollerOf(unit, stanza.paths);
  if (roller === undefined) return [];
  return [
    {
      severity: "warning",
      message: `${stanza.paths.join(" ")} is rotated here, and rolled by the application as well`,
      places: [at(document.file, stanza.line), roller],
      why:
        "each renames the file under the other: lines go into archives that are already " +
        "compressed, and the days that matter are missing after an incident",
      fix: "let one of them rotate: remove this stanza, or the application's rolling policy",
    },
  ];
}

function rollerOf(unit: Unit, paths: readonly string[]): Location | undefined {
  const names = paths.map((path) => path.slice(path.lastIndexOf("/") + 1).replace("*", ""));
  for (const { file } of unit.repository.documents.all) {
    const rolls = file.text.search(
      /max-history|rolling-?policy|RollingFileAppender|RotatingFileHandler|max-file-size/i,
    );
    if (rolls < 0 || !names.some((name) => name.length > 3 && file.text.includes(name))) continue;
    if (
      /logrotate/.test(file.path) ||
      unit.documents.of("logrotate").some((one) => one.file === file)
    )
      continue;
    return at(file, file.text.slice(0, rolls).split("\n").length);
  }
  return undefined;
}
