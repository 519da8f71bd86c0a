import type { CommonOptions, Context } from "../context.ts";
import { jsonProgress } from "./json.ts";
import { linesProgress } from "./lines.ts";
import type { Progress } from "./printer.ts";
import { ttyProgress } from "./tty.ts";

export function progressFor(context: Context, options: CommonOptions): Progress {
  if (options.quiet === true) return { event: () => undefined, end: () => undefined };
  if (options.json === true) return jsonProgress(context.terminal);
  return context.terminal.interactive
    ? ttyProgress(context.terminal)
    : linesProgress(context.terminal);
}
