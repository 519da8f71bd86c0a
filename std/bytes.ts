import { refuse, ok, type Result } from "./result.ts";

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  TB: 1_000_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  TiB: 1_099_511_627_776,
};
const SHAPE = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** `"512MiB"`, `"1.5GB"` → bytes. */
export function parseBytes(text: string): Result<number, string> {
  const match = SHAPE.exec(text);
  const amount = match?.[1];
  const unit = match?.[2];
  if (amount === undefined || unit === undefined) {
    return refuse(`${JSON.stringify(text)} is no size: a number and B, KB, MiB, GB … ("512MiB")`);
  }
  const bytes = Number(amount) * (BYTES_PER_UNIT[unit] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    return refuse(`${JSON.stringify(text)} is no whole number of bytes`);
  }
  return ok(bytes);
}

/** Bytes → the shortest exact text that `parseBytes` reads back. */
export function formatBytes(bytes: number): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    const size = BYTES_PER_UNIT[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
