import type { Terminal } from "./context.ts";

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Paint = (color: keyof typeof CODES, text: string) => string;

/** Colour only where a person looks at it; the words alone must say everything. */
export function painter(terminal: Terminal): Paint {
  return (color, text) => (terminal.color ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text);
}

/** Columns padded to the widest cell; the last one is left ragged. */
export function table(rows: readonly (readonly string[])[], gap = 2): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + gap),
      )
      .join("")
      .trimEnd(),
  );
}
