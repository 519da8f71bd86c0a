import { closeSync, constants, openSync, type Stats } from "node:fs";
import { open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";
import type { InstanceId } from "../../record/step.ts";
import type { LogLine } from "../target.ts";
import { LineCutter } from "./log-files-lines.ts";
import { outside } from "./outside.ts";

export type LogStream = LogLine["stream"];

export interface LogFile {
  readonly path: string;
  readonly instance: InstanceId;
  readonly stream: LogStream;
}

/** Where an instance writes; the descriptors are its parent's and closed after the spawn. */
export interface OpenLogs {
  readonly stdout: number;
  readonly stderr: number;
  close(): void;
}

export interface RotateOptions {
  readonly maxBytes?: number;
  /** Older files of each log. */
  readonly keep?: number;
}

/** What one rotation did. */
export interface Rotated {
  readonly path: string;
  readonly keptBytes: number;
  /**
   * Not in any file now: what did not fit, and what was written between copying and cutting, as
   * far as it could be seen.
   */
  readonly lostBytes: number;
}

const MODE = 0o600;
const DEFAULT_MAX_BYTES = 8 * 1_048_576;
const DEFAULT_KEEP = 3;
const CHUNK_BYTES = 65_536;
/** What a tail holds in memory at most; long lines take the place of older ones. */
const TAIL_BYTES_MAX = 4 * 1_048_576;
const FOLLOW_EVERY_MS = 100;
/** Read of one file before the next one has its turn. */
const FOLLOW_BYTES_MAX = 1_048_576;
const NEWLINE = 0x0a;
const LOG_NAME = /^(.+)\.(stdout|stderr)\.log$/;

export function logFileOf(logsFolder: string, file: Omit<LogFile, "path">): string {
  return join(logsFolder, `${file.instance}.${file.stream}.log`);
}

/**
 * Opens both files to append to. Append-only descriptors, so that the instance writes on when the
 * supervisor is gone, and at the right place after `rotateLogs` cut the file.
 */
export function openLogs(logsFolder: string, instance: InstanceId): OpenLogs {
  const stdout = openLog(logFileOf(logsFolder, { instance, stream: "stdout" }));
  try {
    const stderr = openLog(logFileOf(logsFolder, { instance, stream: "stderr" }));
    return {
      stdout,
      stderr,
      close: () => {
        closeSync(stdout);
        closeSync(stderr);
      },
    };
  } catch (error) {
    closeSync(stdout);
    throw error;
  }
}

function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, MODE);
  } catch (error) {
    throw outside(error, `could not open ${path}`);
  }
}

/** Every log there is, sorted by instance and stream. */
export async function listLogs(logsFolder: string): Promise<readonly LogFile[]> {
  const names = await readdir(logsFolder).catch((error: unknown) => {
    throw outside(error, `could not read ${logsFolder}`);
  });
  return names.toSorted().flatMap((name): LogFile[] => {
    const [, instance, stream] = LOG_NAME.exec(name) ?? [];
    if (instance === undefined || (stream !== "stdout" && stream !== "stderr")) return [];
    return [{ path: join(logsFolder, name), instance, stream }];
  });
}

/**
 * Copies each log over its limit to `….log.1` (older ones move up, the oldest goes), then cuts it:
 * its writer keeps its descriptor. On a full disk the copies go first, then the content: a log
 * never keeps a system from running.
 */
export async function rotateLogs(
  logsFolder: string,
  options: RotateOptions = {},
): Promise<readonly Rotated[]> {
  const { maxBytes = DEFAULT_MAX_BYTES, keep = DEFAULT_KEEP } = options;
  const rotated: Rotated[] = [];
  for (const { path } of await listLogs(logsFolder)) {
    const size = await sizeOf(path);
    if (size !== undefined && size > maxBytes) {
      rotated.push(await rotateOne(path, { maxBytes, keep }));
    }
  }
  return rotated;
}

async function rotateOne(path: string, options: Required<RotateOptions>): Promise<Rotated> {
  const fresh = `${path}.new`;
  try {
    await using log = await open(path, "r+");
    const copied = await copyTail(log, fresh, options.maxBytes).catch(() => undefined);
    if (copied === undefined) {
      // There is no room, or no right: what matters is that the log does not take more.
      await rm(fresh, { force: true });
      for (let age = 1; age <= options.keep; age += 1) await rm(`${path}.${age}`, { force: true });
    } else await moveUp(path, options.keep);
    const { size } = await log.stat();
    await log.truncate(0);
    const keptBytes = copied === undefined ? 0 : copied.end - copied.start;
    return { path, keptBytes, lostBytes: size - keptBytes };
  } catch (error) {
    throw outside(error, `could not rotate ${path}`);
  }
}

/** The last `maxBytes`, from a fixed end on: a writer may be faster than we are. */
async function copyTail(
  log: FileHandle,
  fresh: string,
  maxBytes: number,
): Promise<{ readonly start: number; readonly end: number }> {
  const { size } = await log.stat();
  const start = Math.max(0, size - maxBytes);
  await using copy = await open(fresh, "w", MODE);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let at = start;
  for (const end = start + maxBytes; at < end; ) {
    const { bytesRead } = await log.read(chunk, 0, Math.min(chunk.length, end - at), at);
    if (bytesRead === 0) break;
    await copy.writeFile(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
  return { start, end: at };
}

async function moveUp(path: string, keep: number): Promise<void> {
  await rm(`${path}.${keep}`, { force: true });
  for (let age = keep - 1; age >= 1; age -= 1) {
    if ((await sizeOf(`${path}.${age}`)) !== undefined) {
      await rename(`${path}.${age}`, `${path}.${age + 1}`);
    }
  }
  if (keep > 0) await rename(`${path}.new`, `${path}.1`);
  else await rm(`${path}.new`, { force: true });
}

/**
 * The last `lines` lines of a log, oldest first, out of its older files too where the newest has
 * fewer. Each line is cut at 64 KiB and says so. No such file: no lines.
 */
export async function readTail(path: string, lines: number): Promise<readonly string[]> {
  const found: string[] = [];
  let file = path;
  for (let age = 1; found.length < lines; age += 1) {
    const size = await sizeOf(file);
    if (size === undefined) break;
    found.unshift(...(await tailOf(file, { lines: lines - found.length, end: size })));
    file = `${path}.${age}`;
  }
  return found;
}

async function tailOf(
  path: string,
  options: { readonly lines: number; readonly end: number },
): Promise<readonly string[]> {
  try {
    await using file = await open(path, "r");
    const start = await startOfTail(file, options);
    const cutter = new LineCutter();
    const kept: string[] = [];
    let bytes = 0;
    const keep = (line: string): void => {
      kept.push(line);
      bytes += line.length;
      while (bytes > TAIL_BYTES_MAX) bytes -= kept.shift()?.length ?? bytes;
    };
    for await (const chunk of chunksOf(file, { start, end: options.end })) {
      for (const line of cutter.push(chunk)) keep(line);
    }
    const rest = cutter.rest();
    if (rest !== undefined) keep(rest);
    return kept;
  } catch (error) {
    throw outside(error, `could not read ${path}`);
  }
}

/** Where the last lines begin: counts newlines backwards, and holds none of what it reads. */
async function startOfTail(
  file: FileHandle,
  options: { readonly lines: number; readonly end: number },
): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let missing = options.lines;
  if (missing === 0) return options.end;
  // The newline that ends the last line begins no other.
  for (let end = options.end - 1; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (chunk[at] === NEWLINE && (missing -= 1) === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** Each chunk is valid until the next one is asked for. */
async function* chunksOf(
  file: FileHandle,
  range: { readonly start: number; readonly end: number },
): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = range.start; at < range.end; ) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, range.end - at), at);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/**
 * Removes the logs of instances that ended, but for the `keepEnded` last written ones: numbers of
 * instances are never used again, and each roll would leave its files for ever.
 */
export async function sweepLogs(
  logsFolder: string,
  options: { readonly live: ReadonlySet<InstanceId>; readonly keepEnded: number },
): Promise<readonly InstanceId[]> {
  const written = new Map<InstanceId, number>();
  const logs = await listLogs(logsFolder);
  for (const { instance, path } of logs.filter((log) => !options.live.has(log.instance))) {
    const at = (await statOf(path))?.mtimeMs ?? 0;
    written.set(instance, Math.max(at, written.get(instance) ?? 0));
  }
  const newest = [...written].toSorted(([, a], [, b]) => b - a).map(([instance]) => instance);
  const gone = new Set(newest.slice(options.keepEnded));
  for (const name of await readdir(logsFolder)) {
    const [, instance = ""] = /^(.+)\.(?:stdout|stderr)\.log(?:\.\d+|\.new)?$/.exec(name) ?? [];
    if (gone.has(instance)) await rm(join(logsFolder, name), { force: true });
  }
  return [...gone];
}

export interface FollowOptions {
  /** Asked in each round, so that instances that come later are followed too. */
  readonly files: () => Promise<readonly LogFile[]>;
  /** Last lines of each file that is there at the beginning. */
  readonly tail: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * The tail of several logs and then what is written to them, until `signal` aborts (which ends
 * the iteration without an error). Between the files of one instance no order is kept; bytes that
 * a rotation cuts before they are read (100 ms) are not seen.
 */
export async function* followLogs(options: FollowOptions): AsyncGenerator<LogLine> {
  const followed = new Map<string, Place>();
  let isFirst = true;
  while (!options.signal.aborted) {
    for (const file of await options.files()) {
      const size = (await sizeOf(file.path)) ?? 0;
      let place = followed.get(file.path);
      if (place === undefined) {
        place = { file, cutter: new LineCutter(), at: isFirst ? size : 0 };
        followed.set(file.path, place);
        const tail = { lines: options.tail, end: size };
        if (isFirst && size > 0) yield* lineOf(file, await tailOf(file.path, tail));
      }
      yield* lineOf(file, await readOn(place, size));
    }
    isFirst = false;
    await options.clock.sleep(FOLLOW_EVERY_MS, options.signal).catch(() => {});
  }
  for (const { file, cutter } of followed.values()) {
    const rest = cutter.rest();
    if (rest !== undefined) yield* lineOf(file, [rest]);
  }
}

interface Place {
  readonly file: LogFile;
  readonly cutter: LineCutter;
  /** Read up to here. */
  at: number;
}

function* lineOf(file: LogFile, texts: readonly string[]): Generator<LogLine> {
  for (const text of texts) yield { instance: file.instance, stream: file.stream, text };
}

/** What was written since, at most `FOLLOW_BYTES_MAX`; moves the place on. */
async function readOn(place: Place, size: number): Promise<readonly string[]> {
  const { path } = place.file;
  const lines: string[] = [];
  if (size < place.at) {
    // It was rotated: what is there now is all new.
    const rest = place.cutter.rest();
    if (rest !== undefined) lines.push(rest);
    place.at = 0;
  }
  if (size === place.at) return lines;
  try {
    await using file = await open(path, "r");
    const end = Math.min(size, place.at + FOLLOW_BYTES_MAX);
    for await (const chunk of chunksOf(file, { start: place.at, end })) {
      lines.push(...place.cutter.push(chunk));
      place.at += chunk.length;
    }
    return lines;
  } catch (error) {
    throw outside(error, `could not read ${path}`);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await statOf(path))?.size;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw outside(error, `could not look at ${path}`);
  }
}
