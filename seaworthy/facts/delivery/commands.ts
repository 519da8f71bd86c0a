import { nodeAt, type Node } from "../node.ts";

export interface CommandLine {
  readonly line: number;
  readonly text: string;
}

/** A script that refers to a script that refers to it ends here. */
const DEPTH_MAX = 10;

/**
 * The shell texts of a scalar, or of a list of them. `root` is where GitLab's `!reference [job,
 * key]` is looked up: YAML readers show it as a list of its two names.
 */
export function commandLines(node: Node, root?: Node, depth = 0): readonly CommandLine[] {
  switch (node.type) {
    case "list": {
      if (depth > DEPTH_MAX) return [];
      const referred = depth > 0 && root !== undefined ? reference(node, root) : undefined;
      if (referred === "elsewhere") return [];
      if (referred !== undefined) return commandLines(referred, root, depth + 1);
      return node.items.flatMap((item) => commandLines(item, root, depth + 1));
    }
    case "map":
      return [];
    case "scalar": {
      // A block scalar's content begins on the line below its mark.
      const first = node.block ? node.line + 1 : node.line;
      return [{ line: first, text: node.text }];
    }
  }
}

/** What `[.job, key]` means; `elsewhere` when no job of that name is in this file. */
function reference(
  { items }: Extract<Node, { type: "list" }>,
  root: Node,
): Node | "elsewhere" | undefined {
  const names = items.map((item) => (item.type === "scalar" && !item.block ? item.text : ""));
  const [job = "", key = ""] = names;
  if (names.length < 2 || names.length > 3 || !/^\w+$/.test(key)) return undefined;
  const found = nodeAt(root, ...names);
  return found ?? (job.startsWith(".") ? "elsewhere" : undefined);
}
