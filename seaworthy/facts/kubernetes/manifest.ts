import type { Problem } from "../document.ts";
import { itemsAt, textAt, type Node } from "../node.ts";
import { at, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { KubeObject, ManifestDocument } from "./kubernetes.ts";

/** More objects than any real file holds; the rest of a hostile one is not read. */
const OBJECTS_MAX = 2000;

/** A file of Kubernetes objects; undefined when no document in it has `apiVersion` and `kind`. */
export function readManifest(file: SourceFile): ManifestDocument | undefined {
  if (!/apiVersion/.test(file.text) || !/\bkind/.test(file.text)) return undefined;
  if (/\.(?:md|markdown|sh|py|js|ts|go|java|tf)$/.test(file.path)) return undefined;
  const { documents, errors } = structured(file);
  const objects = objectsIn(file, { documents, template: false });
  if (objects.length === 0) return undefined;
  return { kind: "manifest", file, objects, problems: problemsOf(file, errors) };
}

/** The objects of these YAML documents, those of a `List` one by one. */
export function objectsIn(
  file: SourceFile,
  from: { readonly documents: readonly Node[]; readonly template: boolean },
): readonly KubeObject[] {
  const roots = from.documents.flatMap((root) =>
    textAt(root, "kind")?.endsWith("List") === true ? [...itemsAt(root, "items")] : [root],
  );
  return roots.slice(0, OBJECTS_MAX).flatMap((root) => {
    const apiVersion = textAt(root, "apiVersion");
    const kind = textAt(root, "kind");
    if (apiVersion === undefined || kind === undefined) return [];
    const name = textAt(root, "metadata", "name") ?? textAt(root, "metadata", "generateName") ?? "";
    const namespace = textAt(root, "metadata", "namespace");
    const { template } = from;
    return [{ apiVersion, kind, name, namespace, line: root.line, root, file, template }];
  });
}

/** Text that another program fills in is not YAML yet: its errors say nothing. */
function problemsOf(
  file: SourceFile,
  errors: readonly { readonly line: number; readonly message: string }[],
): readonly Problem[] {
  const [first] = errors;
  if (first === undefined || /\{\{|\{%|<%|<[a-z-]{2,}>/i.test(file.text)) return [];
  const message = `this manifest cannot be read: ${first.message}`;
  return [{ at: at(file, first.line), message, fix: "Mend the YAML; kubectl refuses the file." }];
}
