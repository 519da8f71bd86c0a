import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, runCheck } from "./check-stages.ts";
import { runIntegration } from "./integration.ts";
import { interruptible } from "./interrupt.ts";
import type { Surroundings } from "./stage.ts";
import type { Tally } from "../test/reporter.ts";
import { sourceFiles } from "./tree.ts";

/** Paths given: only the tests with processes that lie below one of them, without the check. */
const wanted = process.argv.slice(2);
const around: Surroundings = {
  root: join(import.meta.dirname, ".."),
  environment: process.env,
  signal: interruptible(),
  write: (text) => void process.stdout.write(text),
};
const folder = mkdtempSync(join(tmpdir(), "sw-"));
try {
  const files = sourceFiles(around.root)
    .filter((file) => file.endsWith(".integration.ts"))
    .filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)));
  const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) {
    sum.failed += 1;
    around.write(`no test with processes lies below ${wanted.join(", ")}\n`);
  }
  if (wanted.length === 0) add(sum, await runCheck(around));
  const isLast = (file: string): boolean => file.startsWith("test/e2e/");
  if (sum.failed > 0 && files.length > 0) {
    around.write("not run: tests with processes, because the check failed\n");
  } else {
    const order = [...files.filter((file) => !isLast(file)), ...files.filter(isLast)];
    add(sum, await runIntegration(order, { ...around, folder }));
  }
  if (around.signal.aborted) around.write("interrupted: not every test was run\n");
  if (sum.skipped > 0) around.write(`${sum.skipped} skipped, with the reasons given above\n`);
  around.write(`${sum.passed} passed, ${sum.failed} failed\n`);
  if (sum.failed > 0) process.exitCode ??= 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
