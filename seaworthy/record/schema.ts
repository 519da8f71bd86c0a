import type { Event } from "./event.ts";
import type { Evidence } from "./evidence.ts";
import { RecordDamaged } from "./line.ts";
import { parseRecord, type RecordBodies } from "./read.ts";
import type { RecordKind } from "./store.ts";

/** For `map` over bodies: gives the value, or throws `RecordDamaged` with its place (1-based). */
export function parseEvent(body: unknown, index = 0): Event {
  return valueOf("event", body, index);
}

/** As `parseEvent`. */
export function parseEvidence(body: unknown, index = 0): Evidence {
  return valueOf("evidence", body, index);
}

function valueOf<Kind extends RecordKind>(
  kind: Kind,
  body: unknown,
  index: number,
): RecordBodies[Kind] {
  const parsed = parseRecord(kind, body);
  if (parsed.ok) return parsed.value;
  throw new RecordDamaged(index + 1, parsed.error, kind);
}
