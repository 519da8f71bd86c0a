import { constants } from "node:fs";
import { link, open, readFile, rename, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "@seaworthy/std/assert";
import { decodeLines, encodeLine, RecordDamaged, scanLines, lineError } from "../../record/line.ts";
import { parseRecord } from "../../record/read.ts";
import type { RecordKind, RecordStore } from "../../record/store.ts";
import { TargetError } from "../target.ts";
import { writeDurably } from "./durable-file.ts";
import { outside } from "./outside.ts";

const KINDS: readonly RecordKind[] = ["journal", "event", "evidence", "release"];

/** More is read into memory nowhere: some hundred thousand entries; then doctor must help. */
const RECORD_BYTES_MAX = 256 * 1_048_576;
/** Events are for people: of the older ones one file of this size is kept, the rest goes. */
const EVENTS_BYTES_MAX = 16 * 1_048_576;
/** Entries waiting for the disk; a caller that runs further ahead does not await its appends. */
const WAITING_MAX = 10_000;
const NEWLINE = 0x0a;
const MODE = 0o600;

/**
 * The record as NDJSON files in one folder, one a kind. One writer at a time, the lease's holder;
 * reading needs no lease. Fails with `TargetError`, `RecordDamaged` or `RecordTooNew`.
 */
export function openRecordFiles(recordFolder: string): RecordStore {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    append: async (kind, body) => {
      assert(waiting < WAITING_MAX, "appends to the record are awaited");
      const line = lineOf(kind, body);
      waiting += 1;
      const mine = last.then(() => append(recordFolder, kind, line));
      last = mine.catch(() => {});
      await mine.finally(() => {
        waiting -= 1;
      });
    },
    read: async (kind) => {
      const older = kind === "event" ? await readOne(olderEvents(recordFolder), kind) : [];
      return [...older, ...(await readOne(fileOf(recordFolder, kind), kind))];
    },
  };
}

function fileOf(folder: string, kind: RecordKind): string {
  return join(folder, `${kind}.ndjson`);
}

function olderEvents(folder: string): string {
  return join(folder, "event.1.ndjson");
}

/** Checked here, because a record that cannot be read back is found out too late. */
function lineOf(kind: RecordKind, body: unknown): string {
  // As a reader will see it: JSON drops what is undefined.
  const line = encodeLine(kind, body);
  const parsed = parseRecord(kind, decodeLines(line, kind).records[0]);
  assert(parsed.ok, `a ${kind} record that is none: ${parsed.ok ? "" : parsed.error}`);
  return line;
}

async function append(folder: string, kind: RecordKind, line: string): Promise<void> {
  const path = fileOf(folder, kind);
  try {
    if (kind === "event") await rotateEvents(folder);
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, MODE);
    try {
      const end = await cutTornTail(file);
      if (end === 0) await syncFolder(folder);
      await appendOrUndo(file, line, end);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw outside(error, `could not write to ${path}`);
  }
}

/** One write and one sync. When either fails, the file is again what it was. */
async function appendOrUndo(file: FileHandle, line: string, end: number): Promise<void> {
  const bytes = Buffer.from(line);
  try {
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten < bytes.length) {
      throw new TargetError("no-space", "the disk is full: an entry could not be written whole", {
        fix: "free space there and run the command again: nothing that was recorded is lost",
      });
    }
    await file.datasync();
  } catch (error) {
    await file.truncate(end);
    throw error;
  }
}

/** Cuts off what a write that died left behind; gives where the next line starts. */
async function cutTornTail(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  if (last[0] === NEWLINE) return size;
  const end = await lastLineEnd(file, size);
  await file.truncate(end);
  return end;
}

async function lastLineEnd(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(65_536);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const found = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}

async function rotateEvents(folder: string): Promise<void> {
  const path = fileOf(folder, "event");
  const size = await sizeOf(path);
  if (size !== undefined && size > EVENTS_BYTES_MAX) await rename(path, olderEvents(folder));
}

async function readOne(path: string, kind: RecordKind): Promise<readonly unknown[]> {
  const text = await readWhole(path);
  if (text === undefined) return [];
  return scanLines(text, kind).lines.map((line) => {
    if (line.read.ok) return line.read.value;
    throw lineError(line.number, line.read.error, path);
  });
}

/** Undefined when there is no such file. */
async function readWhole(path: string): Promise<string | undefined> {
  try {
    const size = await sizeOf(path);
    if (size === undefined) return undefined;
    if (size > RECORD_BYTES_MAX) {
      throw new TargetError("failed", `${path} is larger than ${RECORD_BYTES_MAX} bytes`, {
        fix: "stop the system, move the file elsewhere, and start it again",
      });
    }
    return await readFile(path, "utf8");
  } catch (error) {
    throw outside(error, `could not read ${path}`);
  }
}

/** What was done about one damaged file. */
export interface Repair {
  readonly kind: RecordKind;
  /** The damaged file as it was; never deleted by us. */
  readonly movedTo: string;
  readonly kept: number;
  readonly dropped: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Keeps every line that holds and puts the damaged file aside under another name. Files without
 * damage are not touched; one of a newer version is refused (`RecordTooNew`). Needs the lease.
 */
export async function repairRecords(folder: string): Promise<readonly Repair[]> {
  const repairs: Repair[] = [];
  for (const kind of KINDS) {
    const paths = [fileOf(folder, kind), ...(kind === "event" ? [olderEvents(folder)] : [])];
    for (const path of paths) {
      const repair = await repairOne(path, kind);
      if (repair !== undefined) repairs.push(repair);
    }
  }
  return repairs;
}

async function repairOne(path: string, kind: RecordKind): Promise<Repair | undefined> {
  const text = await readWhole(path);
  if (text === undefined) return undefined;
  const kept: string[] = [];
  const dropped: { line: number; reason: string }[] = [];
  for (const line of scanLines(text, kind).lines) {
    const reason = faultOf(line, kind, path);
    if (reason === undefined) kept.push(`${line.text}\n`);
    else dropped.push({ line: line.number, reason });
  }
  if (dropped.length === 0) return undefined;
  try {
    const movedTo = await replaceAside(path, kept.join(""));
    return { kind, movedTo, kept: kept.length, dropped };
  } catch (error) {
    throw outside(error, `could not repair ${path}`);
  }
}

function faultOf(
  line: ReturnType<typeof scanLines>["lines"][number],
  kind: RecordKind,
  path: string,
): string | undefined {
  if (!line.read.ok) {
    const error = lineError(line.number, line.read.error, path);
    if (error instanceof RecordDamaged) return error.reason;
    throw error;
  }
  const parsed = parseRecord(kind, line.read.value);
  return parsed.ok ? undefined : parsed.error;
}

/** At every moment there is either the old file or the new one under its name. */
async function replaceAside(path: string, text: string): Promise<string> {
  const movedTo = await freeName(path);
  await link(path, movedTo);
  await writeDurably(path, text);
  return movedTo;
}

async function freeName(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = `${path}.damaged-${number}`;
    if ((await sizeOf(name)) === undefined) return name;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
