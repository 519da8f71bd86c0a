import { timestamp, type Clock } from "@seaworthy/std/clock";

/** One JSON line about the holder's or a worker's own life; never about a request. */
export type Log = (event: string, about?: Readonly<Record<string, string | number>>) => void;

export function jsonLog(clock: Clock, write: (line: string) => void): Log {
  return (event, about = {}) =>
    write(`${JSON.stringify({ at: timestamp(clock), event, ...about })}\n`);
}
