import { readFileSync } from "node:fs";

/** What the kernel counts in, for every program that reads /proc: proc(5), `USER_HZ`. */
const TICK_MS = 10;

/** CPU of one process, in milliseconds, 10 ms apart; undefined where there is none to be read. */
export interface ProcessTime {
  readonly startTick: string;
  readonly ownMs: number;
  /** Of children that ended and were waited for, and of theirs. */
  readonly childrenMs: number;
}

/** From `/proc/<pid>/stat`; undefined when the process is gone, or on another system than Linux. */
export function processTime(pid: number | "self"): ProcessTime | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  return parseStat(text);
}

/** The name of the program may hold blanks and brackets: fields are counted after its last one. */
export function parseStat(text: string): ProcessTime | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  const startTick = fields[19];
  if (startTick === undefined || user === undefined || system === undefined) return undefined;
  return {
    startTick,
    ownMs: (user + system) * TICK_MS,
    childrenMs: ((childUser ?? 0) + (childSystem ?? 0)) * TICK_MS,
  };
}
