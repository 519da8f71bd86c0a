import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { ObservedTls } from "../plan/observed.ts";

/**
 * What a client of an https address goes by: the declared certificate file itself, whoever signed
 * it. So a rehearsal may use a certificate that signed itself, and one of a public authority is
 * trusted as exactly what was declared; nothing is ever believed unseen.
 */
export type Trust = Pick<ObservedTls, "certificateFile" | "serverName">;

/** Options of node:tls and of undici's connector. */
export interface SecureOptions {
  readonly ca: string;
  /** What is in the file ends the chain, also where it is not a root. */
  readonly allowPartialTrustChain: true;
  /** Whose certificate it must be; without it, that of the host that is called. */
  readonly servername?: string;
}

/** Reads the file; rejects where it is not there or holds no certificate. */
export async function secureOptions(trust: Trust, host: string): Promise<SecureOptions> {
  const ca = await readFile(trust.certificateFile, "latin1");
  const servername = trust.serverName ?? nameFor(new X509Certificate(ca), host);
  const options = { ca, allowPartialTrustChain: true } as const;
  return servername === undefined ? options : { ...options, servername };
}

/** The host itself where the certificate is for it, else the first name that it gives itself. */
function nameFor(certificate: X509Certificate, host: string): string | undefined {
  if (isIP(host) !== 0 && certificate.checkIP(host) !== undefined) return undefined;
  if (isIP(host) === 0 && certificate.checkHost(host) !== undefined) return undefined;
  const [, name] = /DNS:([^,\s]+)/.exec(certificate.subjectAltName ?? "") ?? [];
  // Any one name of a wildcard's.
  return name?.replace("*.", "edge.");
}
