import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { aConfig, echo, eventually, send, sendRaw, TestGateway } from "./rig.fixture.ts";

/** Connections from another address of this machine: all of 127.0.0.0/8 is its own. */
async function connections(
  port: number,
  count: number,
  localAddress: string,
): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: "127.0.0.1", localAddress });
      socket.on("error", () => {});
      await once(socket, "connect");
      return socket;
    }),
  );
}

async function untilOpen(gateway: TestGateway, count: number): Promise<void> {
  await eventually(`${count} connections to be counted`, async () =>
    (await gateway.metrics()).includes(`connections{listener="public"} ${count}\n`)
      ? true
      : undefined,
  );
}

test("a client with too many connections is told so; others, and the inside, are not", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const limits = { connectionsPerClient: 3 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], limits }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const held = await connections(port, 3, "127.0.0.2");
  await untilOpen(gateway, 3);
  const from = (localAddress: string) => new Agent({ localAddress });
  const told = await send(port, { agent: from("127.0.0.2") });
  assert.equal(told.status, 429);
  assert.equal(told.headers["retry-after"], "1");
  assert.equal(told.headers["connection"], "close");
  assert.equal(JSON.parse(told.body).error.code, "client-connections");
  assert.equal((await send(port, { agent: from("127.0.0.3") })).status, 200);
  const inner = await gateway.port("inner");
  const inside = await connections(inner, 10, "127.0.0.2");
  assert.equal((await send(inner, { agent: from("127.0.0.2") })).status, 200);
  for (const socket of [...held, ...inside]) socket.destroy();
  await untilOpen(gateway, 0);
  assert.equal((await send(port, { agent: from("127.0.0.2") })).status, 200);
  const metrics = await gateway.metrics();
  assert.match(metrics, /connections_refused_total\{reason="client-connections"\} 1/);
});

test("whoever goes on connecting is closed unheard, and takes no place from others", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const limits = { connections: 20, connectionsPerClient: 5 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], limits }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const crowd = await connections(port, 200, "127.0.0.2");
  await eventually("most of them to be closed", async () =>
    crowd.filter(({ closed }) => !closed).length <= 5 + 4 ? true : undefined,
  );
  const others = await connections(port, 5, "127.0.0.3");
  const agent = new Agent({ localAddress: "127.0.0.4" });
  for (let turn = 0; turn < 20; turn += 1) assert.equal((await send(port, { agent })).status, 200);
  // Those that are only told about the limit do not stay to be told.
  await untilOpen(gateway, 10);
  const [, dropped] = /connections_dropped_total (\d+)/.exec(await gateway.metrics()) ?? [];
  assert.ok(Number(dropped) > 100, `${dropped} of 200 were closed unheard`);
  for (const socket of [...crowd, ...others]) socket.destroy();
});

test("a client's requests beyond its rate are 429 with a time; another's are not", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const limits = { rate: { requests: 1, perMs: 60_000, burst: 5 } };
  const accessLog = join(gateway.folder, "access.jsonl");
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], limits, accessLog }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const statuses: number[] = [];
  for (let turn = 0; turn < 8; turn += 1) statuses.push((await send(port)).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
  const refused = await send(port, { method: "POST", body: "x".repeat(100_000) });
  assert.equal(refused.status, 429);
  const waitSeconds = Number(refused.headers["retry-after"]);
  assert.ok(waitSeconds > 50 && waitSeconds <= 60, `${waitSeconds} s`);
  assert.equal(JSON.parse(refused.body).error.code, "rate");
  const agent = new Agent({ localAddress: "127.0.0.2" });
  assert.equal((await send(port, { agent })).status, 200);
  const inner = await gateway.port("inner");
  for (let turn = 0; turn < 8; turn += 1) assert.equal((await send(inner)).status, 200);
  assert.match(await gateway.metrics(), /refusals_total\{refusal="rate"\} 4/);
  assert.equal((await gateway.status()).endpoints[0]?.requests, 14, "refused ones reach nobody");
  const refusals = await eventually("four refusals in the log", async () => {
    const lines = (await readFile(accessLog, "utf8").catch(() => "")).split("\n");
    const found = lines.filter((line) => line.includes('"outcome":"rate"'));
    return found.length === 4 ? found : undefined;
  });
  for (const line of refusals) assert.equal(JSON.parse(line).client, "127.0.0.1");
});

test("behind a trusted proxy the client is who it says, else it is the peer", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const limits = { rate: { requests: 1, perMs: 60_000, burst: 2 }, connectionsPerClient: 2 };
  const trustedProxies = ["127.0.0.9/32"];
  await gateway.apply(
    aConfig({ endpoints: [{ id: "a1", port: app.port }], limits, trustedProxies }),
  );
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const agent = new Agent({ localAddress: "127.0.0.9", keepAlive: true, maxSockets: 10 });
  const ask = async (client: string) =>
    send(port, { agent, headers: { "x-forwarded-for": client, forwarded: "for=6.6.6.6" } });
  const first = await ask("6.6.6.6, 192.0.2.1");
  const { headers } = JSON.parse(first.body);
  assert.equal(headers["x-forwarded-for"], "192.0.2.1, 127.0.0.9");
  assert.match(headers.forwarded, /^for=192\.0\.2\.1;host="[^"]+";proto=http, for=127\.0\.0\.9;/);
  // What the client says of itself gives it no new bucket.
  assert.equal((await ask("7.7.7.7, 192.0.2.1")).status, 200);
  assert.equal((await ask("8.8.8.8, 192.0.2.1")).status, 429);
  assert.equal((await ask("192.0.2.2")).status, 200);
  const many = await connections(port, 8, "127.0.0.9");
  assert.equal((await ask("192.0.2.3")).status, 200, "a proxy's connections are those of many");
  const stranger = { "x-forwarded-for": "192.0.2.77", "x-forwarded-proto": "https" };
  const statuses: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await send(port, {
      headers: { ...stranger, "x-forwarded-for": `10.0.0.${turn}` },
    });
    statuses.push(answer.status);
    if (answer.status !== 200) continue;
    const said = JSON.parse(answer.body).headers;
    assert.equal(said["x-forwarded-for"], "127.0.0.1");
    assert.equal(said["x-forwarded-proto"], "http");
  }
  assert.deepEqual(statuses, [200, 200, 429], "a forged hop is no new client");
  agent.destroy();
  for (const socket of many) socket.destroy();
});

test("limits that change count at once, for connections that are open too", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const endpoints = [{ id: "a1", port: app.port }];
  await gateway.apply(aConfig({ endpoints }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let turn = 0; turn < 10; turn += 1) assert.equal((await send(port, { agent })).status, 200);
  const rate = { requests: 1, perMs: 60_000, burst: 1 };
  await gateway.apply(aConfig({ generation: 2, endpoints, limits: { rate } }));
  assert.equal((await send(port, { agent })).status, 200);
  assert.equal((await send(port, { agent })).status, 429);
  await gateway.apply(aConfig({ generation: 3, endpoints }));
  assert.equal((await send(port, { agent })).status, 200);
  agent.destroy();
});

test("a connection above a limit that says nothing is closed soon", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const limits = { connectionsPerClient: 1 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], limits }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const [held] = await connections(port, 1, "127.0.0.1");
  await untilOpen(gateway, 1);
  assert.equal(await sendRaw(port, ""), "", "closed long before it would be as an idle one");
  held?.destroy();
});
