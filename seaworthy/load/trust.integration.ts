import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { selfSigned } from "@seaworthy/std/self-signed";
import { startLoad } from "./client.ts";
import { IdleConnections } from "./idle-connections.ts";
import type { LoadPlan, Sample } from "./load.ts";
import { loadCommand } from "./own-command.fixture.ts";
import { secureOptions, type Trust } from "./trust.ts";

const DAY_MS = 86_400_000;
const forever = new AbortController().signal;

function aPair(...hosts: [string, ...string[]]) {
  const nowMs = Date.now();
  return selfSigned({ hosts, notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + DAY_MS });
}

/** A server with a certificate for `shop.example`; the folder holds it and another one. */
async function served(t: TestContext): Promise<{ url: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "sw-trust-"));
  const pair = aPair("shop.example");
  await writeFile(join(folder, "edge.pem"), pair.certificate);
  await writeFile(join(folder, "other.pem"), aPair("shop.example").certificate);
  const options = { cert: pair.certificate, key: pair.key };
  const server = createServer(options, (_request, response) => response.end("ok"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `https://127.0.0.1:${address.port}`, folder };
}

async function samplesOf(
  { url, folder }: { url: string; folder: string },
  trust: Trust | undefined,
): Promise<readonly Sample[]> {
  const plan: LoadPlan = {
    url,
    trust,
    ratePerSecond: 50,
    mix: [{ method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" }],
    timeoutMs: 2_000,
    seed: 1,
    run: "r",
    durationMsMax: 30_000,
    freshConnections: 0.5,
    samplesFile: join(folder, "samples.ndjson"),
  };
  const run = await startLoad(loadCommand, systemClock)(plan, forever);
  await run.until(1_000, forever);
  return (await run.finish()).samples;
}

test("a load over https trusts the declared certificate, and checks whose it is", async (t) => {
  const place = await served(t);
  const certificateFile = join(place.folder, "edge.pem");
  for (const serverName of [undefined, "shop.example"]) {
    const samples = await samplesOf(place, { certificateFile, serverName });
    assert.ok(samples.length > 20);
    assert.ok(
      samples.every(({ outcome }) => outcome === "ok"),
      String(serverName),
    );
  }
});

test("without trust, with another's certificate or for another name nothing is sent", async (t) => {
  const place = await served(t);
  for (const trust of [
    undefined,
    { certificateFile: join(place.folder, "other.pem"), serverName: undefined },
    { certificateFile: join(place.folder, "edge.pem"), serverName: "bank.example" },
  ]) {
    const samples = await samplesOf(place, trust);
    assert.ok(samples.length > 20);
    assert.ok(
      samples.every(({ failure }) => failure === "refused"),
      JSON.stringify(trust),
    );
  }
});

test("a trust that cannot be read ends the generator with its reason", async (t) => {
  const place = await served(t);
  const trust = { certificateFile: join(place.folder, "gone.pem"), serverName: undefined };
  await assert.rejects(samplesOf(place, trust), /ended with code 1[^]*gone\.pem/);
});

test("the name that is checked: declared, the host, or the certificate's first", async (t) => {
  const { folder } = await served(t);
  const nameOf = async (file: string, serverName?: string) => {
    const trust = { certificateFile: join(folder, file), serverName };
    return (await secureOptions(trust, "127.0.0.1")).servername;
  };
  await writeFile(join(folder, "wild.pem"), aPair("*.shop.example").certificate);
  await writeFile(join(folder, "ip.pem"), aPair("shop.example", "127.0.0.1").certificate);
  assert.equal(await nameOf("edge.pem", "declared.example"), "declared.example");
  assert.equal(await nameOf("edge.pem"), "shop.example");
  assert.equal(await nameOf("wild.pem"), "edge.shop.example");
  assert.equal(await nameOf("ip.pem"), undefined);
});

test("idle connections are held over https, and only by who trusts it", async (t) => {
  const { url, folder } = await served(t);
  const hold = async (file: string) => {
    const trust = { certificateFile: join(folder, file), serverName: "shop.example" };
    const secure = await secureOptions(trust, "127.0.0.1");
    const plan = { url, secure, path: "/", count: 50, keepAliveMs: 60_000, answerMs: 10_000 };
    await using idle = new IdleConnections(plan, systemClock);
    await idle.open(forever);
    return idle.counts;
  };
  const { held, refused } = await hold("edge.pem");
  assert.deepEqual([held, refused], [50, 0]);
  const distrusted = await hold("other.pem");
  assert.deepEqual([distrusted.held, distrusted.refused], [0, 50]);
});
