import { size, unitName as volumeName } from "./kinds.ts";
import { ENTRIES_MAX, badPath } from "./read-value.ts";
import { isRecord, readEntries, readLeaf, readObject, type Site } from "./reader.ts";
import type { Service } from "./system.ts";

/** Below it, a file system's own books take most of it (mkfs.ext4: of 16 MiB, 14 are free). */
const SIZE_MIN = 16 * 1_048_576;
const VOLUME = '"data", or { name: "data", size: "1GiB" }';

interface Volume {
  readonly name: string;
  readonly bytes: number | undefined;
}

/** `volumes`: absolute path → volume name, and the sizes of those that have one. */
export function readVolumes(input: unknown, site: Site): Pick<Service, "volumes" | "volumeSizes"> {
  const volumes = readEntries(input, site, {
    expected: "volume names by absolute path",
    countMax: ENTRIES_MAX,
    key: badPath,
    read: readVolume,
  });
  const names = Object.entries(volumes).map(([path, { name }]) => [path, name] as const);
  const sizes = new Map<string, number>();
  for (const { name, bytes } of Object.values(volumes)) {
    const other = sizes.get(name);
    if (bytes === undefined) continue;
    if (other !== undefined && other !== bytes) {
      const message = `volume ${name} has two sizes: ${size().show(other)}, ${size().show(bytes)}`;
      site.log.fault(site, { rule: "bad-value", message, fix: "Write its size once." });
    }
    sizes.set(name, bytes);
  }
  const volumeSizes = Object.fromEntries(sizes);
  return { volumes: Object.fromEntries(names), ...(sizes.size === 0 ? {} : { volumeSizes }) };
}

function readVolume(input: unknown, site: Site): Volume {
  if (!isRecord(input) && !site.log.describing) {
    return { name: readLeaf(input, site, volumeName), bytes: undefined };
  }
  // In the canonical form its name stands where the object would.
  site.log.source(site, "given");
  return readObject(input, site, {
    expected: VOLUME,
    read: (fields) => ({
      name: fields.leaf({
        name: "name",
        kind: volumeName,
        means: "Which volume; all instances of the service share it.",
      }),
      bytes: fields.maybe({
        name: "size",
        kind: size({ min: SIZE_MIN }),
        means: "Makes it a file system of its own, so that it fills up alone (root and Linux).",
      }),
    }),
  });
}
