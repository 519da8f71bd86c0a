import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { selfSigned } from "@seaworthy/std/self-signed";
import type { Edge } from "../../system/system.ts";
import {
  EdgeStage,
  PROVIDERS,
  stageEdge,
  stageGraph,
  stageService,
} from "./fixtures/edge-stage.ts";
import {
  type Answer,
  askAfresh,
  type Asked,
  EventStream,
  sayRaw,
  statusOf,
} from "./fixtures/raw-http.ts";
import { until } from "./fixtures/rehearsal.ts";

/** What the service says of the request as it came to it. */
interface Echo {
  readonly instance: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: number;
}

for (const provider of PROVIDERS) {
  describe(`manners of the edge: ${provider}`, () => {
    let stage: EdgeStage;
    before(async () => {
      stage = await EdgeStage.begin(provider);
    });
    after(async () => {
      await stage[Symbol.asyncDispose]();
    });
    const promise = (what: string, keep: (stage: EdgeStage) => Promise<void>): void => {
      it(what, async () => {
        await keep(stage);
      });
    };
    promise("says who asks, and drops what a stranger says of former hops", addsHops);
    promise("lets nobody name an instance, and names each request itself", namesRequests);
    promise("refuses a path that leads elsewhere than it matched", refusesDots);
    promise("passes WebSockets on, both ways", passesWebSockets);
    promise("passes events on as they come", passesEvents);
    promise("waits for a stream at a drain, and ends it at the deadline", drainsStreams);
    promise("counts requests by instance and class", counts);
    promise("has one prefix win, the longest, and answers 404 where none matches", routes);
    promise("refuses bodies and heads that are too large", refusesTooLarge);
    promise("limits each client's rate, by who asked a proxy that is believed", limitsRate);
    promise("keeps a client with its instance by a consistent hash", hashes);
    promise("spreads requests by the shares of a switch", spreads);
    promise("serves HTTPS from the files that are declared", servesHttps);
  });
}

async function redefine(stage: EdgeStage, change: Partial<Edge>): Promise<void> {
  await stage.hand.define(stageGraph(stage.provider, { edge: change }));
}

async function ask(stage: EdgeStage, path = "/", asked: Asked = {}): Promise<Echo> {
  const { status, body } = await askAfresh(`${stage.url}${path}`, asked);
  assert.equal(status, 200, path);
  const echo: Echo = JSON.parse(body);
  return echo;
}

async function addsHops(stage: EdgeStage): Promise<void> {
  const lies = { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https", forwarded: "for=6" };
  const { headers } = await ask(stage, "/", { headers: { ...lies, "x-own_header": "kept" } });
  const { host } = new URL(stage.url);
  assert.equal(headers["host"], host);
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-forwarded-proto"], "http");
  assert.equal(headers["x-forwarded-host"], host);
  assert.equal(headers["forwarded"], `for=127.0.0.1;host="${host}";proto=http`);
  assert.equal(headers["x-own_header"], "kept");
}

async function namesRequests(stage: EdgeStage): Promise<void> {
  const lies = { "seaworthy-instance": "api-9", "x-request-id": "0123456789abcdef" };
  const answer = await askAfresh(stage.url, { headers: lies });
  const { headers }: Echo = JSON.parse(answer.body);
  assert.equal(headers["seaworthy-instance"], undefined);
  const id = headers["x-request-id"];
  assert.match(id ?? "", /^[0-9a-f-]{8,}/);
  assert.notEqual(id, lies["x-request-id"]);
  assert.equal(answer.headers["x-request-id"], id);
}

async function refusesDots(stage: EdgeStage): Promise<void> {
  for (const path of ["/a/../b", "/a/%2e%2e/b", "/a/.%2E", "/a/./b"]) {
    const heard = await sayRaw(stage.url, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(statusOf(heard), 400, path);
  }
  const { url } = await ask(stage, "/a%20b/.c..d?x=/../y");
  assert.equal(url, "/a%20b/.c..d?x=/../y", "what is passed on is what was sent");
}

async function passesWebSockets(stage: EdgeStage): Promise<void> {
  const key = Buffer.from("sixteen bytes ok").toString("base64");
  const head =
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  // A whole frame, masked with nothing (RFC 6455 §5.2).
  const frame = "\x81\x85\x00\x00\x00\x00hello";
  const heard = await sayRaw(stage.url, head + frame, (text) => text.endsWith("hello"));
  assert.equal(statusOf(heard), 101);
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  assert.ok(heard.includes(accept.digest("base64")));
  assert.ok(heard.endsWith("hello"));
}

async function passesEvents(stage: EdgeStage): Promise<void> {
  const stream = await EventStream.open(stage.url, 10);
  await until("its first event", async () => (stream.text === "" ? undefined : true));
  assert.equal(stream.end, undefined, "it came before the last one");
  await until("its end", async () => stream.end);
  assert.equal(stream.end, "whole");
  assert.equal(stream.text.match(/"event"/g)?.length, 10);
}

async function drainsStreams(stage: EdgeStage): Promise<void> {
  const { hand } = stage;
  const short = await EventStream.open(stage.url, 15);
  const instance = await until("its instance", async () => short.instance);
  const without = (left: string) => ["api-1", "api-2"].filter((one) => one !== left);
  await hand.must({ action: "switch", unit: "api", instances: without(instance) });
  assert.match(await hand.must({ action: "drain", instance, deadlineMs: 10_000 }), /^drained/);
  await until("its end", async () => short.end);
  assert.equal(short.end, "whole");
  await hand.must({ action: "switch", unit: "api", instances: ["api-1", "api-2"] });
  const long = await EventStream.open(stage.url, 600);
  const slow = await until("its instance", async () => long.instance);
  await hand.must({ action: "switch", unit: "api", instances: without(slow) });
  const told = await hand.must({ action: "drain", instance: slow, deadlineMs: 500 });
  assert.match(told, /^1 cut at the deadline/);
  await hand.must({ action: "stop", instance: slow, graceMs: 500 });
  await until("its end", async () => long.end);
  assert.notEqual(long.end, "whole");
  const release = await hand.release(stageService());
  const fresh = await hand.bring(stageService(), release, 3);
  await hand.must({ action: "switch", unit: "api", instances: [...without(slow), fresh] });
}

async function counts(stage: EdgeStage): Promise<void> {
  const { target } = stage.hand;
  const signal = AbortSignal.timeout(20_000);
  const before = await target.measure("api", signal);
  for (let index = 0; index < 10; index += 1) {
    await ask(stage, "/", index % 2 === 0 ? {} : { method: "POST", body: "x" });
  }
  await askAfresh(`${stage.url}/broken`, { method: "POST" });
  const sum = (seen: typeof before, count: (one: (typeof before)["instances"][0]) => number) =>
    seen.instances.reduce((all, one) => all + count(one), 0);
  // An access log is written after the answer.
  const now = await until("all of them to be counted", async () => {
    const seen = await target.measure("api", signal);
    const done = sum(seen, ({ requests }) => requests) - sum(before, ({ requests }) => requests);
    return done >= 11 ? seen : undefined;
  });
  assert.equal(now.since, before.since);
  assert.equal(
    sum(now, ({ failed }) => failed.unsafe) - sum(before, (one) => one.failed.unsafe),
    1,
  );
  assert.equal(
    sum(now, ({ failed }) => failed.safe),
    sum(before, ({ failed }) => failed.safe),
  );
  const answered = (seen: typeof before): number =>
    sum(seen, ({ latency }) => latency.counts.reduce((all, count) => all + count, 0));
  assert.ok(answered(now) - answered(before) >= 11, "each has a latency");
  assert.ok(now.instances.some(({ lastRequestWallMs }) => lastRequestWallMs !== undefined));
}

async function routes(stage: EdgeStage): Promise<void> {
  const [route] = stageEdge(stage.provider).routes;
  assert.ok(route !== undefined);
  const routes = ["/v1", "/orders/"].map((prefix) => ({ ...route, prefix }));
  await redefine(stage, { routes });
  const statuses = await Promise.all(
    ["/v1", "/v1/x", "/v1?x=1", "/v1x", "/orders/1", "/orders", "/"].map(
      async (path) => (await askAfresh(`${stage.url}${path}`)).status,
    ),
  );
  assert.deepEqual(statuses, [200, 200, 200, 404, 200, 404, 404]);
  await redefine(stage, {});
}

async function refusesTooLarge(stage: EdgeStage): Promise<void> {
  const { limits } = stageEdge(stage.provider);
  await redefine(stage, { limits: { ...limits, bodyBytes: 1_000, headerBytes: 4_096 } });
  assert.equal((await ask(stage, "/", { method: "POST", body: "x".repeat(1_000) })).bytes, 1_000);
  const large = await askAfresh(stage.url, { method: "POST", body: "x".repeat(1_001) });
  assert.equal(large.status, 413);
  const head = `GET / HTTP/1.1\r\nHost: a\r\nx-long: ${"x".repeat(9_000)}\r\n\r\n`;
  // 431 (RFC 6585 §5) is what the gateway says; the others know no more than 400 for it.
  assert.equal(statusOf(await sayRaw(stage.url, head)), stage.provider === "gateway" ? 431 : 400);
  const fits = `GET / HTTP/1.1\r\nHost: a\r\nx-long: ${"x".repeat(3_000)}\r\n\r\n`;
  assert.equal(statusOf(await sayRaw(stage.url, fits)), 200);
  await redefine(stage, {});
}

async function limitsRate(stage: EdgeStage): Promise<void> {
  const { limits } = stageEdge(stage.provider);
  const rate = { requests: 5, perMs: 60_000, burst: 5 };
  await redefine(stage, { trustedProxies: ["127.0.0.0/8"], limits: { ...limits, rate } });
  const by = async (client: string): Promise<Answer> =>
    await askAfresh(stage.url, { headers: { "x-forwarded-for": client } });
  for (let index = 0; index < 5; index += 1) assert.equal((await by("10.0.0.1")).status, 200);
  const refused = await by("10.0.0.1");
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  assert.equal((await by("10.0.0.2")).status, 200, "another client has a rate of its own");
  const { headers } = await ask(stage, "/", { headers: { "x-forwarded-for": "10.0.0.3" } });
  assert.equal(headers["x-forwarded-for"], "10.0.0.3, 127.0.0.1");
  await redefine(stage, {});
}

async function hashes(stage: EdgeStage): Promise<void> {
  const [route] = stageEdge(stage.provider).routes;
  assert.ok(route !== undefined);
  const hashBy = { by: "header", name: "x-tenant" } as const;
  await redefine(stage, { routes: [{ ...route, balance: "consistent-hash", hashBy }] });
  const seen = new Set<string>();
  for (let tenant = 0; tenant < 20; tenant += 1) {
    const headers = { "x-tenant": `tenant-${tenant}` };
    const [first, again] = [await ask(stage, "/", { headers }), await ask(stage, "/", { headers })];
    const written = await ask(stage, "/", { headers, method: "POST", body: "x" });
    assert.equal(again.instance, first.instance);
    assert.equal(written.instance, first.instance, "whatever the method");
    seen.add(first.instance);
  }
  assert.equal(seen.size, 2, "both have their part");
  await redefine(stage, {});
}

async function spreads(stage: EdgeStage): Promise<void> {
  const { hand } = stage;
  const { units } = await hand.target.observe(AbortSignal.timeout(20_000));
  const old = units.find(({ name }) => name === "api")?.instances.find(({ routed }) => routed);
  assert.ok(old !== undefined);
  const service = stageService({ env: { VERSION: { kind: "text", text: "two" } } });
  const release = await hand.release(service);
  const fresh = await hand.bring(service, release, 20);
  const instances = [old.id, fresh];
  await hand.must({ action: "switch", unit: "api", instances, shares: { [release]: 0.2 } });
  const counted = new Map<string, number>();
  for (let index = 0; index < 100; index += 1) {
    const { instance } = await ask(stage);
    counted.set(instance, (counted.get(instance) ?? 0) + 1);
  }
  const share = counted.get(fresh) ?? 0;
  assert.ok(share >= 12 && share <= 28, `a fifth, and it had ${share} of 100`);
}

async function servesHttps(stage: EdgeStage): Promise<void> {
  const now = systemClock.wall();
  const day = 86_400_000;
  const { certificate, key } = selfSigned({
    ...{ hosts: ["127.0.0.1"], notBeforeMs: now - day, notAfterMs: now + day },
  });
  const folder = join(stage.place.home, "system");
  await writeFile(join(folder, "edge.pem"), certificate);
  await writeFile(join(folder, "edge.key"), key, { mode: 0o600 });
  await redefine(stage, { tls: { certificate: "edge.pem", key: "edge.key" } });
  const url = await stage.address();
  assert.ok(url.startsWith("https://"), url);
  const echo: Echo = JSON.parse((await askAfresh(url, { ca: certificate })).body);
  assert.equal(echo.headers["x-forwarded-proto"], "https");
  await writeFile(join(folder, "none.pem"), "nothing\n");
  const tls = { certificate: "none.pem", key: "edge.key" };
  await assert.rejects(redefine(stage, { tls }), /none\.pem|edge\.pem|refuses|not applied/);
  assert.equal((await askAfresh(url, { ca: certificate })).status, 200, "the former is served on");
}
