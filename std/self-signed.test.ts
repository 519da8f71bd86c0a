import { ok, strictEqual, throws } from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { createSecureContext } from "node:tls";
import { selfSigned } from "./self-signed.ts";

const YEAR_MS = 365 * 86_400_000;
const FROM_MS = Date.UTC(2026, 10, 20, 8, 9, 10);

test("a certificate names its hosts, its span to the second, and verifies itself", () => {
  const { certificate, key } = selfSigned({
    hosts: ["shop.example", "127.0.0.1"],
    notBeforeMs: FROM_MS,
    notAfterMs: FROM_MS + 60_999,
  });
  const read = new X509Certificate(certificate);
  strictEqual(read.validFromDate.getTime(), FROM_MS);
  strictEqual(read.validToDate.getTime(), FROM_MS + 60_000);
  strictEqual(read.subject, "CN=shop.example");
  strictEqual(read.checkHost("shop.example"), "shop.example");
  strictEqual(read.checkHost("other.example"), undefined);
  strictEqual(read.checkIP("127.0.0.1"), "127.0.0.1");
  ok(read.ca);
  ok(read.verify(read.publicKey), "its own key signed it");
  ok(read.checkPrivateKey(createPrivateKey(key)));
  createSecureContext({ cert: certificate, key });
});

test("serials are positive and differ; a key fits only its own certificate", () => {
  const make = () =>
    selfSigned({ hosts: ["a.example"], notBeforeMs: FROM_MS, notAfterMs: FROM_MS + YEAR_MS });
  const made = Array.from({ length: 20 }, make);
  const serials = made.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
  strictEqual(new Set(serials).size, serials.length);
  for (const serial of serials) ok(/^[0-7][0-9A-F]{31}$/.test(serial), serial);
  const [one, other] = made;
  throws(() => createSecureContext({ cert: one!.certificate, key: other!.key }), /mismatch/);
});

test("a span that begins or ends beyond two-digit years is written with four", () => {
  const notAfterMs = Date.UTC(2060, 0, 1);
  const { certificate } = selfSigned({ hosts: ["a.example"], notBeforeMs: FROM_MS, notAfterMs });
  strictEqual(new X509Certificate(certificate).validToDate.getTime(), notAfterMs);
});

test("names of the greatest length still fit", () => {
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.example`;
  const { certificate } = selfSigned({
    hosts: ["a.example", long, "127.0.0.1"],
    notBeforeMs: FROM_MS,
    notAfterMs: FROM_MS + YEAR_MS,
  });
  strictEqual(new X509Certificate(certificate).checkHost(long), long);
});
