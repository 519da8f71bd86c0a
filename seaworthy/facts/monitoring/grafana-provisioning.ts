import type { DocumentBase, Problem } from "../document.ts";
import { entryAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, type Located, type Location, type SourceFile } from "../source.ts";
import type { EmbeddedIn } from "./embedded.ts";

/** What Grafana is told to load when it starts. */
export interface GrafanaProvisioningDocument extends DocumentBase {
  readonly kind: "grafana-provisioning";
  readonly embedded?: EmbeddedIn;
  readonly root: Node;
  /** Where Grafana reads dashboards from: paths inside its own container. */
  readonly providers: readonly { readonly at: Location; readonly path: string }[];
  readonly datasources: readonly GrafanaDatasource[];
}

export interface GrafanaDatasource {
  readonly at: Location;
  readonly name: string;
  readonly type: string;
  readonly uid: string | undefined;
  readonly url: Located<string> | undefined;
}

const KEYS = ["providers", "datasources", "contactPoints", "policies", "muteTimes", "templates"];

/** Grafana's `apiVersion` is a number, and it has no `kind`. */
export function isGrafanaProvisioning(root: Node): boolean {
  if (root.type !== "map" || root.entries.has("kind") || root.entries.has("services")) return false;
  const isVersioned = /^\d$/.test(textAt(root, "apiVersion") ?? "");
  const groups = itemsAt(root, "groups").flatMap((group) => itemsAt(group, "rules"));
  if (isVersioned && groups.some((rule) => nodeAt(rule, "condition") !== undefined)) return true;
  if (isVersioned) return KEYS.some((key) => nodeAt(root, key)?.type === "list");
  return itemsAt(root, "datasources").some(
    (source) => textAt(source, "type") !== undefined && textAt(source, "url") !== undefined,
  );
}

export function readGrafanaProvisioning(
  file: SourceFile,
  root: Node,
  problems: readonly Problem[],
): GrafanaProvisioningDocument {
  return {
    kind: "grafana-provisioning",
    file,
    root,
    providers: itemsAt(root, "providers").flatMap((node) => {
      const path = entryAt(node, "options", "path");
      if (path?.node.type !== "scalar") return [];
      return [{ at: at(file, path.line), path: path.node.text }];
    }),
    datasources: itemsAt(root, "datasources").map((node) => datasourceOf(file, node)),
    problems,
  };
}

function datasourceOf(file: SourceFile, node: Node): GrafanaDatasource {
  const url = entryAt(node, "url");
  return {
    at: at(file, node.line),
    name: textAt(node, "name") ?? "",
    type: textAt(node, "type") ?? "",
    uid: textAt(node, "uid"),
    url: url?.node.type === "scalar" ? { value: url.node.text, at: at(file, url.line) } : undefined,
  };
}
