import { open, stat } from "node:fs/promises";
import { z } from "zod";
import type { InstanceId } from "../../record/step.ts";
import { classOfBackend } from "../../renderers/haproxy/backends.ts";
import type { RequestClass } from "../../system/system.ts";

/** What one line of an access log says of one try at one instance. */
export interface LoggedTry {
  /** Undefined: nobody was reached. */
  readonly instance: InstanceId | undefined;
  readonly requestClass: RequestClass;
  readonly isFailed: boolean;
  /** Sent to last byte; undefined where there was no whole answer. */
  readonly ms: number | undefined;
  /** Wall clock, ms: when it was sent; undefined where the log does not say. */
  readonly sentWallMs: number | undefined;
}

/** Lines of one program's access log → tries; a line that is none of its says nothing. */
export type ReadLine = (line: string) => readonly LoggedTry[];

const text = z.string();
const haproxyLine = z.object({
  head: z.number(),
  body: z.number(),
  backend: text,
  instance: text,
});

/** The one try that was answered last: HAProxy's log says nothing of those before it. */
export const readHaproxyLine: ReadLine = (line) => {
  const read = haproxyLine.safeParse(parse(line));
  if (!read.success || read.data.instance.startsWith("<")) return [];
  const { head, body, backend, instance } = read.data;
  // -1: it was aborted before that.
  const ms = head < 0 || body < 0 ? undefined : head + body;
  const requestClass = classOf(classOfBackend(backend));
  return [{ instance, requestClass, isFailed: false, ms, sentWallMs: undefined }];
};

const nginxLine = z.object({
  endWall: z.number(),
  location: text,
  tried: text,
  statuses: text,
  times: text,
});
/** From here on an answer is the service's fault (RFC 9110 §15.6). */
const SERVER_ERROR = 500;

/** Every try, in order: nginx says with which address, which status, and how long. */
export function readNginxLine(instanceAt: (port: number) => InstanceId | undefined): ReadLine {
  return (line) => {
    const read = nginxLine.safeParse(parse(line));
    if (!read.success || read.data.tried === "") return [];
    const { endWall, location, tried, statuses, times } = read.data;
    const [addresses, codes, seconds] = [tried, statuses, times].map(split);
    const lasted = (seconds ?? []).map((one) => (one === "-" ? 0 : Number(one) * 1_000));
    return (addresses ?? []).map((address, index) => {
      const code = Number(codes?.[index]);
      // 502 and 504 are nginx's own words for an instance that gave no whole answer.
      const isWhole = codes?.[index] !== "-" && code !== 502 && code !== 504;
      const after = lasted.slice(index).reduce((sum, ms) => sum + ms, 0);
      return {
        instance: instanceAt(Number(address.slice(address.lastIndexOf(":") + 1))),
        requestClass: classOf(classOfBackend(location).replace(/-.*$/, "")),
        isFailed: !isWhole || code >= SERVER_ERROR,
        ms: isWhole ? lasted[index] : undefined,
        sentWallMs: endWall * 1_000 - after,
      };
    });
  };
}

/** `a, b`; where one upstream handed on to another, `a : b` (ngx_http_upstream_module). */
function split(list: string | undefined): readonly string[] {
  return (list ?? "").split(/\s*[,]\s*|\s+:\s+/);
}

function classOf(name: string): RequestClass {
  return name === "safe" || name === "idempotent" || name === "stream" ? name : "unsafe";
}

function parse(line: string): unknown {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    // Cut in the middle by a full disk or a rotation.
    return undefined;
  }
}

/** A round reads at most this much: what is older explains nothing of the last seconds. */
const READ_BYTES_MAX = 32 * 1_048_576;

/**
 * Reads a log from its end as it was at first, line by line, over rotations (`log-files.ts`: copied
 * to `.1`, then cut). Where lines were lost between two looks, it says so.
 */
export class LogTail {
  readonly #path: string;
  #at: number | undefined;
  #rest = "";
  #last = "";
  #losses = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** How often lines may have been lost. */
  get losses(): number {
    return this.#losses;
  }

  /** Whole lines that were written since the last call; none at the first. */
  async read(): Promise<readonly string[]> {
    const size = (await stat(this.#path).catch(() => undefined))?.size ?? 0;
    if (this.#at === undefined) {
      this.#at = size;
      return [];
    }
    const isCut = size < this.#at || !(await this.#isWhereWeWere());
    const before = isCut ? await this.#rotated() : [];
    if (isCut) {
      this.#at = 0;
      this.#rest = "";
    }
    const lines = [...before, ...(await this.#readTo(size))];
    this.#last = lines.at(-1) ?? this.#last;
    return lines;
  }

  /** A log that was cut may have grown beyond our place since. */
  async #isWhereWeWere(): Promise<boolean> {
    if (this.#last === "") return true;
    const own = `${this.#last}\n${this.#rest}`;
    const at = this.#at ?? 0;
    return (await readRange(this.#path, Math.max(0, at - own.length), at)) === own;
  }

  async #readTo(size: number): Promise<readonly string[]> {
    const from = Math.max(this.#at ?? 0, size - READ_BYTES_MAX);
    if (from > (this.#at ?? 0)) this.#losses += 1;
    const chunk = await readRange(this.#path, from, size);
    this.#at = from + chunk.length;
    const [rest = "", ...reversed] = `${this.#rest}${chunk}`.split("\n").toReversed();
    this.#rest = rest;
    return reversed.toReversed();
  }

  /** What was written after our last line before the log was cut. */
  async #rotated(): Promise<readonly string[]> {
    const kept = await readRange(`${this.#path}.1`, 0, READ_BYTES_MAX).catch(() => "");
    const lines = kept.split("\n");
    const at = this.#last === "" ? -1 : lines.lastIndexOf(this.#last);
    if (at === -1) this.#losses += 1;
    return at === -1 ? [] : lines.slice(at + 1).filter((line) => line !== "");
  }
}

/** As single bytes: what is between lines may be cut anywhere. */
async function readRange(path: string, from: number, to: number): Promise<string> {
  if (to <= from) return "";
  await using file = await open(path, "r");
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.toString("latin1", 0, bytesRead);
}
