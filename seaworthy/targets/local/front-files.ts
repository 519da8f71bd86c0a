import { mkdir, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { EdgeParts, FrontPlace } from "../../renderers/edge-parts.ts";
import { readTextIfThere, writeDurably } from "./durable-file.ts";

/** Makes the folder of a provider, with the names by which it finds certificate and key. */
export async function layOutFront({ folder }: FrontPlace, { tls }: EdgeParts): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, target] of [
    ["edge.pem", tls?.certificate],
    ["edge.pem.key", tls?.key],
  ] as const) {
    await rm(join(folder, name), { force: true });
    // The key itself is copied nowhere.
    if (target !== undefined) await symlink(target, join(folder, name));
  }
}

/** Changes when the certificate or the key does; files that are not there are none. */
export async function pairStamp(tls: EdgeParts["tls"]): Promise<string> {
  if (tls === undefined) return "";
  const stamps = [tls.certificate, tls.key].map(async (file) => {
    const seen = await stat(file).catch(() => undefined);
    return seen === undefined ? "none" : `${seen.mtimeMs}/${seen.size}/${seen.ino}`;
  });
  return (await Promise.all(stamps)).join(" ");
}

/**
 * A configuration is what a start would read: written before it is in force, so that nothing is
 * ever forgotten, and the former one again where it does not come into force.
 */
export async function withConfiguration(
  file: string,
  text: string,
  work: () => Promise<void>,
): Promise<void> {
  const former = await readTextIfThere(file);
  await writeDurably(file, text);
  try {
    await work();
  } catch (error) {
    if (former !== undefined) await writeDurably(file, former);
    throw error;
  }
}
