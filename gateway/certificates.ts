import type { Clock } from "@seaworthy/std/clock";
import { ok, type Result } from "@seaworthy/std/result";
import type { ListenerConfig, TlsConfig } from "./config.ts";
import type { CertificateStatus } from "./control.ts";
import type { Log } from "./holder-log.ts";
import type { ServedPairs } from "./orders.ts";
import { fingerprint, firstEnd, readPair, type TlsPair } from "./tls-pair.ts";

/** How often the files are looked at; a change that is a look old is taken: within two of them. */
const LOOK_MS = 1_000;

/** The two files of a listener, and what became of reading them. */
interface Entry {
  readonly files: TlsConfig;
  /** What is served; undefined: the files have never loaded. */
  pair: TlsPair | undefined;
  /** Fingerprint of the last look: only files that stand still are read. */
  seen: string;
  /** Fingerprint of what was refused, so that it is told once. */
  refused: string | undefined;
  problem: string | undefined;
}

/**
 * The certificates of all listeners, kept in the holder's memory: a worker that dies while the
 * files are half-written is followed by one with the last good pair.
 */
export class Certificates {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Reads the files of listeners that are new. A refusal is that of the first pair that does not
   * load; it is remembered, so that a restored gateway can serve without it until it does, or with
   * what a worker that is there already serves.
   */
  async load(
    listeners: readonly ListenerConfig[],
    served: ServedPairs = {},
  ): Promise<Result<undefined, string>> {
    let outcome: Result<undefined, string> = ok(undefined);
    for (const { name, tls } of listeners) {
      if (tls === undefined) continue;
      const known = this.#entries.get(keyOf(tls));
      if (known?.pair !== undefined) continue;
      const entry: Entry = { files: tls, pair: undefined, seen: "", refused: undefined, ...UNTOLD };
      this.#entries.set(keyOf(tls), entry);
      entry.seen = await fingerprint(tls);
      const read = await this.#read(entry);
      if (read.ok) continue;
      entry.pair = inherited(served[name]);
      if (outcome.ok) outcome = read;
    }
    return outcome;
  }

  /** Forgets the pairs, and the keys, of files that none of these listeners names. */
  keepOnly(listeners: readonly ListenerConfig[]): void {
    const wanted = new Set(listeners.flatMap(({ tls }) => (tls === undefined ? [] : [keyOf(tls)])));
    for (const key of this.#entries.keys()) if (!wanted.has(key)) this.#entries.delete(key);
  }

  /** What workers serve, by listener; a listener whose files never loaded is not among them. */
  pairsOf(listeners: readonly ListenerConfig[]): ServedPairs {
    const pairs: Record<string, ServedPairs[string]> = {};
    for (const { name, tls } of listeners) {
      const pair = tls === undefined ? undefined : this.#entries.get(keyOf(tls))?.pair;
      if (pair !== undefined) pairs[name] = { certificate: pair.certificate, key: pair.key };
    }
    return pairs;
  }

  statusOf({ tls }: ListenerConfig): CertificateStatus | undefined {
    if (tls === undefined) return undefined;
    const entry = this.#entries.get(keyOf(tls));
    const notAfterMs = entry?.pair?.notAfterMs;
    return {
      notAfter: notAfterMs === undefined ? undefined : new Date(notAfterMs).toISOString(),
      problem: entry?.problem,
    };
  }

  /** Calls `onChange` whenever another pair is to be served, until the signal ends it. */
  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_MS, signal).catch(() => {});
      if (!signal.aborted && (await this.#look())) onChange();
    }
  }

  /** True when a pair was taken. */
  async #look(): Promise<boolean> {
    let isChanged = false;
    for (const entry of this.#entries.values()) {
      const print = await fingerprint(entry.files);
      const isStill = print === entry.seen;
      entry.seen = print;
      if (print === entry.pair?.print) {
        entry.problem = undefined;
        entry.refused = undefined;
      } else if (isStill && print !== entry.refused) {
        isChanged = (await this.#read(entry)).ok || isChanged;
      }
    }
    return isChanged;
  }

  async #read(entry: Entry): Promise<Result<undefined, string>> {
    const { certificateFile: file } = entry.files;
    const read = await readPair(entry.files);
    if (!read.ok) {
      entry.refused = entry.seen;
      entry.problem = read.error;
      this.#log("certificate-refused", { file, error: read.error });
      return read;
    }
    entry.pair = read.value;
    entry.refused = undefined;
    entry.problem = undefined;
    this.#log("certificate-loaded", {
      file,
      notAfter: new Date(read.value.notAfterMs).toISOString(),
    });
    return ok(undefined);
  }
}

const UNTOLD = { problem: undefined };

/** From another process's memory; the files are none of it any more. */
function inherited(pair: ServedPairs[string] | undefined): TlsPair | undefined {
  if (pair === undefined) return undefined;
  const notAfterMs = firstEnd(pair.certificate);
  return notAfterMs === undefined ? undefined : { ...pair, notAfterMs, print: "" };
}

function keyOf({ certificateFile, keyFile }: TlsConfig): string {
  return `${certificateFile}\0${keyFile}`;
}
