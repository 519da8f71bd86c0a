import type { Admitted } from "./admitted.ts";
import type { Endpoint, RequestClass } from "./endpoint.ts";
import type { Refusal } from "./refusal.ts";

export interface LogEntry {
  readonly at: string;
  readonly admitted: Admitted;
  readonly status: number;
  readonly outcome: string;
  readonly endpoint: Endpoint | undefined;
  readonly tookMs: number;
  readonly tries: number;
  readonly requestClass: RequestClass;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * One JSON document. No query string and no header value but the ids: those hold secrets.
 * Put together by hand, because it is made for every request; what is not ours is escaped.
 */
export function logLine(entry: LogEntry): string {
  const { admitted } = entry;
  const where = entry.endpoint?.logText ?? "";
  return (
    `{"at":"${entry.at}","id":"${admitted.requestId}","listener":"${admitted.entrance.name}",` +
    `"client":"${admitted.clientAddress}","method":"${admitted.request.method ?? ""}",` +
    `"path":${JSON.stringify(admitted.target.path)},"status":${entry.status},` +
    `"outcome":"${entry.outcome}","ms":${Math.round(entry.tookMs * 100) / 100},` +
    `"class":"${entry.requestClass}",` +
    `"tries":${entry.tries},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut}${where}}`
  );
}

export interface RefusedEntry {
  readonly at: string;
  readonly requestId: string;
  readonly listener: string;
  readonly client: string;
  readonly method: string;
  /** Undefined where the target could not be read. */
  readonly path: string | undefined;
  readonly refusal: Refusal;
}

/** The line of a request that was refused before it was anybody's. */
export function refusedLine(entry: RefusedEntry): string {
  const { at, requestId: id, listener, client, method, path, refusal } = entry;
  const { status, code: outcome } = refusal;
  return JSON.stringify({ at, id, listener, client, method, path, status, outcome });
}
