import type { Event } from "../record/event.ts";
import type { Evidence } from "../record/evidence.ts";
import { parseEvent, parseEvidence } from "../record/schema.ts";
import type { RecordStore } from "../record/store.ts";

/** Every evidence that was kept, oldest first. */
export async function readEvidence(store: RecordStore): Promise<readonly Evidence[]> {
  return (await store.read("evidence")).map(parseEvidence);
}

/** Every event that was kept, oldest first. */
export async function readEvents(store: RecordStore): Promise<readonly Event[]> {
  return (await store.read("event")).map(parseEvent);
}
