import { baseName, folderOf } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

/** Programs that put values into a file before its own program reads it. */
const EXPANDER =
  /\b(?:envsubst|gomplate|envtpl|consul-template|confd|dockerize|esh|jinja2?|j2|ytt|sed|perl|awk|helm|kustomize|ansible\w*|eval|yq|render\w*)\b/;
/** A template's own name says that something fills it in. */
const TEMPLATE = /\.(?:tpl|tmpl|template|j2|jinja2?|gotmpl|erb|in)(?:\.|$)/;
/** Longer lines are no commands. */
const LINE_MAX = 4000;

/** Whether some line of the tree pipes this file, its folder or a file it is told through one. */
export function isExpanded(unit: Unit, path: string): boolean {
  const [outer = path] = path.split("#", 1);
  if (TEMPLATE.test(baseName(outer))) return true;
  const name = baseName(outer);
  const folder = baseName(folderOf(outer));
  const { tree } = unit.repository.documents;
  return tree.files.some(({ text, path: other }) => {
    if (other === outer || !EXPANDER.test(text)) return false;
    return text.split("\n").some((line) => isExpanding(line, name, folder));
  });
}

function isExpanding(line: string, name: string, folder: string): boolean {
  if (line.length > LINE_MAX || !EXPANDER.test(line)) return false;
  if (line.includes(name)) return true;
  // `envsubst < "$file"` in a loop: which files, the script alone knows.
  if (/envsubst\b[^|]*<\s*"?\$/.test(line)) return true;
  return (
    folder !== "" && /envsubst|gomplate|ytt|kustomize/.test(line) && line.includes(`${folder}/`)
  );
}
