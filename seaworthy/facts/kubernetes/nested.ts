import type { Document } from "../document.ts";
import { entriesAt } from "../node.ts";
import { at, type SourceFile } from "../source.ts";

/** Files of one manifest that are read; more is no deployment. */
const FILES_MAX = 200;

/**
 * The files that ConfigMaps (and a Secret's `stringData`) hold: `prometheus.yml`, `nginx.conf`,
 * `application.yml`. Each has the manifest's path as its folder, and knows where its lines stand.
 */
export function nestedFiles(document: Document): readonly SourceFile[] {
  if (document.kind !== "manifest") return [];
  const { file } = document;
  const files = document.objects.flatMap(({ kind, name, root }) => {
    if (kind !== "ConfigMap" && kind !== "Secret") return [];
    const entries = entriesAt(root, kind === "Secret" ? "stringData" : "data");
    return entries.flatMap(([key, { node }]): readonly SourceFile[] => {
      if (node.type !== "scalar" || !node.text.includes("\n")) return [];
      const first = node.line + (node.block ? 1 : 0);
      const origin = (line: number) => {
        const place = at(file, first + (node.block ? line - 1 : 0));
        return { file: place.file, line: place.line };
      };
      return [{ path: `${file.path}/${name}/${key}`, text: node.text, named: key, origin }];
    });
  });
  return files.slice(0, FILES_MAX);
}
