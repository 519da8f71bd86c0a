import assert from "node:assert/strict";
import { test } from "node:test";
import { aSystem, checked } from "./example.fixture.ts";
import type { CertificateSight } from "./rule.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 20, 12);
const tls = { certificate: "edge.pem", key: "edge.key" };
const secure = aSystem({ edge: { routes: { "/": "api" }, host: "shop.example", tls } });

function loaded(change: Partial<Extract<CertificateSight, { state: "loaded" }>>): CertificateSight {
  return {
    state: "loaded",
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + 90 * DAY_MS,
    nowMs: NOW_MS,
    names: "shop.example",
    isForHost: true,
    ...change,
  };
}

/** `severity: message` of what the rule says. */
function said(certificate: CertificateSight | undefined, beside?: readonly string[]) {
  const files = beside === undefined ? undefined : new Set(["./api", "./api/main.ts", ...beside]);
  return checked(secure, files, certificate)
    .filter(({ rule }) => rule === "edge-certificate")
    .map(({ severity, message }) => `${severity}: ${message}`);
}

test("a good certificate, and one that nobody looked at, are left alone", () => {
  assert.deepEqual(said(loaded({})), []);
  assert.deepEqual(said(loaded({ isForHost: undefined })), []);
  assert.deepEqual(said(undefined), []);
  assert.deepEqual(said(undefined, ["edge.pem", "edge.key"]), []);
});

for (const [what, sight, message] of [
  [
    "one that does not load",
    { state: "unusable", because: "edge.key is not the key of the certificate" },
    "error: edge.key is not the key of the certificate",
  ],
  [
    "one that expired this second",
    loaded({ notAfterMs: NOW_MS }),
    "error: the certificate expired on 2026-11-20",
  ],
  [
    "one that is not good yet",
    loaded({ notBeforeMs: NOW_MS + DAY_MS }),
    "error: the certificate is not good before 2026-11-21",
  ],
  [
    "one for another host",
    loaded({ isForHost: false, names: "old.example" }),
    "error: the certificate is for old.example, and the edge's host is shop.example",
  ],
  [
    "one that expires soon",
    loaded({ notAfterMs: NOW_MS + 14 * DAY_MS - 1 }),
    "warning: the certificate expires in 13 days, on 2026-12-04",
  ],
] as const) {
  test(`${what} is told`, () => assert.deepEqual(said(sight), [message]));
}

test("two weeks are enough notice", () => {
  assert.deepEqual(said(loaded({ notAfterMs: NOW_MS + 14 * DAY_MS })), []);
});

test("files that are not there are told by name, once", () => {
  const because = "edge.key cannot be read: ENOENT";
  assert.deepEqual(said({ state: "unusable", because }, ["edge.pem"]), [
    "error: edge.key: not there",
  ]);
  assert.deepEqual(said(undefined, []), ["error: edge.pem and edge.key: not there"]);
});

test("an edge in the clear is asked for none", () => {
  const findings = checked(aSystem(), undefined, loaded({ notAfterMs: 0 }));
  assert.deepEqual(
    findings.filter(({ rule }) => rule === "edge-certificate"),
    [],
  );
});
