import type { RecordStore } from "../../record/store.ts";
import { openRecordFiles } from "./record-files.ts";

/** A record whose folder is made by the first entry; before that there is nothing to read. */
export function lazyRecordFiles(folder: {
  /** Undefined while there is none. */
  readonly existing: () => Promise<string | undefined>;
  readonly made: () => Promise<string>;
}): RecordStore {
  // The promise, not its value: entries that arrive together must share one writer.
  let opened: Promise<RecordStore> | undefined;
  return {
    append: async (kind, body) => {
      opened ??= folder.made().then(openRecordFiles);
      await (await opened).append(kind, body);
    },
    read: async (kind) => {
      if (opened !== undefined) return await (await opened).read(kind);
      const path = await folder.existing();
      return path === undefined ? [] : await openRecordFiles(path).read(kind);
    },
  };
}
