import type { Clock } from "@seaworthy/std/clock";
import { EDGE_UNIT_NAME } from "../../plan/graph.ts";
import type { LogLine, LogQuery } from "../target.ts";
import { followLogs, listLogs, logFileOf, readTail, type LogFile } from "./log-files.ts";
import { isEdgeInstance } from "./supervisor/paths.ts";

export interface ReadLogs {
  /** Undefined where nothing was ever started. */
  readonly logsFolder: string | undefined;
  readonly clock: Clock;
  readonly query: LogQuery;
  readonly signal: AbortSignal;
}

/** What a query asks for, out of the files alone: also when nothing runs. */
export async function* logLines(options: ReadLogs): AsyncGenerator<LogLine> {
  const { logsFolder, query, clock, signal } = options;
  if (logsFolder === undefined) return;
  const tail = query.tail ?? Number.MAX_SAFE_INTEGER;
  const files = async () => (await listLogs(logsFolder)).filter((file) => isAsked(file, query));
  if (query.follow) {
    yield* followLogs({ files, tail, clock, signal });
    return;
  }
  for (const { path, instance, stream } of await files()) {
    signal.throwIfAborted();
    for (const text of await readTail(path, tail)) yield { instance, stream, text };
  }
}

/** The last lines of one instance, errors last, since those explain most. */
export async function lastLines(
  logsFolder: string,
  instance: string,
  lines: number,
): Promise<readonly string[]> {
  const last: string[] = [];
  for (const stream of ["stdout", "stderr"] as const) {
    const path = logFileOf(logsFolder, { instance, stream });
    const texts = await readTail(path, lines).catch(() => []);
    last.push(...texts.map((text) => `${instance} ${stream} | ${text}`));
  }
  return last.slice(-lines);
}

/** Our own processes' logs are shown to whoever names them. */
function isAsked({ instance }: LogFile, query: LogQuery): boolean {
  if (query.instance !== undefined) return instance === query.instance;
  if (query.unit !== undefined) return isOf(query.unit, instance);
  return !instance.startsWith("_");
}

/** `<unit>-<number>`; the edge is the gateway and what may stand in front of it. */
function isOf(unit: string, instance: string): boolean {
  if (instance === unit) return true;
  if (unit === EDGE_UNIT_NAME) return isEdgeInstance(instance);
  return instance.startsWith(`${unit}-`) && /^\d+$/.test(instance.slice(unit.length + 1));
}
