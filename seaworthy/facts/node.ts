/** A value of YAML or JSON that knows its lines. Keys keep their order; anchors are resolved. */
export type Node = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly type: "map";
  /** 1-based line in its own file. */
  readonly line: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Line of the key. */
  readonly line: number;
  readonly node: Node;
}

export interface ListNode {
  readonly type: "list";
  readonly line: number;
  readonly items: readonly Node[];
}

export interface ScalarNode {
  readonly type: "scalar";
  readonly line: number;
  readonly value: string | number | boolean | null;
  /** As written, without quotes; for a block scalar its content. */
  readonly text: string;
  /** A block scalar's content begins one line below its key. */
  readonly block: boolean;
}

/** The entry at the end of these keys; undefined where one is missing or no map. */
export function entryAt(node: Node | undefined, ...keys: readonly string[]): Entry | undefined {
  let entry: Entry | undefined;
  let current = node;
  for (const key of keys) {
    entry = current?.type === "map" ? current.entries.get(key) : undefined;
    current = entry?.node;
  }
  return entry;
}

export function nodeAt(node: Node | undefined, ...keys: readonly string[]): Node | undefined {
  return keys.length === 0 ? node : entryAt(node, ...keys)?.node;
}

/** The text of a scalar at the end of these keys; numbers and booleans as written. */
export function textAt(node: Node | undefined, ...keys: readonly string[]): string | undefined {
  const found = nodeAt(node, ...keys);
  return found?.type === "scalar" && found.value !== null ? found.text : undefined;
}

export function numberAt(node: Node | undefined, ...keys: readonly string[]): number | undefined {
  const found = nodeAt(node, ...keys);
  return found?.type === "scalar" && typeof found.value === "number" ? found.value : undefined;
}

/** The items of a list at the end of these keys; empty where there is none. */
export function itemsAt(node: Node | undefined, ...keys: readonly string[]): readonly Node[] {
  const found = nodeAt(node, ...keys);
  return found?.type === "list" ? found.items : [];
}

/** The entries of a map at the end of these keys; empty where there is none. */
export function entriesAt(
  node: Node | undefined,
  ...keys: readonly string[]
): readonly (readonly [string, Entry])[] {
  const found = nodeAt(node, ...keys);
  return found?.type === "map" ? [...found.entries] : [];
}
