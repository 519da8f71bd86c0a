import { link, rm, stat } from "node:fs/promises";
import { TargetError } from "../target.ts";
import { markedBy } from "./identity.ts";
import { outside } from "./outside.ts";
import type { StateFolder } from "./state-folder.ts";
import { stateFile } from "./supervisor/paths.ts";
import { readState } from "./supervisor/state.ts";

/** A state file that cannot be read, and what still runs although nobody knows it any more. */
export interface LostState {
  readonly because: string;
  /** `web-1 (pid 4711)`; our own supervisor and watchdog are not among them. */
  readonly living: readonly string[];
}

/** Undefined when the state can be read. One of a newer version is not lost: that is thrown. */
export async function findLostState(folder: StateFolder): Promise<LostState | undefined> {
  try {
    await readState(stateFile(folder));
    return undefined;
  } catch (error) {
    if (!(error instanceof TargetError) || error.code !== "damaged") throw error;
    const leaders = markedBy(folder.id).filter(
      ({ process, mark }) =>
        process.group === process.identity.pid && !mark.instance.startsWith("_"),
    );
    const living = leaders.map(
      ({ process, mark }) => `${mark.instance} (pid ${process.identity.pid})`,
    );
    return { because: [error.message, ...error.detail].join(": "), living };
  }
}

/**
 * Puts the unreadable file aside, never over another one, and gives its new name. The next
 * supervisor begins with nothing, and ends what runs and is not known.
 */
export async function putStateAside(folder: StateFolder): Promise<string> {
  const path = stateFile(folder);
  try {
    for (let number = 1; ; number += 1) {
      const movedTo = `${path}.damaged-${number}`;
      if (await isThere(movedTo)) continue;
      await link(path, movedTo);
      await rm(path);
      return movedTo;
    }
  } catch (error) {
    throw outside(error, `could not put ${path} aside`);
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
