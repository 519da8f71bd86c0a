import { request as httpRequest } from "undici";
import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { audit, parseLedger, type Audit, type Ledger } from "../load/history.ts";
import type { Sample } from "../load/load.ts";
import { unitSeen } from "./whole.ts";
import type { RunSetting } from "./stage.ts";

/** A line of the history is about 60 bytes: this is a million writes. */
const LEDGER_BYTES_MAX = 64 * 1024 * 1024;
const READ_MS = 15_000;
/** A resumed process works off what stood in its sockets: two reads alike say that it has. */
const AGAIN_MS = 500;
const READS_MAX = 12;
/** While the load runs: what takes longer to read would be load itself. */
const LIVE_BYTES_MAX = 8 * 1024 * 1024;
/** A read may take so small a share of the time: reading is not to be what is measured. */
const LIVE_SHARE = 0.1;
/** One read that lacks a write may have been answered before it; two say that it is not there. */
const LACKS = 2;
/** A history that is behind by less than this has lost nothing. */
const BEHIND_MS_MAX = 3_000;

/** The client's writes against what took effect; undefined when no history is declared. */
export async function auditWrites(
  setting: RunSetting,
  run: { readonly name: string; readonly samples: readonly Sample[] },
): Promise<Result<Audit, string> | undefined> {
  const { history } = setting.load;
  if (history === undefined) return undefined;
  const url = unitSeen(setting.before, history.service)?.url;
  if (url === undefined)
    return refuse(`${history.service} has no inner address to read its history`);
  const ledger = await settledLedger(setting, `${url}${history.path}`);
  if (!ledger.ok) return ledger;
  return ok(audit({ run: run.name, samples: run.samples, ledger: ledger.value }));
}

/**
 * Whether what was acknowledged is there, looked at while the run goes on. What cannot be read, or
 * is too much to be read each second, is left to the audit at the end.
 */
export class AcknowledgedWrites {
  readonly #setting: RunSetting;
  readonly #url: string | undefined;
  /** Acknowledged and not seen yet: since when we know, and how many reads lacked it. */
  readonly #pending = new Map<string, { readonly sinceMs: number; readonly lacks: number }>();
  #notBeforeMs = 0;

  constructor(setting: RunSetting) {
    const { history } = setting.load;
    const unit = history === undefined ? undefined : unitSeen(setting.before, history.service);
    this.#setting = setting;
    this.#url = unit?.url === undefined ? undefined : `${unit.url}${history?.path}`;
  }

  /** Ids that reads lacked, again and long after the acknowledgement. */
  async lost(samples: readonly Sample[], signal: AbortSignal): Promise<readonly string[]> {
    const { clock } = this.#setting.request;
    if (this.#url === undefined) return [];
    for (const { write, outcome } of samples) {
      if (write === undefined || outcome !== "ok") continue;
      this.#pending.set(write, { sinceMs: clock.now(), lacks: 0 });
    }
    const fromMs = clock.now();
    if (fromMs < this.#notBeforeMs) return [];
    const ledger = await readText(this.#url, { signal, bytesMax: LIVE_BYTES_MAX })
      .then(parseLedger)
      .catch((error: unknown) => refuse(String(error)));
    this.#notBeforeMs = clock.now() + (clock.now() - fromMs) / LIVE_SHARE;
    return ledger.ok ? this.#lacking(ledger.value, fromMs) : [];
  }

  #lacking(ledger: Ledger, readMs: number): readonly string[] {
    const lost: string[] = [];
    for (const [id, { sinceMs, lacks }] of this.#pending) {
      const isOld = readMs - sinceMs >= BEHIND_MS_MAX;
      if (ledger.has(id)) this.#pending.delete(id);
      else if (isOld && lacks + 1 >= LACKS) lost.push(id);
      else this.#pending.set(id, { sinceMs, lacks: lacks + 1 });
    }
    return lost;
  }
}

/** Read until it does not change any more. */
async function settledLedger(setting: RunSetting, url: string): Promise<Result<Ledger, string>> {
  const { clock } = setting.request;
  let before: string | undefined;
  let problem = `${url} still changed after ${READS_MAX} reads`;
  for (let read = 0; read < READS_MAX; read += 1) {
    try {
      const signal = deadline(READ_MS, "the history of writes");
      const text = await readText(url, { signal, bytesMax: LEDGER_BYTES_MAX });
      if (text === before) return parseLedger(text);
      before = text;
    } catch (error) {
      problem = `${url} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    await clock.sleep(AGAIN_MS);
  }
  return refuse(problem);
}

async function readText(
  url: string,
  { signal, bytesMax }: { readonly signal: AbortSignal; readonly bytesMax: number },
): Promise<string> {
  const { statusCode, body } = await httpRequest(url, { signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  return Buffer.concat(chunks).toString("utf8");
}
