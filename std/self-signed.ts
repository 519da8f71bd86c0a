import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import { assert } from "./assert.ts";

export interface SelfSigned {
  /** PEM; trusted by whoever is given exactly this file. */
  readonly certificate: string;
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string;
}

export interface SelfSignedOptions {
  /** Host names and IPv4 addresses; the first is also the subject's name. */
  readonly hosts: readonly [string, ...string[]];
  /** Milliseconds since the Unix epoch; a certificate counts whole seconds, rounded down. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * A certificate that signs itself, for rehearsals and tests: node:crypto signs anything but makes
 * no certificates, and not every machine has the openssl program. P-256 with SHA-256; the structure
 * is RFC 5280 §4.1, written in DER (X.690 §10).
 */
export function selfSigned(options: SelfSignedOptions): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = nameOf(options.hosts[0]);
  const body = sequence(
    tagged(VERSION, integer(Buffer.from([VERSION_3]))),
    integer(serial()),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(options.notBeforeMs), time(options.notAfterMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(EXTENSIONS, sequence(basicConstraints(), alternativeNames(options.hosts))),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, ECDSA_WITH_SHA256, bits(signature));
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  return { certificate: pem(whole), key: key.toString() };
}

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  object: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;
/** Explicit tags of TBSCertificate; choices of GeneralName (RFC 5280 §4.2.1.6). */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const VERSION_3 = 2;

/** At most 20 octets (RFC 5280 §4.1.2.2); 16 do not collide. */
const SERIAL_BYTES = 16;
/** Two-digit years mean 1950 to 2049 (RFC 5280 §4.1.2.5.1). */
const UTC_TIME_YEARS = { first: 1950, last: 2049 };
/** X.690 §8.1.3.5: longer contents have their length in as many octets as the first says. */
const SHORT_LENGTH_MAX = 127;
/** RFC 7468 §2. */
const PEM_COLUMNS = 64;

const ECDSA_WITH_SHA256 = sequence(object("2a8648ce3d040302"));
const COMMON_NAME = object("550403");
const BASIC_CONSTRAINTS = object("551d13");
const SUBJECT_ALTERNATIVE_NAME = object("551d11");

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(bytes: number): Buffer {
  if (bytes <= SHORT_LENGTH_MAX) return Buffer.from([bytes]);
  assert(bytes < 65_536, "no part of a certificate is that long");
  return bytes < 256 ? Buffer.from([0x81, bytes]) : Buffer.from([0x82, bytes >> 8, bytes & 255]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(TAG.sequence, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return tagged(TAG.integer, bytes);
}

function object(hex: string): Buffer {
  return tagged(TAG.object, Buffer.from(hex, "hex"));
}

/** Whole octets: none of the last one's bits are unused. */
function bits(bytes: Buffer): Buffer {
  return tagged(TAG.bits, Buffer.from([0]), bytes);
}

/** Positive and in its shortest form: the first octet is neither negative nor zero. */
function serial(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = 1 + ((bytes[0] ?? 0) % SHORT_LENGTH_MAX);
  return bytes;
}

function nameOf(commonName: string): Buffer {
  const text = tagged(TAG.utf8, Buffer.from(commonName, "utf8"));
  return sequence(tagged(TAG.set, sequence(COMMON_NAME, text)));
}

function time(ms: number): Buffer {
  const [date = "", clock = ""] = new Date(ms).toISOString().split(/[T.]/);
  const digits = `${date}${clock}Z`.replaceAll(/[-:]/g, "");
  const year = Number(digits.slice(0, 4));
  const isShort = year >= UTC_TIME_YEARS.first && year <= UTC_TIME_YEARS.last;
  return isShort
    ? tagged(TAG.utcTime, Buffer.from(digits.slice(2)))
    : tagged(TAG.generalizedTime, Buffer.from(digits));
}

/** Critical, and an authority: it is one for itself. */
function basicConstraints(): Buffer {
  const yes = tagged(TAG.boolean, Buffer.from([0xff]));
  return sequence(BASIC_CONSTRAINTS, yes, tagged(TAG.octets, sequence(yes)));
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host)
      ? tagged(IP_ADDRESS, Buffer.from(host.split(".").map(Number)))
      : tagged(DNS_NAME, Buffer.from(host, "latin1")),
  );
  return sequence(SUBJECT_ALTERNATIVE_NAME, tagged(TAG.octets, sequence(...names)));
}

function pem(der: Buffer): string {
  const text = der.toString("base64");
  const lines = text.match(new RegExp(`.{1,${PEM_COLUMNS}}`, "g")) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
