import { remembered } from "../../../facts/remembered.ts";
import type { SourceFile, Tree } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

/** Whether anything but prose, and the file itself, has this text: then something may use it. */
export function isMentioned(
  unit: Unit,
  what: { readonly text: string; readonly except: string },
): boolean {
  const { files, asked } = mentions(unit.repository.documents.tree);
  const paths = asked.get(what.text) ?? pathsWith(files, what.text);
  asked.set(what.text, paths);
  return paths.some((path) => path !== what.except);
}

/** Every unit asks for much the same names. */
const mentions = remembered((tree: Tree) => ({
  files: tree.files.filter(({ path }) => !/\.(md|rst|txt)$/.test(path)),
  asked: new Map<string, readonly string[]>(),
}));

/** The first two are enough to tell whether there is one beside the file itself. */
function pathsWith(files: readonly SourceFile[], text: string): readonly string[] {
  const found: string[] = [];
  for (const file of files) {
    if (file.text.includes(text)) found.push(file.path);
    if (found.length === 2) break;
  }
  return found;
}
