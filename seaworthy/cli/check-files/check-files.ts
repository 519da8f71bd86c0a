import { checkFiles } from "../../checks/files/files.ts";
import { EXIT } from "../exit.ts";
import { findingsText } from "../findings-text.ts";
import { painter } from "../paint.ts";
import type { Invocation } from "../verb.ts";
import type { Subject } from "./subject.ts";

/** Checks existing files and prints what was found. */
export function checkSubject(invocation: Invocation, subject: Subject): number {
  const { terminal } = invocation.context;
  const findings = checkFiles(subject.tree);
  for (const line of findingsText(findings, painter(terminal))) terminal.out(`${line}\n`);
  return findings.some(({ severity }) => severity === "error") ? EXIT.checkFoundErrors : EXIT.done;
}
