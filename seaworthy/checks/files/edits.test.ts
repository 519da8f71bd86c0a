import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Tree } from "../../facts/source.ts";
import { applyEdits, planFixes } from "./edits.ts";
import { treeOf } from "./example.fixture.ts";
import type { Edit } from "./file-rule.ts";
import { checkFiles, FILE_RULES, type FileFinding } from "./files.ts";

const edit = (from: number, to: number, ...lines: readonly string[]): Edit => ({
  file: "a.yml",
  from,
  to,
  lines,
});

function finding(...edits: readonly Edit[]): FileFinding {
  const text = { message: "m", why: "w", fix: "f", rule: "r", unit: "u" };
  return { ...text, severity: "error", places: [{ file: "a.yml", line: 1 }], edits };
}

test("lines are replaced, removed and inserted, and keep their ends", () => {
  const edits = [edit(1, 1, "A"), edit(2, 2), edit(4, 3, "c2", "c3")];
  assert.equal(applyEdits("a\nb\nc\nd\n", edits), "A\nc\nc2\nc3\nd\n");
  assert.equal(applyEdits("a\r\nb\r\n", [edit(2, 2, "B")]), "a\r\nB\r\n");
  assert.equal(applyEdits("a", [edit(1, 1, "A")]), "A");
});

test("findings that would change the same lines are mended one after the other", () => {
  const [first, second, third] = [
    finding(edit(1, 1, "A"), edit(5, 6, "E")),
    finding(edit(3, 3, "C"), edit(6, 6, "F")),
    finding(edit(3, 2, "before c")),
  ];
  const plan = planFixes([first, second, third]);
  assert.deepEqual(plan.mended, [first, third]);
  assert.deepEqual(plan.postponed, [second]);
  assert.deepEqual(
    plan.edits.get("a.yml")?.map(({ from }) => from),
    [5, 3, 1],
  );
  assert.deepEqual(planFixes([first, first]).mended, [first, first]);
  assert.deepEqual(planFixes([finding()]).mended, []);
});

const PAGES = new URL("../../../docs/checks/files/", import.meta.url);

/** The files of a page's section, under the names behind their fences' languages. */
function example(rule: string): Record<string, string> {
  const page = new URL(`${rule}.md`, PAGES);
  const text = existsSync(page) ? readFileSync(page, "utf8") : "";
  const [, section = ""] = text.split("\n## Caught\n");
  const own = section.split("\n## ", 1)[0] ?? "";
  const blocks = own.matchAll(/^```\S+ (\S+)\n([\s\S]*?)^```$/gm);
  return Object.fromEntries([...blocks].map(([, name = "", block = ""]) => [name, block]));
}

interface Mended {
  readonly before: readonly FileFinding[];
  readonly after: readonly FileFinding[];
}

/** A rule's own fixes applied to its example, and the example checked again. */
function mended(
  files: Record<string, string>,
  rule: string,
  check: (tree: Tree) => Mended["after"],
) {
  const before = check(treeOf(files));
  const plan = planFixes(before.filter((own) => own.rule === rule));
  const changed = { ...files };
  for (const [path, edits] of plan.edits) changed[path] = applyEdits(changed[path] ?? "", edits);
  return { plan, before, after: check(treeOf(changed)) };
}

function complaints({ before, after }: Mended, rule: string): readonly string[] {
  const fixable = (findings: readonly FileFinding[]) =>
    findings.filter((own) => own.rule === rule && (own.edits ?? []).length > 0);
  const known = new Set(before.map(({ rule: name, message }) => `${name} ${message}`));
  return [
    ...fixable(after).map(({ message }) => `still there: ${message}`),
    ...after
      .filter(({ severity }) => severity === "error")
      .filter(({ rule: name, message }) => !known.has(`${name} ${message}`))
      .map(({ message }) => `new error: ${message}`),
  ];
}

const fixing = FILE_RULES.filter(({ name }) =>
  checkFiles(treeOf(example(name))).some((own) => own.rule === name && own.edits !== undefined),
);

test("some rule mends by itself", () => {
  assert.ok(fixing.length > 0);
});

for (const { name } of fixing) {
  test(`${name}: its automatic fix mends the page's example and breaks nothing`, () => {
    const result = mended(example(name), name, (tree) => checkFiles(tree));
    assert.ok(result.plan.mended.length > 0);
    assert.deepEqual(complaints(result, name), []);
  });
}

test("a fix that does not mend, or that breaks something else, is noticed", () => {
  const check = (lines: readonly string[]) => (tree: Tree) => {
    const text = tree.files[0]?.text ?? "";
    const own = { ...finding(edit(1, 1, ...lines)), message: "bad" };
    const broken = { ...finding(), message: "broken" };
    return [...(text.includes("bad") ? [own] : []), ...(text.includes("broken") ? [broken] : [])];
  };
  const complain = (...lines: readonly string[]) =>
    complaints(mended({ "a.yml": "bad\n" }, "r", check(lines)), "r");
  assert.deepEqual(complain("good"), []);
  assert.deepEqual(complain("bad"), ["still there: bad"]);
  assert.deepEqual(complain("broken"), ["new error: broken"]);
});
