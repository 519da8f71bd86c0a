import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { selfSigned } from "@seaworthy/std/self-signed";
import { anEdge } from "../targets/declared.ts";
import { lookAtCertificate } from "./look-at-certificate.ts";

const DAY_MS = 86_400_000;
const nowMs = Date.now();
const tls = { certificate: "./edge.pem", key: "tls.key" };

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sw-certificate-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("says until when a pair is good, for whom, and what is wrong with one", async (t) => {
  const folder = await aFolder(t);
  const pair = selfSigned({
    hosts: ["shop.example", "127.0.0.1"],
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + 30 * DAY_MS,
  });
  const look = async (host: string | undefined) =>
    lookAtCertificate(anEdge({ host, tls }), { folder, nowMs });
  const missing = await look(undefined);
  assert.deepEqual(missing, {
    state: "unusable",
    because: "edge.pem cannot be read: ENOENT",
  });
  await writeFile(join(folder, "edge.pem"), pair.certificate);
  await writeFile(join(folder, "tls.key"), pair.key);
  const seen = await look(undefined);
  assert.ok(seen?.state === "loaded");
  assert.equal(seen.names, "shop.example, 127.0.0.1");
  assert.equal(seen.isForHost, undefined);
  assert.ok(Math.abs(seen.notAfterMs - (nowMs + 30 * DAY_MS)) < 1_000);
  for (const [host, isFor] of [
    ["shop.example", true],
    ["127.0.0.1", true],
    ["other.example", false],
    ["127.0.0.2", false],
  ] as const) {
    const sight = await look(host);
    assert.ok(sight?.state === "loaded");
    assert.equal(sight.isForHost, isFor, host);
  }
  assert.equal(await lookAtCertificate(anEdge(), { folder, nowMs }), undefined);
  assert.equal(await lookAtCertificate(undefined, { folder, nowMs }), undefined);
});
