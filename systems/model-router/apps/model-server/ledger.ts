import { mkdirSync, openSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * The writes that took effect, one id a line, in a file that all instances of the service append
 * to. Each record is one `write` of far less than 4 KiB on a descriptor opened with O_APPEND, so
 * records of several processes never mix. It begins with a line feed too: the fragment that a full
 * disk leaves behind spoils no other record. An empty line means nothing.
 *
 * In the page cache when `append` returns: survives `kill -9` of every instance, not a power cut.
 */
export interface Ledger {
  /** Throws when the record is not there in full. */
  append(id: string): void;
  /** How often each id was applied, oldest first; rejects above `LEDGER_IDS_MAX` different ids. */
  applied(prefix: string): Promise<ReadonlyMap<string, number>>;
}

/** Printable ASCII without space: what a `seaworthy-write` header may hold. */
export const WRITE_ID = /^[\x21-\x7e]{1,200}$/;

/** Some 100 MB of memory while they are counted. */
const LEDGER_IDS_MAX = 1_000_000;

/** Makes the folder where it is missing; throws when the file cannot be opened for appending. */
export function openLedger(file: string): Ledger {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, "a");
  return {
    append: (id) => {
      const record = Buffer.from(`\n${id}\n`);
      const written = writeSync(descriptor, record);
      if (written !== record.length)
        throw new Error(`ledger: ${written} of ${record.length} bytes`);
    },
    applied: (prefix) => countIds(file, prefix),
  };
}

async function countIds(file: string, prefix: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  await using handle = await open(file);
  for await (const line of handle.readLines({ encoding: "latin1" })) {
    if (line === "" || !line.startsWith(prefix)) continue;
    counts.set(line, (counts.get(line) ?? 0) + 1);
    if (counts.size > LEDGER_IDS_MAX) throw new Error(`ledger: more than ${LEDGER_IDS_MAX} ids`);
  }
  return counts;
}
