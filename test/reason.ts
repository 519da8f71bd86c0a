import { inspect } from "node:util";

/** More errors in one are repetition; the first ones say why. */
const ERRORS_MAX = 20;

interface Held {
  /** How it is held by the one before it. */
  readonly as: string;
  readonly what: unknown;
  readonly depth: number;
}

/**
 * Why a test failed: the stack of its error, and below it, indented, of each error that it holds.
 * A cause that stays hidden costs a whole run of the tests to find.
 */
export function reasonOf(error: unknown): string {
  const told: string[] = [];
  const seen = new Set<unknown>();
  const waiting: Held[] = [{ as: "", what: error, depth: 0 }];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (seen.has(next.what)) continue;
    if (seen.size === ERRORS_MAX) {
      told.push("and more errors, not shown");
      break;
    }
    seen.add(next.what);
    told.push(indent(`${next.as}${textOf(next.what)}`, "  ".repeat(next.depth)));
    const depth = next.depth + 1;
    waiting.unshift(...heldBy(next.what).map((held) => ({ ...held, depth })));
  }
  return told.join("\n");
}

export function indent(text: string, by: string): string {
  return text.replaceAll(/^/gm, by);
}

function heldBy(error: unknown): readonly Omit<Held, "depth">[] {
  if (error instanceof SuppressedError) {
    return [
      { as: "first: ", what: error.suppressed },
      { as: "then, at disposal: ", what: error.error },
    ];
  }
  if (!(error instanceof Error)) return [];
  const among = error instanceof AggregateError ? error.errors : [];
  // node:test's own errors repeat their message as their cause.
  const isTold = error.cause === undefined || error.cause === error.message;
  const causes = isTold ? [] : [error.cause];
  return [
    ...among.map((what: unknown) => ({ as: "one of: ", what })),
    ...causes.map((what) => ({ as: "caused by: ", what })),
  ];
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const stack = error.stack ?? error.message;
  return stack.replaceAll(/\n\s+at [^\n]*node:internal[^\n]*/g, "");
}
