import { eventJson } from "../event-json.ts";
import type { Terminal } from "../context.ts";
import type { Progress } from "./printer.ts";

/** One event a line on stdout; the verb's outcome document is the last line. */
export function jsonProgress(terminal: Terminal): Progress {
  return {
    event: (event) => terminal.out(`${JSON.stringify(eventJson(event))}\n`),
    end: () => undefined,
  };
}
