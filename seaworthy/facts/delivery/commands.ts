import type { Node } from "../node.ts";

export interface CommandLine {
  readonly line: number;
  readonly text: string;
}

/** The shell text of a scalar, or of a list of them, by its lines. */
export function commandLines(node: Node): readonly CommandLine[] {
  switch (node.type) {
    case "list":
      return node.items.flatMap(commandLines);
    case "map":
      return [];
    case "scalar": {
      // A block scalar's content begins on the line below its mark.
      const first = node.block ? node.line + 1 : node.line;
      return [{ line: first, text: node.text }];
    }
  }
}
