import { appendFileSync } from "node:fs";
import { basename, relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { indent, reasonOf } from "./reason.ts";

/** What one run of node:test did. A skipped test is neither passed nor failed. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints failures and skips only, and appends the run's tally (passed, failed, skipped) as one line
 * to the file that `SEAWORTHY_TALLY` names. Reading node:test's own
 * summary text would break with its next wording.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for await (const event of events) {
    const text = reportOne(event, tally);
    if (text !== undefined) yield text;
  }
  const file = process.env["SEAWORTHY_TALLY"];
  if (file !== undefined) {
    appendFileSync(file, `${tally.passed} ${tally.failed} ${tally.skipped}\n`);
  }
  yield `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped\n`;
}

function reportOne(event: TestEvent, tally: Tally): string | undefined {
  if (event.type === "test:stdout" || event.type === "test:stderr") return event.data.message;
  if (event.type !== "test:pass" && event.type !== "test:fail") return undefined;
  const { details, name, nesting, file, line, skip } = event.data;
  const place = file === undefined ? "" : ` (${relative(process.cwd(), file)}:${line ?? 0})`;
  if (event.type === "test:fail") {
    if (details.type !== "suite") tally.failed += 1;
    const reason = reasonOf(thrownIn(event.data.details.error));
    return `FAIL ${name}${place}\n${indent(reason, "    ")}\n`;
  }
  if (details.type === "suite") return undefined;
  if (skip !== undefined && skip !== false) {
    tally.skipped += 1;
    return `skip ${name}${place}: ${skip === true ? "no reason given" : skip}\n`;
  }
  // node:test reports a file without tests as one passed test that bears the file's name.
  if (nesting === 0 && file !== undefined && basename(file) === basename(name)) {
    tally.failed += 1;
    return `FAIL ${name}${place}\n    the file holds no test\n`;
  }
  tally.passed += 1;
  return undefined;
}

/** node:test puts an error of its own around whatever was thrown. */
function thrownIn(error: Error): Error {
  return error.cause instanceof Error ? error.cause : error;
}
