import { createHash } from "node:crypto";
import { z } from "zod";
import { assert } from "@seaworthy/std/assert";
import { ok, refuse, type Result } from "@seaworthy/std/result";

/** Version of every record's body. A reader refuses a newer one (ADR 0004). */
const RECORD_VERSION = 1;

/** Longest line that is written: evidence with many runs is some 100 KiB; more is a slip. */
const LINE_BYTES_MAX = 4 * 1_048_576;

/** 64 bits: enough to see damage, which is not the same as to withstand forgery. */
const SUM_HEX_DIGITS = 16;
const SUM_AT_END = /,"sum":"([0-9a-f]{16})"\}$/;

/**
 * One line of NDJSON, newline included: `{"v":1,"kind":…,"body":…,"sum":…}`.
 * The sum covers the bytes before `,"sum"` exactly as they are written, so that no reader has to
 * reproduce a canonical form. Numbers JSON cannot carry (NaN, infinite) are a broken invariant.
 */
export function encodeLine(kind: string, body: unknown): string {
  const text = JSON.stringify(body, refuseUnwritable);
  assert(text !== undefined, `a record of kind ${kind} needs a body`);
  const head = `{"v":${RECORD_VERSION},"kind":${JSON.stringify(kind)},"body":${text}`;
  const line = `${head},"sum":"${sumOf(head)}"}\n`;
  assert(Buffer.byteLength(line) <= LINE_BYTES_MAX, `a ${kind} record is over ${LINE_BYTES_MAX} B`);
  return line;
}

export interface DecodedLines {
  /** Bodies in the order written. */
  readonly records: readonly unknown[];
  /** The last line when a write was cut short: never acknowledged, so nothing is lost by it. */
  readonly torn: TornLine | undefined;
}

export interface TornLine {
  /** 1-based. */
  readonly line: number;
  readonly bytes: number;
}

/**
 * Reads lines of one kind. What follows the last newline was cut while it was written and is
 * reported as torn; a line that ended and is not whole throws `RecordDamaged`, one of a newer
 * version `RecordTooNew`.
 */
export function decodeLines(text: string, kind: string): DecodedLines {
  const { lines, torn } = scanLines(text, kind);
  const records = lines.map((line) => {
    if (line.read.ok) return line.read.value;
    throw lineError(line.number, line.read.error, kind);
  });
  return { records, torn };
}

export interface ScannedLine {
  /** 1-based. */
  readonly number: number;
  readonly text: string;
  readonly read: Result<unknown, LineFault>;
}

export type LineFault =
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "too-new"; readonly version: number };

/** Each whole line with what became of it: what `doctor --repair` works from. */
export function scanLines(
  text: string,
  kind: string,
): { readonly lines: readonly ScannedLine[]; readonly torn: TornLine | undefined } {
  const parts = text.split("\n");
  const rest = parts.pop() ?? "";
  const lines = parts.map((part, index) => ({
    number: index + 1,
    text: part,
    read: readLine(part, kind),
  }));
  const torn = rest === "" ? undefined : { line: parts.length + 1, bytes: Buffer.byteLength(rest) };
  return { lines, torn };
}

/** A line that ended is not what was written. Turned into text only in `cli`. */
export class RecordDamaged extends Error {
  override readonly name = "RecordDamaged";
  /** 1-based. */
  readonly line: number;
  readonly reason: string;
  readonly fix = "seaworthy doctor --repair";
  constructor(line: number, reason: string, where: string) {
    super(`the record (${where}) is damaged in line ${line}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}

/** Written by a newer Seaworthy: guessing at its meaning would be worse than stopping. */
export class RecordTooNew extends Error {
  override readonly name = "RecordTooNew";
  readonly line: number;
  readonly version: number;
  readonly fix = "use the Seaworthy that wrote it, or a newer one";
  constructor(line: number, version: number, where: string) {
    super(
      `the record (${where}) holds version ${version} in line ${line}; ` +
        `this Seaworthy reads up to version ${RECORD_VERSION}`,
    );
    this.line = line;
    this.version = version;
  }
}

/** The error that stands for a line's fault; `where` names the file or the kind. */
export function lineError(line: number, fault: LineFault, where: string): Error {
  return fault.kind === "too-new"
    ? new RecordTooNew(line, fault.version, where)
    : new RecordDamaged(line, fault.reason, where);
}

const envelopeSchema = z.object({
  v: z.int().min(1),
  // Whatever a newer version looks like, `v` is enough to refuse it.
  kind: z.string().optional(),
  body: z.unknown().optional(),
});

function readLine(line: string, kind: string): Result<unknown, LineFault> {
  const sum = SUM_AT_END.exec(line);
  const envelope = envelopeSchema.safeParse(parseJson(line)).data;
  if (sum === null) {
    // A future envelope may look different; calling it damage would invite its repair.
    return envelope !== undefined && envelope.v > RECORD_VERSION
      ? refuse({ kind: "too-new", version: envelope.v })
      : broken("it is no record line");
  }
  if (sumOf(line.slice(0, sum.index)) !== sum[1]) return broken("its checksum does not match");
  if (envelope === undefined) return broken("it is no record line");
  if (envelope.v > RECORD_VERSION) return refuse({ kind: "too-new", version: envelope.v });
  if (envelope.kind !== kind) return broken(`it is a record of kind ${envelope.kind}`);
  return ok(envelope.body);
}

function broken(reason: string): Result<never, LineFault> {
  return refuse({ kind: "broken", reason });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sumOf(head: string): string {
  return createHash("sha256").update(head).digest("hex").slice(0, SUM_HEX_DIGITS);
}

/** `JSON.stringify` would write null, and the reader would refuse our own record. */
function refuseUnwritable(key: string, value: unknown): unknown {
  if (typeof value === "number") assert(Number.isFinite(value), `${key} is ${value} in a record`);
  return value;
}
