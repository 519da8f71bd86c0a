import { baseName, folderOf } from "../../../facts/source.ts";
import type { Documents } from "../../../facts/document.ts";
import type { Unit } from "../../../facts/unit.ts";

/** Programs that put values into a file before its own program reads it. */
const EXPANDERS = [
  "envsubst gomplate envtpl consul-template confd dockerize esh jinja2? j2 ytt sed perl",
  "awk helm kustomize ansible\\w* eval yq render\\w*",
];
const EXPANDER = new RegExp(`\\b(?:${EXPANDERS.join(" ").replaceAll(" ", "|")})\\b`);
/** A template's own name says that something fills it in. */
const TEMPLATE = /\.(?:tpl|tmpl|template|j2|jinja2?|gotmpl|erb|in)(?:\.|$)/;
/** Longer lines are no commands. */
const LINE_MAX = 4000;

const known = new WeakMap<Documents, readonly ExpandingLine[]>();

interface ExpandingLine {
  readonly path: string;
  readonly text: string;
}

/** Whether some line of the tree pipes this file, its folder or a file it is told through one. */
export function isExpanded(unit: Unit, path: string): boolean {
  const [outer = path] = path.split("#", 1);
  const name = baseName(outer);
  if (TEMPLATE.test(name)) return true;
  const folder = baseName(folderOf(outer));
  return expandingLines(unit.repository.documents).some(
    (line) => line.path !== outer && isExpanding(line.text, name, folder),
  );
}

/** Every line that runs such a program, found once. */
function expandingLines(documents: Documents): readonly ExpandingLine[] {
  const read = known.get(documents);
  if (read !== undefined) return read;
  const made = documents.tree.files.flatMap(({ path, text }) =>
    EXPANDER.test(text)
      ? text
          .split("\n")
          .filter((line) => line.length <= LINE_MAX && EXPANDER.test(line))
          .map((line): ExpandingLine => ({ path, text: line }))
      : [],
  );
  known.set(documents, made);
  return made;
}

function isExpanding(line: string, name: string, folder: string): boolean {
  if (line.includes(name)) return true;
  // `envsubst < "$file"` in a loop: which files, the script alone knows.
  if (/envsubst\b[^|]*<\s*"?\$/.test(line)) return true;
  return (
    folder !== "" && /envsubst|gomplate|ytt|kustomize/.test(line) && line.includes(`${folder}/`)
  );
}
