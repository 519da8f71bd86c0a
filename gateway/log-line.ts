import type { Admitted } from "./admitted.ts";
import type { EndpointConfig } from "./config.ts";
import type { RequestClass } from "./endpoint.ts";

export interface LogEntry {
  readonly at: string;
  readonly admitted: Admitted;
  readonly status: number;
  readonly outcome: string;
  readonly endpoint: EndpointConfig | undefined;
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
  const { admitted, endpoint } = entry;
  const where =
    endpoint === undefined
      ? ""
      : `,"instance":${JSON.stringify(endpoint.id)},"release":${JSON.stringify(endpoint.release)}`;
  return (
    `{"at":"${entry.at}","id":"${admitted.requestId}","listener":"${admitted.entrance.name}",` +
    `"client":"${admitted.clientAddress}","method":"${admitted.request.method ?? ""}",` +
    `"path":${JSON.stringify(admitted.target.path)},"status":${entry.status},` +
    `"outcome":"${entry.outcome}","ms":${Math.round(entry.tookMs * 100) / 100},` +
    `"class":"${entry.requestClass}",` +
    `"tries":${entry.tries},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut}${where}}`
  );
}
