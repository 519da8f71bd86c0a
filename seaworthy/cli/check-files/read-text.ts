import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { ok, refuse, type Result } from "@seaworthy/std/result";

/** No configuration is larger; generated data is. */
const FILE_BYTES_MAX = 2_000_000;
/** Bytes in which a zero tells that this is no text. */
const PROBE_BYTES = 8_192;

/** A regular file's text, or why there is none: `binary`, too large, or the system's own code. */
export function readText(path: string): Result<string, string> {
  let descriptor: number | undefined;
  try {
    // Neither through a link that took the file's place nor waiting for a pipe's other end.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(path, flags);
    const found = fstatSync(descriptor);
    if (!found.isFile()) return refuse("is no regular file");
    const probe = Buffer.alloc(Math.min(PROBE_BYTES, found.size));
    const probed = readSync(descriptor, probe, 0, probe.length, 0);
    if (probe.subarray(0, probed).includes(0)) return refuse("binary");
    if (found.size > FILE_BYTES_MAX) return refuse(`is larger than ${megabytes} MB`);
    const content = Buffer.alloc(found.size);
    const length = readSync(descriptor, content, 0, content.length, 0);
    const text = content.toString("utf8", 0, length);
    if (text.includes("\0")) return refuse("binary");
    return ok(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return refuse(`cannot be read: ${code}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

const megabytes = String(FILE_BYTES_MAX / 1_000_000);
