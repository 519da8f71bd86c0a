import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { readPair } from "@seaworthy/gateway/tls-pair";
import type { CertificateSight } from "../checks/rule.ts";
import type { Edge } from "../system/system.ts";

/** What the files of `edge.tls` are worth now; undefined: the edge has none. Never throws. */
export async function lookAtCertificate(
  edge: Edge | undefined,
  place: { readonly folder: string; readonly nowMs: number },
): Promise<CertificateSight | undefined> {
  if (edge?.tls === undefined) return undefined;
  const { folder, nowMs } = place;
  const certificateFile = resolve(folder, edge.tls.certificate);
  const pair = await readPair({ certificateFile, keyFile: resolve(folder, edge.tls.key) });
  // In the declaration's own words, whatever folder it lies in.
  if (!pair.ok) return { state: "unusable", because: pair.error.replaceAll(`${folder}/`, "") };
  const leaf = new X509Certificate(pair.value.certificate);
  const { host } = edge;
  return {
    state: "loaded",
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: pair.value.notAfterMs,
    nowMs,
    names: namesOf(leaf),
    isForHost: host === undefined ? undefined : isFor(leaf, host),
  };
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  return (subjectAltName ?? subject).replaceAll(/(?:DNS|IP Address):/g, "");
}

function isFor(leaf: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
}
