import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** At 300 requests/s and a minute each, 3.5 MB a play: no more than some 350 MB in all. */
const PLAYS_KEPT_MAX = 100;
const PLAY = /^drill-[\w-]+$/;

/** A drill's folder for its raw samples, relative to the record and absolute; it is there now. */
export async function rawFolder(
  record: string,
  play: string,
): Promise<{ readonly raw: string; readonly scratch: string }> {
  const raw = join("raw", play);
  const scratch = join(record, raw);
  await sweep(join(record, "raw"));
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  return { raw, scratch };
}

/** The oldest go; the evidence that speaks of them stays, and a report says that they are gone. */
async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const plays = names.filter((name) => PLAY.test(name));
  if (plays.length < PLAYS_KEPT_MAX) return;
  const aged = await Promise.all(
    plays.map(async (name) => {
      // Gone meanwhile: the oldest there can be, and removing it again does no harm.
      const looked = await stat(join(folder, name)).catch(() => undefined);
      return { name, mtimeMs: looked?.mtimeMs ?? 0 };
    }),
  );
  const oldest = aged.toSorted((a, b) => a.mtimeMs - b.mtimeMs);
  for (const { name } of oldest.slice(0, plays.length - PLAYS_KEPT_MAX + 1)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
