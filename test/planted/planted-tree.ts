import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Command } from "@seaworthy/std/command";
import type { SourceText } from "../tidy/rules.ts";

const REPOSITORY = new URL("../..", import.meta.url).pathname;
const FIXTURES = new URL("fixtures", import.meta.url).pathname;
const CONFIGURATIONS = [
  ".gitignore",
  ".oxlintrc.json",
  "biome.json",
  "knip.json",
  "package.json",
  "tsconfig.json",
] as const;

/** Guards answer within a second here; a minute means that one hangs. */
const GUARD_DEADLINE_MS = 60_000;
const OUTPUT_MAX_BYTES = 16_000_000;

/** The planted violations as a checkout of their own, under the real configuration of this one. */
export interface PlantedTree extends Disposable {
  /** What a guard prints about the tree, both streams; and whether it was content. */
  run(command: Command): Promise<Verdict>;
  files(): readonly SourceText[];
}

export interface Verdict {
  readonly passed: boolean;
  readonly output: string;
}

export function plantTree(): PlantedTree {
  const root = mkdtempSync(join(tmpdir(), "planted-"));
  cpSync(FIXTURES, root, { recursive: true });
  for (const file of CONFIGURATIONS) cpSync(join(REPOSITORY, file), join(root, file));
  for (const manifest of globSync("{std,gateway,seaworthy,service-kit}/package.json", {
    cwd: REPOSITORY,
  })) {
    cpSync(join(REPOSITORY, manifest), join(root, manifest));
  }
  writeTooLong(root);
  symlinkSync(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
  execFileSync("git", ["init", "--quiet", root]);
  return {
    run: (command) => judge(root, command),
    files: () =>
      globSync("**/*.{ts,md}", { cwd: root, exclude: ["node_modules"] })
        .toSorted()
        .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Violations whose whole point is their length are written, not kept. */
function writeTooLong(root: string): void {
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(root, "seaworthy/rollout", name), `${lines.join("\n")}\n`);
  const body = (count: number): readonly string[] =>
    Array.from({ length: count }, () => "  sum += 1;");
  const sum = (lines: number): readonly string[] => [
    "export function count(): number {",
    "  let sum = 0;",
    ...body(lines - 4),
    "  return sum;",
    "}",
  ];
  const constants = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `export const a${index} = ${index};`);
  write("function-of-70-lines.ts", sum(70));
  write("function-of-71-lines.ts", sum(71));
  write("file-of-400-lines.ts", constants(400));
  write("file-of-401-lines.ts", constants(401));
}

async function judge(root: string, [program, ...args]: Command): Promise<Verdict> {
  const options = { cwd: root, timeout: GUARD_DEADLINE_MS, maxBuffer: OUTPUT_MAX_BYTES };
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, options);
    return { passed: true, output: `${stdout}${stderr}` };
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error && "stderr" in error)) throw error;
    return { passed: false, output: `${String(error.stdout)}${String(error.stderr)}` };
  }
}
