import { deepStrictEqual, match } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testRun } from "./check-stages.ts";
import { runStage } from "./stage.ts";

const folder = mkdtempSync(join(tmpdir(), "stage-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A broken test must be noticed well within this, even on a busy machine. */
const DEADLINE_MS = 30_000;
const HUNG_DEADLINE_MS = 3_000;
const HEAD = `import { test, describe } from "node:test";\n`;

const RUNS = {
  "counts passed, failed and skipped tests, and no suite": {
    text: `${HEAD}describe("all", () => { test("a", () => {}); });
      test("b", { skip: "why" }, () => {});
      test("c", () => { throw new Error("broken on purpose"); });`,
    tally: { passed: 1, failed: 1, skipped: 1 },
    says: /broken on purpose/,
  },
  "a file without a test has failed": {
    text: "export const one = 1;",
    tally: { passed: 0, failed: 1, skipped: 0 },
    says: /holds no test/,
  },
  "a file that cannot be loaded has failed": {
    text: `import "./nowhere.ts";`,
    tally: { passed: 0, failed: 1, skipped: 0 },
    says: /nowhere/,
  },
  "a run that ends in the middle has failed": {
    text: `${HEAD}test("a", () => process.exit(0));`,
    tally: { passed: 0, failed: 1, skipped: 0 },
    says: /FAIL/,
  },
  "a run that hangs is killed and has failed": {
    text: `${HEAD}test("a", () => { setInterval(() => {}, 1000); });`,
    tally: { passed: 0, failed: 1, skipped: 0 },
    says: /not done after/,
    deadlineMs: HUNG_DEADLINE_MS,
  },
} satisfies Record<string, object>;

for (const [promise, run] of Object.entries(RUNS)) {
  test(promise, async () => {
    const file = join(folder, `${promise.replaceAll(/\W+/g, "-")}.test.ts`);
    writeFileSync(file, run.text);
    const deadlineMs = "deadlineMs" in run ? run.deadlineMs : DEADLINE_MS;
    let written = "";
    const tally = await runStage(testRun(promise, [file], deadlineMs), {
      root: join(import.meta.dirname, ".."),
      environment: process.env,
      signal: new AbortController().signal,
      write: (text) => (written += text),
    });
    deepStrictEqual(tally, run.tally);
    match(written, run.says);
  });
}

test("a guard counts as one, and a program that does not exist has failed", async () => {
  const around = {
    root: folder,
    environment: process.env,
    signal: new AbortController().signal,
    write: (): void => {},
  };
  const guard = { name: "guard", counts: "as-one", deadlineMs: DEADLINE_MS } as const;
  const run = async (program: string): Promise<object> =>
    runStage({ ...guard, command: [program] }, around);
  deepStrictEqual(await run("true"), { passed: 1, failed: 0, skipped: 0 });
  deepStrictEqual(await run("false"), { passed: 0, failed: 1, skipped: 0 });
  deepStrictEqual(await run("no-such-program"), { passed: 0, failed: 1, skipped: 0 });
});
