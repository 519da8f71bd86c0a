import type { Exchange } from "@seaworthy/service-kit/exchange";
import { drained } from "@seaworthy/service-kit/sse";
import type { Ledger } from "./ledger.ts";

/** Lines joined into one write: few writes, little memory, and other requests in between. */
const LINES_PER_WRITE = 500;

/** `GET /internal/applied[?run=PREFIX]`: the whole ledger, `{"id","times"}` a line (NDJSON). */
export async function answerApplied(exchange: Exchange, ledger: Ledger): Promise<void> {
  const { response, query } = exchange;
  const prefix = new URLSearchParams(query).get("run") ?? "";
  const applied = await ledger.applied(prefix);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  let batch: string[] = [];
  for (const [id, times] of applied) {
    batch.push(`${JSON.stringify({ id, times })}\n`);
    if (batch.length < LINES_PER_WRITE) continue;
    if (!response.write(batch.join("")) && !(await drained(response))) return;
    batch = [];
  }
  response.end(batch.join(""));
}
