import { entriesAt, itemsAt, nodeAt, textAt, type Node } from "../../facts/node.ts";
import type { SourceFile } from "../../facts/source.ts";
import { structured } from "../../facts/structured.ts";

export const IGNORE_LIST = ".seaworthy-ignore.yaml";

/** One entry of `.seaworthy-ignore.yaml`: what is ignored, why, and until when. */
export interface IgnoreEntry {
  readonly line: number;
  readonly rule: string;
  /** As in `.gitignore`; undefined: everywhere. */
  readonly path: string | undefined;
  readonly fingerprint: string | undefined;
  readonly reason: string;
  /** `2027-03-31`: its last day. */
  readonly expires: string | undefined;
}

export interface IgnoreList {
  readonly entries: readonly IgnoreEntry[];
  /** What stands there and means nothing. */
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

const ENTRIES_MAX = 1_000;
const FIELDS = ["rule", "path", "fingerprint", "reason", "expires"];

/** `ignore:` with a list; an entry with a fault ignores nothing. */
export function readIgnoreList(file: SourceFile): IgnoreList {
  const { documents, errors } = structured(file);
  const [root] = documents;
  const faults = errors.slice(0, 1).map(({ line, message }) => ({ line, message }));
  if (root === undefined) return { entries: [], faults };
  if (nodeAt(root, "ignore")?.type !== "list") {
    return { entries: [], faults: [...faults, { line: root.line, message: "no list `ignore:`" }] };
  }
  const entries: IgnoreEntry[] = [];
  for (const item of itemsAt(root, "ignore").slice(0, ENTRIES_MAX)) {
    const fault = faultOf(item);
    if (fault === undefined) entries.push(entryOf(item));
    else faults.push({ line: item.line, message: fault });
  }
  return { entries, faults };
}

function faultOf(item: Node): string | undefined {
  if (item.type !== "map") return "an entry is a map with `rule` and `reason`";
  const unknown = entriesAt(item).find(([key]) => !FIELDS.includes(key));
  if (unknown !== undefined) return `\`${unknown[0]}\` is no field: ${FIELDS.join(", ")}`;
  if (textAt(item, "rule") === undefined) return "`rule` is missing";
  if ((textAt(item, "reason") ?? "").trim() === "") return "`reason` is missing";
  const expires = textAt(item, "expires");
  if (expires !== undefined && !isDate(expires)) return "`expires` is a date: 2027-03-31";
  return undefined;
}

function entryOf(item: Node): IgnoreEntry {
  return {
    line: item.line,
    rule: textAt(item, "rule") ?? "",
    path: textAt(item, "path"),
    fingerprint: textAt(item, "fingerprint"),
    reason: textAt(item, "reason") ?? "",
    expires: textAt(item, "expires"),
  };
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}
