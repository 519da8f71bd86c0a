/** A program and its arguments; never a shell line. */
export type Command = readonly [program: string, ...args: string[]];

/** The argv that starts this tool again under a hidden verb (`_supervise`, `_load`, …). */
export type OwnCommand = (verb: string, ...args: readonly string[]) => Command;
