import type { Shell, ShellCommand } from "../../../facts/scripts/shell.ts";

/** One command as it runs, and the calls of functions that lead to it, outermost first. */
export interface Moment {
  readonly command: ShellCommand;
  readonly calls: readonly ShellCommand[];
}

/** Functions that call each other for ever end here. */
const CALLS_MAX = 8;
const MOMENTS_MAX = 5_000;

/** The commands of a script in the order in which they run; functions where they are called. */
export function traceOf(shell: Shell): readonly Moment[] {
  const bodies = new Map<string, ShellCommand[]>();
  for (const command of shell.commands) {
    if (command.within === undefined) continue;
    const body = bodies.get(command.within);
    if (body === undefined) bodies.set(command.within, [command]);
    else body.push(command);
  }
  const moments: Moment[] = [];
  const walk = (commands: readonly ShellCommand[], calls: readonly ShellCommand[]): void => {
    for (const command of commands) {
      if (moments.length >= MOMENTS_MAX) return;
      moments.push({ command, calls });
      const body = bodies.get(command.expanded[0] ?? "");
      const repeats = calls.some(({ expanded }) => expanded[0] === command.expanded[0]);
      if (body !== undefined && !repeats && calls.length < CALLS_MAX)
        walk(body, [...calls, command]);
    }
  };
  walk(
    shell.commands.filter(({ within }) => within === undefined),
    [],
  );
  return moments;
}

/** What a failure comes to, seen from the top: a function's own status is its caller's to use. */
export function outcomeOf({ command, calls }: Moment): ShellCommand["onFailure"] {
  let { onFailure } = command;
  for (const call of calls.toReversed()) {
    if (onFailure === "ignored" || onFailure === "branches") return onFailure;
    // `return 1` leaves only the function; with `set -e` or an exit the whole script ends.
    if (onFailure === "stops" && command.errexit) return "stops";
    ({ onFailure } = call);
  }
  return onFailure;
}
