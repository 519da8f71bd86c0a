import { request as httpRequest } from "undici";
import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { audit, parseLedger, type Audit, type Ledger } from "../load/history.ts";
import type { Sample } from "../load/load.ts";
import { unitSeen } from "./preflight.ts";
import type { RunSetting } from "./stage.ts";

/** A line of the history is about 60 bytes: this is a million writes. */
const LEDGER_BYTES_MAX = 64 * 1024 * 1024;
const READ_MS = 15_000;
/** A resumed process works off what stood in its sockets: two reads alike say that it has. */
const AGAIN_MS = 500;
const READS_MAX = 12;

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

/** Read until it does not change any more. */
async function settledLedger(setting: RunSetting, url: string): Promise<Result<Ledger, string>> {
  const { clock } = setting.request;
  let before: string | undefined;
  let problem = `${url} still changed after ${READS_MAX} reads`;
  for (let read = 0; read < READS_MAX; read += 1) {
    try {
      const text = await readText(url);
      if (text === before) return parseLedger(text);
      before = text;
    } catch (error) {
      problem = `${url} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    await clock.sleep(AGAIN_MS);
  }
  return refuse(problem);
}

async function readText(url: string): Promise<string> {
  const signal = deadline(READ_MS, "the history of writes");
  const { statusCode, body } = await httpRequest(url, { signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > LEDGER_BYTES_MAX) throw new Error(`more than ${LEDGER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  return Buffer.concat(chunks).toString("utf8");
}
