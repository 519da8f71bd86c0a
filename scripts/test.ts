import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, runCheck } from "./check-stages.ts";
import { runIntegration } from "./integration.ts";
import { interruptible } from "./interrupt.ts";
import type { Surroundings } from "./stage.ts";
import { sourceFiles } from "./tree.ts";

const around: Surroundings = {
  root: join(import.meta.dirname, ".."),
  environment: process.env,
  signal: interruptible(),
  write: (text) => void process.stdout.write(text),
};
const folder = mkdtempSync(join(tmpdir(), "sw-"));
try {
  const sum = await runCheck(around);
  const files = sourceFiles(around.root).filter((file) => file.endsWith(".integration.ts"));
  const isLast = (file: string): boolean => file.startsWith("test/e2e/");
  if (sum.failed > 0) {
    around.write("not run: integration and end-to-end tests, because the check failed\n");
  } else {
    const order = [...files.filter((file) => !isLast(file)), ...files.filter(isLast)];
    add(sum, await runIntegration(order, { ...around, folder }));
  }
  if (around.signal.aborted) around.write("interrupted: not every test was run\n");
  if (sum.skipped > 0) around.write(`${sum.skipped} skipped, with the reasons given above\n`);
  around.write(`${sum.passed} passed, ${sum.failed} failed\n`);
  if (sum.failed > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
