import { checkFiles } from "../../checks/files/files.ts";
import { EXIT } from "../exit.ts";
import { painter } from "../paint.ts";
import type { Invocation } from "../verb.ts";
import { reported } from "./report.ts";
import { reportJson } from "./report-json.ts";
import { reportText, summaryText } from "./report-text.ts";
import type { Subject } from "./subject.ts";

/** Checks existing files and prints what was found. */
export function checkSubject(invocation: Invocation, subject: Subject): number {
  const { terminal } = invocation.context;
  const findings = reported(checkFiles(subject.tree), subject.tree.files);
  if (invocation.options.json === true) {
    terminal.out(`${JSON.stringify(reportJson(findings), null, 2)}\n`);
  } else {
    const notes = invocation.options["notes"] === true;
    const lines = reportText(findings, { paint: painter(terminal), notes });
    for (const line of lines) terminal.out(`${line}\n`);
    for (const line of summaryText(findings, { notes })) terminal.say(`${line}\n`);
  }
  return findings.some(({ severity }) => severity === "error") ? EXIT.checkFoundErrors : EXIT.done;
}
