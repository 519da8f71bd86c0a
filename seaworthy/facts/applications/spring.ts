import type { Node } from "../node.ts";
import { entriesAt, textAt } from "../node.ts";
import { baseName, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { SpringConfigurationDocument, SpringKey } from "./applications.ts";

const NAMED = /^(application|bootstrap)(?:-([\w.-]+))?\.(ya?ml|properties)$/;
/** Top-level keys that Spring Boot itself reads ("Common Application Properties"). */
const OWN = ["spring", "management", "server", "logging"];
const KEYS_MAX = 5_000;

/** Reads Spring Boot's configuration: by name, or by two of its own top-level keys. */
export function readSpring(file: SourceFile): SpringConfigurationDocument | undefined {
  const [, , profile, extension] = NAMED.exec(unnumbered(baseName(file.path))) ?? [];
  if (extension === "properties") return fromProperties(file, profile);
  if (!/\.ya?ml$/.test(file.path)) return undefined;
  const { documents } = structured(file);
  if (extension === undefined && !looksLikeSpring(documents)) return undefined;
  const keys: SpringKey[] = [];
  for (const root of documents) {
    const onProfile = textAt(root, "spring", "config", "activate", "on-profile");
    flatten({ node: root, key: "", onProfile, keys });
  }
  return { kind: "spring-configuration", file, profile, keys, problems: [] };
}

/** A guide's second block of one name carries a number. */
function unnumbered(name: string): string {
  return name.replace(/~\d+(?=\.|$)/, "");
}

function looksLikeSpring(documents: readonly Node[]): boolean {
  return documents.some((root) => {
    const keys = entriesAt(root).map(([key]) => key);
    return keys.includes("spring") && OWN.filter((key) => keys.includes(key)).length >= 2;
  });
}

function flatten(level: {
  readonly node: Node;
  readonly key: string;
  readonly onProfile: string | undefined;
  readonly keys: SpringKey[];
}): void {
  const { node, key, onProfile, keys } = level;
  if (keys.length >= KEYS_MAX) return;
  switch (node.type) {
    case "map":
      for (const [name, entry] of node.entries) {
        const deeper = key === "" ? name : `${key}.${name}`;
        flatten({ node: entry.node, key: deeper, onProfile, keys });
      }
      return;
    case "list":
      node.items.forEach((item, index) => {
        flatten({ node: item, key: `${key}[${index}]`, onProfile, keys });
      });
      return;
    case "scalar":
      keys.push({ key, value: node.text, line: node.line, onProfile });
  }
}

function fromProperties(
  file: SourceFile,
  profile: string | undefined,
): SpringConfigurationDocument {
  const keys: SpringKey[] = [];
  file.text.split("\n").forEach((text, index) => {
    const [, key, value = ""] = /^\s*([\w.[\]-]{1,200})\s*[=:]\s*(.{0,2000})/.exec(text) ?? [];
    if (key === undefined || keys.length >= KEYS_MAX) return;
    keys.push({ key, value: value.trim(), line: index + 1, onProfile: undefined });
  });
  return { kind: "spring-configuration", file, profile, keys, problems: [] };
}

/** Every `${NAME}` or `${NAME:default}` of a value; the default may be empty. */
export function placeholders(
  value: string,
): readonly { readonly name: string; readonly fallback: string | undefined }[] {
  return [...value.matchAll(/\$\{([\w.-]{1,100})(?::([^}]{0,500}))?\}/g)].map(
    ([, name = "", fallback]) => ({ name, fallback }),
  );
}
