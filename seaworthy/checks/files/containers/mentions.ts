import type { SourceFile, Tree } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

const CHARACTERS_MAX = 500_000;

/** One tree has many units, and each rule asks for each of them. */
const known = new WeakMap<Tree, Map<string, readonly SourceFile[]>>();

/** Files of the whole tree that hold something; prose tells of plans, so it does not count. */
export function filesWith(unit: Unit, form: RegExp): readonly SourceFile[] {
  return matching(unit, form).filter(({ path }) => !isProse(path));
}

/** Whether anything at all holds it, a guide's sentences among it. */
export function isSaidAnywhere(unit: Unit, form: RegExp): boolean {
  return matching(unit, form).length > 0;
}

function matching(unit: Unit, form: RegExp): readonly SourceFile[] {
  const { tree } = unit.repository.documents;
  const answers = known.get(tree) ?? new Map<string, readonly SourceFile[]>();
  known.set(tree, answers);
  const key = String(form);
  const read = answers.get(key);
  if (read !== undefined) return read;
  const found = tree.files.filter(({ text }) => form.test(text.slice(0, CHARACTERS_MAX)));
  answers.set(key, found);
  return found;
}

function isProse(path: string): boolean {
  return /\.(?:md|mdx|rst|adoc|txt)$/i.test(path);
}
