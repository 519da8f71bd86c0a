import type { Event } from "../../record/event.ts";
import type { CommonOptions, Context } from "../context.ts";
import { jsonProgress } from "./json.ts";
import { linesProgress } from "./lines.ts";
import { ttyProgress } from "./tty.ts";

/** Draws the one stream of events; the rooms that emit them know nothing of terminals. */
export interface Progress {
  event(event: Event): void;
  /** Leaves the terminal as a plain log: nothing is redrawn after this. */
  end(): void;
}

export function progressFor(context: Context, options: CommonOptions): Progress {
  if (options.quiet === true) return { event: () => undefined, end: () => undefined };
  if (options.json === true) return jsonProgress(context.terminal);
  return context.terminal.interactive
    ? ttyProgress(context.terminal)
    : linesProgress(context.terminal);
}
