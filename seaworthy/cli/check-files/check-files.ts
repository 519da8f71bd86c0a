import { relative } from "node:path";
import { checkFiles, FILE_RULES, type FileFinding } from "../../checks/files/files.ts";
import type { SourceFile } from "../../facts/source.ts";
import { EXIT } from "../exit.ts";
import { painter } from "../paint.ts";
import type { Invocation } from "../verb.ts";
import { baselineOf, readBaseline, writeBaseline } from "./baseline.ts";
import { IGNORE_LIST } from "./ignore-list.ts";
import { changeText, fixesFor, writeChange } from "./fix-files.ts";
import { ignore, NOTICE_RULES } from "./ignoring.ts";
import { noticesOf, unreadFindings } from "./notices.ts";
import { checkOptions, type CheckOptions } from "./options.ts";
import { readText } from "./read-text.ts";
import { reported, type Reported } from "./report.ts";
import { reportGithub } from "./report-github.ts";
import { reportJson } from "./report-json.ts";
import { reportSarif } from "./report-sarif.ts";
import { reportText, summaryText } from "./report-text.ts";
import { readAgain, type Subject } from "./subject.ts";

/** Checks existing files, mends what it is asked to, and prints what is left. */
export function checkSubject(invocation: Invocation, named: Subject): number {
  const { context } = invocation;
  const options = checkOptions(invocation.options);
  const today = new Date(context.clock.wall()).toISOString().slice(0, 10);
  const judging = { options, today };
  const subject = options.fix || options.dryRun ? mended(invocation, named, judging) : named;
  const outcome = judged(subject, judging);
  if (options.writeBaseline !== undefined) {
    writeBaseline(options.writeBaseline, baselineOf(outcome.findings));
    const count = String(outcome.findings.length);
    context.terminal.say(`${options.writeBaseline}: ${count} finding(s) are known from now on\n`);
    return EXIT.done;
  }
  print(invocation, { subject, options, outcome });
  return isFailing(outcome.findings, options.failOn) ? EXIT.checkFoundErrors : EXIT.done;
}

/** Applies automatic fixes, or shows them; returns what is to be judged then. */
function mended({ context }: Invocation, subject: Subject, judging: Judging): Subject {
  const { terminal } = context;
  const { left } = judged(subject, judging);
  const { plan, changes } = fixesFor(subject, left);
  if (judging.options.dryRun) {
    for (const change of changes) {
      for (const line of changeText(change)) terminal.say(`${line}\n`);
    }
    terminal.say(`${String(plan.mended.length)} finding(s) would be mended; nothing was written\n`);
    return subject;
  }
  let written = 0;
  for (const change of changes) {
    const because = writeChange(subject.root, change);
    if (because === undefined) written += 1;
    terminal.say(`${because === undefined ? "mended" : "not mended"} ${change.path}`);
    terminal.say(because === undefined ? "\n" : `: ${because}\n`);
  }
  if (plan.postponed.length > 0) {
    terminal.say(`${String(plan.postponed.length)} more on the same lines: run it again\n`);
  }
  return written === 0 ? subject : readAgain(subject);
}

interface Outcome {
  /** What neither comments nor the list took out, before the baseline. */
  readonly left: readonly FileFinding[];
  readonly findings: readonly Reported[];
  /** Taken out by comments and the ignore list. */
  readonly ignored: number;
  /** Taken out by the baseline. */
  readonly known: number;
}

interface Judging {
  readonly options: CheckOptions;
  readonly today: string;
}

function judged(subject: Subject, { options, today }: Judging): Outcome {
  const { files } = subject.tree;
  const found = checkFiles(subject.tree, { catalogues: options.catalogues });
  const all = [...found, ...unreadFindings(subject)];
  const printed = reported(all, files).map((own, index) => ({ own, finding: all[index] }));
  const ignoring = {
    files: [...files, ...ignoreListBeside(subject)],
    rules: new Set([...FILE_RULES.map(({ name }) => name), ...NOTICE_RULES]),
    today,
  };
  const { kept, ignored, faults } = ignore(
    printed.flatMap(({ own, finding }) =>
      finding === undefined ? [] : [{ finding, fingerprint: own.fingerprint }],
    ),
    ignoring,
  );
  const left = new Set(kept.map(({ fingerprint }) => fingerprint));
  const findings = [
    ...printed.map(({ own }) => own).filter(({ fingerprint }) => left.has(fingerprint)),
    ...reported(faults, ignoring.files),
  ];
  const before = options.baseline === undefined ? {} : readBaseline(options.baseline).known;
  const fresh = findings.filter(({ fingerprint }) => !(fingerprint in before));
  return {
    left: kept.map(({ finding }) => finding),
    findings: fresh,
    ignored,
    known: findings.length - fresh.length,
  };
}

/** A guide's or a lone file's list stands beside it. */
function ignoreListBeside({ root, tree }: Subject): readonly SourceFile[] {
  if (tree.files.some(({ path }) => path === IGNORE_LIST)) return [];
  const text = readText(`${root}/${IGNORE_LIST}`);
  return text.ok ? [{ path: IGNORE_LIST, text: text.value }] : [];
}

interface Printing {
  readonly subject: Subject;
  readonly options: CheckOptions;
  readonly outcome: Outcome;
}

function print({ context }: Invocation, { subject, options, outcome }: Printing): void {
  const { terminal } = context;
  const { findings } = outcome;
  // Other tools look for files from the working folder on.
  const below = relative(context.cwd, subject.root);
  const pathOf = (file: string) =>
    below === "" || below.startsWith("..") ? file : `${below}/${file}`;
  const lines = (): readonly string[] => {
    switch (options.format) {
      case "json":
        return [JSON.stringify(reportJson(findings, noticesOf(subject)), null, 2)];
      case "sarif":
        return [JSON.stringify(reportSarif(findings, { rules: FILE_RULES, pathOf }), null, 2)];
      case "github":
        return reportGithub(findings, { notes: options.notes, pathOf });
      case "text":
        return reportText(findings, { paint: painter(terminal), notes: options.notes });
    }
  };
  for (const line of lines()) terminal.out(`${line}\n`);
  if (options.format === "json" || options.format === "sarif") return;
  for (const notice of noticesOf(subject)) terminal.say(`${notice}\n`);
  if (outcome.ignored > 0) terminal.say(`${String(outcome.ignored)} ignored, with a reason\n`);
  if (outcome.known > 0) terminal.say(`${String(outcome.known)} known from the baseline\n`);
  for (const line of summaryText(findings, options)) terminal.say(`${line}\n`);
}

function isFailing(findings: readonly Reported[], failOn: CheckOptions["failOn"]): boolean {
  return findings.some(
    ({ severity }) => severity === "error" || (failOn === "warning" && severity === "warning"),
  );
}
