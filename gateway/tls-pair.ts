import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { TlsConfig } from "./config.ts";

/** A certificate with its chain and its key, as text: in memory only, never in a log or a state. */
export interface TlsPair {
  /** PEM: the server's certificate first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Milliseconds since the Unix epoch: when the first certificate of the file expires. */
  readonly notAfterMs: number;
  /** Of the two files it was read from (`fingerprint`). */
  readonly print: string;
}

/** A chain of ten certificates with 4096-bit keys has 25 KB. */
const FILE_BYTES_MAX = 262_144;
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;
const CERTIFICATE_BLOCKS = new RegExp(CERTIFICATE_BLOCK, "g");

/**
 * Both files as one pair: neither changed while they were read, both load, and the key is that of
 * the first certificate. A refusal names the file and says why, with nothing of its content.
 */
export async function readPair(files: TlsConfig): Promise<Result<TlsPair, string>> {
  const print = await fingerprint(files);
  const certificate = await readPem(files.certificateFile);
  if (!certificate.ok) return certificate;
  const key = await readPem(files.keyFile);
  if (!key.ok) return key;
  if ((await fingerprint(files)) !== print) {
    return refuse(`${files.certificateFile} and its key changed while they were read`);
  }
  const loaded = loadPair(certificate.value, key.value, files);
  return loaded.ok ? ok({ ...loaded.value, print }) : loaded;
}

/** Differs when one of the two files was written, replaced or taken away. */
export async function fingerprint(files: TlsConfig): Promise<string> {
  const both = await Promise.all([printOf(files.certificateFile), printOf(files.keyFile)]);
  return both.join(" ");
}

async function printOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    return codeOf(error);
  }
}

async function readPem(path: string): Promise<Result<string, string>> {
  try {
    const seen = await stat(path);
    // A pipe would be waited for without end.
    if (!seen.isFile()) return refuse(`${path} is not a file`);
    if (seen.size > FILE_BYTES_MAX) return refuse(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
    return ok(await readFile(path, "latin1"));
  } catch (error) {
    return refuse(`${path} cannot be read: ${codeOf(error)}`);
  }
}

function loadPair(
  certificate: string,
  key: string,
  { certificateFile, keyFile }: TlsConfig,
): Result<Omit<TlsPair, "print">, string> {
  if (!CERTIFICATE_BLOCK.test(certificate)) {
    return refuse(`${certificateFile} holds no whole PEM certificate`);
  }
  if (!key.includes("PRIVATE KEY-----")) return refuse(`${keyFile} holds no PEM private key`);
  if (key.includes("ENCRYPTED"))
    return refuse(`${keyFile} is encrypted: store it without a phrase`);
  try {
    // Each certificate of the file, so that one that was cut off is not served around.
    createSecureContext({ cert: certificate });
    const notAfterMs = firstEnd(certificate);
    if (notAfterMs === undefined) return refuse(`${certificateFile} holds no certificate`);
    return withKey({ certificate, key, notAfterMs }, keyFile);
  } catch (error) {
    return refuse(`${certificateFile} does not load: ${codeOf(error)}`);
  }
}

/** When the first certificate of a chain ends, ms since the Unix epoch; throws on a damaged one. */
export function firstEnd(chain: string): number | undefined {
  const blocks = chain.match(CERTIFICATE_BLOCKS) ?? [];
  if (blocks.length === 0) return undefined;
  return Math.min(...blocks.map((block) => new X509Certificate(block).validToDate.getTime()));
}

function withKey(
  pair: Omit<TlsPair, "print">,
  keyFile: string,
): Result<Omit<TlsPair, "print">, string> {
  try {
    createSecureContext({ cert: pair.certificate, key: pair.key });
    return ok(pair);
  } catch (error) {
    const code = codeOf(error);
    const isOther = code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
    const why = isOther ? "is not the key of the certificate" : `does not load: ${code}`;
    return refuse(`${keyFile} ${why}`);
  }
}

/** OpenSSL's and the system's codes name no content; their messages might. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
