/**
 * Where a target keeps what must survive: the operation journal, events, evidence, and the
 * committed releases. On local, checksummed NDJSON files; on docker, objects in the engine.
 */
export interface RecordStore {
  /** Durable when it resolves (synced); one writer, the lease's holder. */
  append(kind: RecordKind, body: unknown): Promise<void>;
  /** In the order written. A torn last line is dropped; other damage throws `RecordDamaged`. */
  read(kind: RecordKind): Promise<readonly unknown[]>;
}

export type RecordKind = "journal" | "event" | "evidence" | "release";
