import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import { selfSigned, type SelfSigned } from "@seaworthy/std/self-signed";
import type { Graph } from "../../plan/graph.ts";
import type { ObservedEdge } from "../../plan/observed.ts";
import { aGraph, aService, anEdge } from "../declared.ts";
import { TargetError, type Target } from "../target.ts";
import { Hand, Rehearsal, take, until } from "./fixtures/rehearsal.ts";

const DAY_MS = 86_400_000;
const TLS = { certificate: "tls/edge.pem", key: "tls/edge.key" };
const unit = aService();

function aPair(name: string): SelfSigned {
  const nowMs = Date.now();
  const span = { notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + 20 * DAY_MS };
  return selfSigned({ hosts: [name, "127.0.0.1"], ...span });
}

function secure(tls: NonNullable<Graph["edge"]>["tls"] = TLS): Graph {
  return aGraph([unit], { edge: { ...anEdge(), host: "shop.example", tls } });
}

async function writePair(place: Rehearsal, { certificate, key }: SelfSigned): Promise<void> {
  await writeFile(join(place.home, "system", TLS.certificate), certificate, { mode: 0o600 });
  await writeFile(join(place.home, "system", TLS.key), key, { mode: 0o600 });
}

async function observedEdge(target: Target): Promise<ObservedEdge> {
  return present((await target.observe(AbortSignal.timeout(20_000))).edge, "the edge");
}

/** The status of a GET by a client that trusts only `ca`, or why there is none. */
function ask(address: string, ca: string): Promise<number | string> {
  return new Promise((resolve) => {
    const options = { ca, servername: "shop.example", agent: false } as const;
    const sent = request(address, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    sent.end();
  });
}

async function addressOf(target: Target): Promise<string> {
  return present((await observedEdge(target)).addresses[0], "an address");
}

async function untilServed(target: Target, pair: SelfSigned): Promise<void> {
  await until("the edge to serve this pair", async () =>
    (await ask(await addressOf(target), pair.certificate)) === 200 ? true : undefined,
  );
}

describe("an edge with a certificate", () => {
  it("is called by https, keeps its paths relative, and follows files that change", async () => {
    await using place = await Rehearsal.begin();
    const first = aPair("shop.example");
    await mkdir(join(place.home, "system/tls"));
    await writePair(place, first);
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    await hand.up(secure());
    assert.match(await addressOf(target), /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(await ask(await addressOf(target), first.certificate), 200);
    const { tls } = await observedEdge(target);
    assert.equal(tls?.certificateFile, join(place.home, "system/tls/edge.pem"));
    assert.equal(tls?.serverName, "shop.example");
    const leftMs = Date.parse(tls?.notAfter ?? "") - Date.now();
    assert.ok(leftMs > 19 * DAY_MS && leftMs < 20 * DAY_MS);
    const { graph } = await target.observe(AbortSignal.timeout(20_000));
    assert.deepEqual(graph?.edge?.tls, TLS);
    const kept = await readFile(join(place.folder.root, "state.json"), "utf8");
    assert.ok(!kept.includes("PRIVATE KEY"));

    const second = aPair("shop.example");
    await writePair(place, second);
    await untilServed(target, second);
    await place.kill9("edge");
    await untilServed(target, second);
    await place.kill9("_watch", "_supervise");
    assert.equal(await ask(await addressOf(target), second.certificate), 200);
  });

  it("is refused before anything is changed where its files do not load", async () => {
    await using place = await Rehearsal.begin();
    const pair = aPair("shop.example");
    await mkdir(join(place.home, "system/tls"));
    await writePair(place, pair);
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    await hand.up(secure());
    const other = { certificate: TLS.certificate, key: "tls/missing.key" };
    await assert.rejects(hand.define(secure(other)), (error) => {
      assert.ok(error instanceof TargetError);
      assert.match(error.message, /missing\.key cannot be read: ENOENT/);
      return true;
    });
    const { graph } = await target.observe(AbortSignal.timeout(20_000));
    assert.deepEqual(graph?.edge?.tls, TLS);
    // Files that broke since they were taken keep nobody from what has nothing to do with them.
    await writeFile(join(place.home, "system", TLS.key), "half");
    await hand.define(secure());
    assert.equal(await ask(await addressOf(target), pair.certificate), 200);
    const { tls } = await until("the problem to be seen", async () => {
      const edge = await observedEdge(target);
      return edge.tls?.problem === undefined ? undefined : edge;
    });
    assert.match(tls?.problem ?? "", /edge\.key holds no PEM private key/);
  });
});
