import { CATALOGUE } from "../../drills/catalogue.ts";
import { explain, explainField } from "../../system/explain.ts";
import { nearest } from "../../system/nearest.ts";
import { EXIT, EXIT_MEANING } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem } from "../open-system.ts";
import { readPage } from "../pages.ts";
import { painter, table } from "../paint.ts";
import { faultSection } from "../rule-page.ts";
import type { Invocation, RunVerb } from "../verb.ts";

const VALUE_COLUMNS = 60;
/** Where a topic's page may stand: rules over a declaration, over files, of the reading; drills. */
const SHELVES = ["checks", "checks/files", "checks/notices", "drills"];

const SCHEDULE = [
  "Nothing runs drills by itself. Where drills.every is declared, a scheduler runs what is due:",
  "  17 3 * * * cd FOLDER && seaworthy drill --due --quiet",
];

/** The canonical declaration with sources; or what one field, rule, drill or exit code means. */
export const run: RunVerb = async (invocation) => {
  const { context } = invocation;
  const topic = invocation.positionals.at(-1);
  const meaning = topic === undefined ? undefined : await meaningOf(topic);
  if (meaning !== undefined) {
    context.terminal.out(`${meaning}\n`);
    return EXIT.done;
  }
  // Fields have no hyphens: such a word is a rule's or a drill's.
  if (topic !== undefined && /^[a-z]+(?:-[a-z]+)+$/.test(topic)) throw await noSuchTopic(topic);
  return await explainDeclaration(invocation);
};

async function noSuchTopic(topic: string): Promise<Refusal> {
  const { FILE_RULES } = await import("../../checks/files/files.ts");
  const { RULES } = await import("../../checks/check.ts");
  const known = [...FILE_RULES, ...RULES].map(({ name }) => name);
  const near = nearest(topic, [...known, ...Object.keys(CATALOGUE)]);
  return new Refusal(EXIT.usage, `${topic}: no such rule or drill`, {
    fix:
      near === undefined
        ? "seaworthy explain drills lists the drills"
        : `seaworthy explain ${near}`,
  });
}

async function explainDeclaration(invocation: Invocation): Promise<number> {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  const lines = explain(system.parsed);
  const prefix = system.rest[0];
  const wanted = lines.filter(
    (line) => prefix === undefined || line.path === prefix || line.path.startsWith(`${prefix}.`),
  );
  if (wanted.length === 0) {
    throw new Refusal(EXIT.usage, `${prefix}: no such field, rule, drill or topic`, {
      fix: "seaworthy explain shows every field; topics are exit-codes, rules and drills",
    });
  }
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify({ schemaVersion: 1, values: wanted }, null, 2)}\n`);
    return EXIT.done;
  }
  const paint = painter(context.terminal);
  const rows = wanted.map((line) => [
    line.path,
    oneLine(line.value),
    paint("dim", `(${line.source})`),
  ]);
  for (const line of table(rows)) context.terminal.out(`${line}\n`);
  return EXIT.done;
}

/** A value in a table; `--json` shows it whole. */
function oneLine(value: string): string {
  const flat = value.replaceAll(/\s+/g, " ");
  return flat.length <= VALUE_COLUMNS ? flat : `${flat.slice(0, VALUE_COLUMNS - 1)}…`;
}

/** A topic that needs no declaration: exit codes, a rule's or drill's page, a field's meaning. */
async function meaningOf(topic: string): Promise<string | undefined> {
  if (topic === "exit-codes") {
    return table(Object.entries(EXIT_MEANING).map(([code, text]) => [code, text])).join("\n");
  }
  if (topic === "drills") {
    const rows = Object.entries(CATALOGUE).map(([name, one]) => [name, one.tier, one.breaks]);
    return [...table(rows), "", ...SCHEDULE].join("\n");
  }
  if (!/^[a-z][a-zA-Z0-9.<>-]*$/.test(topic)) return undefined;
  for (const shelf of SHELVES) {
    const page = await readPage(`${shelf}/${topic}.md`);
    if (page !== undefined) return page.trimEnd();
  }
  return (await faultSection(topic)) ?? explainField(topic);
}
