import type { SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

const CHARACTERS_MAX = 500_000;

/**
 * Files of the whole tree that hold something; prose says what is planned, so it does not count.
 */
export function filesWith(unit: Unit, form: RegExp): readonly SourceFile[] {
  return unit.repository.documents.tree.files.filter(
    ({ path, text }) => !isProse(path) && form.test(text.slice(0, CHARACTERS_MAX)),
  );
}

/** Whether anything at all holds it, a guide's sentences among it. */
export function isSaidAnywhere(unit: Unit, form: RegExp): boolean {
  return unit.repository.documents.tree.files.some(({ text }) =>
    form.test(text.slice(0, CHARACTERS_MAX)),
  );
}

function isProse(path: string): boolean {
  return /\.(?:md|mdx|rst|adoc|txt)$/i.test(path);
}
