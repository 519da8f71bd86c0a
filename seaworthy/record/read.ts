import { z } from "zod";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { Event } from "./event.ts";
import type { Evidence } from "./evidence.ts";
import type { FaultHandle } from "./fault.ts";
import type { JournalEntry } from "./journal.ts";
import { RecordDamaged } from "./line.ts";
import type { Release } from "./release.ts";
import { eventSchema } from "./schema-event.ts";
import { evidenceSchema } from "./schema-evidence.ts";
import { journalEntrySchema } from "./schema-journal.ts";
import { releaseSchema } from "./schema-release.ts";
import { faultHandleSchema, stepSchema } from "./schema-step.ts";
import type { Step } from "./step.ts";
import type { RecordKind, RecordStore } from "./store.ts";

/** What a record of each kind holds. */
export interface RecordBodies {
  readonly journal: JournalEntry;
  readonly event: Event;
  readonly evidence: Evidence;
  readonly release: Release;
}

const schemas: { readonly [Kind in RecordKind]: z.ZodType<RecordBodies[Kind]> } = {
  journal: journalEntrySchema,
  event: eventSchema,
  evidence: evidenceSchema,
  release: releaseSchema,
};

/** One body of a record. Fields this version does not know are ignored (ADR 0004). */
export function parseRecord<Kind extends RecordKind>(
  kind: Kind,
  body: unknown,
): Result<RecordBodies[Kind], string> {
  return parseWith(schemas[kind], body);
}

/** A step as it came over a socket or out of a file. */
export function parseStep(body: unknown): Result<Step, string> {
  return parseWith(stepSchema, body);
}

/** A prepared fault as it came over a socket, a command line or out of a file. */
export function parseFaultHandle(body: unknown): Result<FaultHandle, string> {
  return parseWith(faultHandleSchema, body);
}

/** For `map` over what came as evidence: the value, or `RecordDamaged` with its place. */
export function parseEvidence(body: unknown, index = 0): Evidence {
  return valueOf("evidence", { body, index });
}

/** Everything of one kind, in the order written. A body that is not understood is damage. */
export async function readRecords<Kind extends RecordKind>(
  store: RecordStore,
  kind: Kind,
): Promise<readonly RecordBodies[Kind][]> {
  const bodies = await store.read(kind);
  return bodies.map((body, index) => valueOf(kind, { body, index }));
}

function valueOf<Kind extends RecordKind>(
  kind: Kind,
  found: { readonly body: unknown; readonly index: number },
): RecordBodies[Kind] {
  const parsed = parseRecord(kind, found.body);
  if (parsed.ok) return parsed.value;
  throw new RecordDamaged(found.index + 1, parsed.error, kind);
}

function parseWith<Value>(schema: z.ZodType<Value>, body: unknown): Result<Value, string> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return refuse(`${issue?.path.join(".") || "the body"}: ${issue?.message ?? "not understood"}`);
}
