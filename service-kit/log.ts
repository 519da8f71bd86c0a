import type { Clock } from "./clock.ts";

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 };
export type Level = keyof typeof LEVELS;
export const LEVEL_NAMES: readonly [Level, ...Level[]] = ["debug", "info", "warn", "error"];

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One JSON object a line: `time` (RFC 3339, UTC), `level`, `service`, `instance`, `msg`, more. */
export interface Log {
  write(level: Level, message: string, fields?: Fields): void;
  /** Lets hot paths skip building the fields of a line nobody will read. */
  enabled(level: Level): boolean;
}

export interface LogOptions {
  readonly level: Level;
  readonly service: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly out: { write(text: string): unknown };
}

export function createLog(options: LogOptions): Log {
  const { clock, out, service, instance } = options;
  const enabled = (level: Level): boolean => LEVELS[level] >= LEVELS[options.level];
  const write = (level: Level, message: string, fields: Fields = {}): void => {
    if (!enabled(level)) return;
    const time = clock.date().toISOString();
    out.write(`${JSON.stringify({ time, level, service, instance, msg: message, ...fields })}\n`);
  };
  return { write, enabled };
}

/** What an unknown thrown thing says, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
