import { BrokenInvariant } from "@seaworthy/std/assert";
import type { Tally } from "../test/reporter.ts";
import { runStage, type Stage, type Surroundings } from "./stage.ts";
import { sourceFiles } from "./tree.ts";

const GUARD_DEADLINE_MS = 60_000;
const TESTS_DEADLINE_MS = 120_000;

export const GUARDS: readonly Stage[] = [
  guard("format", ["biome", "format", "--max-diagnostics=20"]),
  guard("types", ["tsc", "--noEmit", "--pretty", "false", "--project", "."]),
  guard("lint", ["oxlint", "--format=unix"]),
  guard("dead code", ["knip", "--no-progress"]),
];

/** Everything that needs no component and no port: guards first, then all pure tests. */
export async function runCheck(around: Surroundings): Promise<Tally> {
  const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const stage of [...GUARDS, ...testStages(around.root)]) {
    if (around.signal.aborted) break;
    add(sum, await runStage(stage, around));
  }
  return sum;
}

export function add(sum: Tally, more: Tally): void {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
}

/** A run of test files in one process (ADR 0003). Without files, node would choose its own. */
export function testRun(name: string, files: readonly string[], deadlineMs: number): Stage {
  if (files.length === 0) throw new BrokenInvariant(`${name}: no test file was found`);
  const command = [
    "node",
    "--test",
    "--test-isolation=none",
    "--test-reporter=./test/reporter.ts",
    "--test-reporter-destination=stdout",
    ...files,
  ] as const;
  return { name, command, counts: "its-tests", deadlineMs };
}

function guard(name: string, command: Stage["command"]): Stage {
  return { name, command, counts: "as-one", deadlineMs: GUARD_DEADLINE_MS };
}

function testStages(root: string): readonly Stage[] {
  const files = sourceFiles(root).filter((file) => file.endsWith(".test.ts"));
  const isHouse = (file: string): boolean => /^test\/(tidy|planted)\//.test(file);
  return [
    testRun("house rules", files.filter(isHouse), TESTS_DEADLINE_MS),
    testRun(
      "pure tests",
      files.filter((file) => !isHouse(file)),
      TESTS_DEADLINE_MS,
    ),
  ];
}
