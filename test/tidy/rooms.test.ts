import { deepStrictEqual, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { test } from "node:test";
import { everyFile, SOURCE_FOLDERS } from "../../scripts/tree.ts";
import { LINE } from "./line.ts";

const root = resolve(import.meta.dirname, "../..");
const sources = everyFile(root).filter((path) => path.endsWith(".ts"));

/** What of the linter's configuration is read here. */
interface LintConfiguration {
  readonly overrides: readonly {
    readonly files: readonly string[];
    readonly rules: Readonly<Record<string, unknown>>;
  }[];
}

test("every folder of the tool is a room on the line", () => {
  const folders = readdirSync(`${root}/seaworthy`, { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "dist",
    )
    .map((entry) => entry.name);
  ok(folders.length > 0, "the tool has no room at all");
  const line: readonly string[] = LINE;
  deepStrictEqual(
    folders.filter((folder) => !line.includes(folder)),
    [],
  );
});

test("the linter forbids each room exactly the rooms after it", () => {
  const text = readFileSync(`${root}/.oxlintrc.json`, "utf8");
  const { overrides }: LintConfiguration = JSON.parse(text);
  LINE.forEach((room, index) => {
    const own = overrides.find(({ files }) => files.includes(`seaworthy/${room}/**/*.ts`));
    const rule = JSON.stringify(own?.rules["no-restricted-imports"]);
    for (const [other, name] of LINE.entries()) {
      const forbidden = new RegExp(`[(|]${name}[|)]`).test(rule);
      deepStrictEqual(forbidden, other > index, `${room} → ${name}`);
    }
  });
});

test("every source lies in a folder that the guards know", () => {
  const known: readonly string[] = SOURCE_FOLDERS;
  ok(sources.length > 0, "no source was found");
  deepStrictEqual(
    sources.filter((path) => !known.includes(path.split("/")[0] ?? "")),
    [],
  );
});

test("every source is seen by the compiler and by the linter", () => {
  const tell = (program: string, ...args: readonly string[]): ReadonlySet<string> => {
    const answer = execFileSync(program, args, { cwd: root, encoding: "utf8" });
    return new Set(answer.split("\n").map((line) => relative(root, resolve(root, line))));
  };
  const compiled = tell("tsc", "--listFilesOnly", "--project", ".");
  const linted = tell("oxlint", "--debug=files");
  deepStrictEqual(
    sources.filter((path) => !compiled.has(path)),
    [],
    "not compiled",
  );
  deepStrictEqual(
    sources.filter((path) => !linted.has(path)),
    [],
    "not linted",
  );
});
