import { relative } from "node:path";
import { FILE_RULES } from "../../checks/files/files.ts";
import { EXIT } from "../exit.ts";
import { painter } from "../paint.ts";
import type { Invocation } from "../verb.ts";
import { baselineOf, writeBaseline } from "./baseline.ts";
import { changeText, fixesFor, writeChange } from "./fix-files.ts";
import { judge, type Judged } from "./judging.ts";
import { checkOptions, type CheckOptions } from "./options.ts";
import type { Reported } from "./report.ts";
import { reportGithub } from "./report-github.ts";
import { reportJson } from "./report-json.ts";
import { reportSarif } from "./report-sarif.ts";
import { reportText, summaryText } from "./report-text.ts";
import { readAgain, type Subject } from "./subject.ts";

/** Checks existing files, mends what it is asked to, and prints what is left. */
export async function checkSubject(invocation: Invocation, subject: Subject): Promise<number> {
  const { context } = invocation;
  const options = checkOptions(invocation.options);
  const first = await judge(subject, options, context);
  const isChanged =
    (options.fix || options.dryRun) && mend(invocation, { subject, options, judged: first });
  const judged = isChanged ? await judge(readAgain(subject), options, context) : first;
  if (options.writeBaseline !== undefined) {
    writeBaseline(options.writeBaseline, baselineOf(judged.findings));
    const count = String(judged.findings.length);
    context.terminal.say(`${options.writeBaseline}: ${count} finding(s) are known from now on\n`);
    return EXIT.done;
  }
  print(invocation, { subject, options, judged });
  return isFailing(judged.findings, options.failOn) ? EXIT.checkFoundErrors : EXIT.done;
}

interface Checked {
  readonly subject: Subject;
  readonly options: CheckOptions;
  readonly judged: Judged;
}

/** Applies automatic fixes, or shows them; true when a file was changed. */
function mend({ context }: Invocation, { subject, options, judged }: Checked): boolean {
  const { terminal } = context;
  const { plan, changes } = fixesFor(subject, judged.left);
  if (options.dryRun) {
    for (const line of changes.flatMap(changeText)) terminal.say(`${line}\n`);
    terminal.say(`${String(plan.mended.length)} finding(s) would be mended; nothing was written\n`);
    return false;
  }
  const refusals = changes.map((change) => ({
    change,
    because: writeChange(subject.root, change),
  }));
  for (const { change, because } of refusals) {
    terminal.say(
      because === undefined ? `mended ${change.path}\n` : `${change.path}: ${because}\n`,
    );
  }
  if (plan.postponed.length > 0) {
    terminal.say(`${String(plan.postponed.length)} more on the same lines: run it again\n`);
  }
  return refusals.some(({ because }) => because === undefined);
}

function print({ context }: Invocation, { subject, options, judged }: Checked): void {
  const { terminal } = context;
  const { findings, notices } = judged;
  for (const line of reportLines({ subject, options, judged }, context)) terminal.out(`${line}\n`);
  if (options.format === "json" || options.format === "sarif") return;
  for (const notice of notices) terminal.say(`${notice}\n`);
  if (judged.ignored > 0) terminal.say(`${String(judged.ignored)} ignored, with a reason\n`);
  if (judged.known > 0) terminal.say(`${String(judged.known)} known from the baseline\n`);
  for (const line of summaryText(findings, { ...options, known: judged.documents }))
    terminal.say(`${line}\n`);
}

function reportLines(
  { subject, options, judged }: Checked,
  { cwd, terminal }: Invocation["context"],
): readonly string[] {
  const { findings, notices } = judged;
  const { notes } = options;
  // Other tools look for files from the working folder on.
  const below = relative(cwd, subject.root);
  const pathOf = (file: string) =>
    below === "" || below.startsWith("..") ? file : `${below}/${file}`;
  switch (options.format) {
    case "json":
      return [JSON.stringify(reportJson(findings, notices), null, 2)];
    case "sarif":
      return [JSON.stringify(reportSarif(findings, { rules: FILE_RULES, pathOf }), null, 2)];
    case "github":
      return reportGithub(findings, { notes, pathOf });
    case "text":
      return reportText(findings, { paint: painter(terminal), notes });
  }
}

function isFailing(findings: readonly Reported[], failOn: CheckOptions["failOn"]): boolean {
  return findings.some(
    ({ severity }) => severity === "error" || (failOn === "warning" && severity === "warning"),
  );
}
