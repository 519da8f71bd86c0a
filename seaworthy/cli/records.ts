import type { Event } from "../record/event.ts";
import type { Evidence } from "../record/evidence.ts";
import { readRecords } from "../record/read.ts";
import type { RecordStore } from "../record/store.ts";

/** Every evidence that was kept, oldest first. */
export function readEvidence(store: RecordStore): Promise<readonly Evidence[]> {
  return readRecords(store, "evidence");
}

/** Every event that was kept, oldest first. */
export function readEvents(store: RecordStore): Promise<readonly Event[]> {
  return readRecords(store, "event");
}
