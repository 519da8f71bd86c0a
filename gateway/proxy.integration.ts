import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { aConfig, echo, eventually, send, TestGateway, upstream } from "./rig.fixture.ts";

test("passes requests and answers on, each with an id of ours", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const got = await send(port, {
    path: "/some/path?with=query",
    method: "POST",
    body: "hello",
    headers: {
      host: "shop.example",
      connection: "close, x-secret-hop",
      "x-secret-hop": "1",
      te: "trailers",
      "proxy-authorization": "Basic x",
      "x-forwarded-for": "6.6.6.6",
      forwarded: "for=6.6.6.6",
      "x-request-id": "chosen-by-a-stranger",
      "seaworthy-instance": "a2",
      "seaworthy-write": "w-1",
    },
  });
  assert.equal(got.status, 200);
  const asked = JSON.parse(got.body);
  assert.equal(asked.method, "POST");
  assert.equal(asked.url, "/some/path?with=query");
  assert.equal(asked.body, "hello");
  const { headers } = asked;
  assert.equal(headers.host, "shop.example");
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-forwarded-host"], "shop.example");
  assert.equal(headers["x-forwarded-proto"], "http");
  assert.equal(headers.forwarded, 'for=127.0.0.1;host="shop.example";proto=http');
  assert.equal(headers["seaworthy-write"], "w-1");
  for (const gone of ["x-secret-hop", "te", "proxy-authorization", "seaworthy-instance"]) {
    assert.equal(headers[gone], undefined, gone);
  }
  assert.notEqual(headers["x-request-id"], "chosen-by-a-stranger");
  assert.equal(got.headers["x-request-id"], headers["x-request-id"]);
  assert.equal(got.headers["x-kept"], "yes");
  assert.equal(got.headers["x-hop"], undefined);
  assert.equal(got.headers["seaworthy-instance"], undefined);
});

test("an inner listener names the instance, and reaches one by name, routed or not", async () => {
  await using one = await echo();
  await using two = await echo();
  await using gateway = await TestGateway.start();
  const endpoints = [
    { id: "a1", port: one.port, release: "r1" },
    { id: "a2", port: two.port, release: "r2", routed: false },
  ];
  await gateway.apply(aConfig({ endpoints }));
  await gateway.untilHealthy("a1", "a2");
  const port = await gateway.port("inner");
  for (let turn = 0; turn < 4; turn += 1) {
    const plain = await send(port);
    assert.equal(plain.headers["seaworthy-instance"], "a1");
    assert.equal(plain.headers["seaworthy-release"], "r1");
  }
  const headers = { "seaworthy-instance": "a2", "x-request-id": "from-inside-1" };
  const named = await send(port, { headers: { ...headers, "x-forwarded-for": "9.9.9.9" } });
  assert.equal(named.headers["seaworthy-instance"], "a2");
  assert.equal(named.headers["x-request-id"], "from-inside-1");
  assert.equal(JSON.parse(named.body).headers["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
  const lost = await send(port, { headers: { "seaworthy-instance": "a9" } });
  assert.equal(lost.status, 404);
});

test("404 without a route, longest prefix first, 503 without an endpoint", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const config = aConfig({ endpoints: [{ id: "a1", port: app.port }], route: { prefix: "/v1" } });
  const { pools, listeners } = config;
  const empty = { ...pools[0]!, name: "empty", endpoints: [] };
  const toEmpty = { ...listeners[0]!.routes[0]!, prefix: "/v1/empty", pool: "empty" };
  const all = listeners.map((one) => ({ ...one, routes: [...one.routes, toEmpty] }));
  await gateway.apply({ ...config, pools: [...pools, empty], listeners: all });
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  assert.equal((await send(port, { path: "/v1" })).status, 200);
  assert.equal((await send(port, { path: "/v1/x" })).status, 200);
  assert.equal((await send(port, { path: "/v1x" })).status, 404);
  assert.equal((await send(port, { path: "/" })).status, 404);
  const none = await send(port, { path: "/v1/empty/y" });
  assert.equal(none.status, 503);
  assert.equal(none.headers["retry-after"], "1");
  const { error, requestId } = JSON.parse(none.body);
  assert.equal(error.code, "no-endpoint");
  assert.equal(requestId, none.headers["x-request-id"]);
});

test("bodies of any size and framing arrive as they were sent", async () => {
  await using app = await upstream((incoming, response) => {
    incoming.pipe(response);
  });
  await using gateway = await TestGateway.start();
  const config = aConfig({ endpoints: [{ id: "a1", port: app.port }] });
  await gateway.apply({ ...config, limits: { ...config.limits, bodyBytes: 8_000_000 } });
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  for (const size of [1, 1_000, 65_536, 65_537, 1_000_000, 5_000_000]) {
    const body = Buffer.alloc(size, "0123456789");
    for (const headers of [
      { "content-length": String(size) },
      { "transfer-encoding": "chunked" },
    ]) {
      const got = await send(port, { method: "POST", body, headers });
      assert.equal(got.status, 200);
      assert.ok(got.body === body.toString(), `${size} ${JSON.stringify(headers)}`);
    }
  }
  const tooMuch = Buffer.alloc(9_000_000);
  const chunked = { "transfer-encoding": "chunked" };
  const refused = await send(port, { method: "POST", body: tooMuch, headers: chunked }).catch(
    () => undefined,
  );
  // The answer had begun when the limit was reached: then only the connection can tell.
  assert.notEqual(refused?.status, 200);
  assert.equal((await gateway.status()).endpoints[0]?.inFlight.unsafe, 0);
});

test("a stream passes unbuffered, waits for a slow reader, and ends with its client", async () => {
  let written = 0;
  let closed = false;
  await using app = await upstream((incoming, response) => {
    response.on("close", () => {
      closed = true;
    });
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (incoming.url === "/slow") {
      response.write("data: first\n\n");
      return;
    }
    const chunk = `data: ${"x".repeat(16_000)}\n\n`;
    const pour = (): void => {
      while (!response.destroyed && written < 500_000_000) {
        written += chunk.length;
        if (!response.write(chunk)) return;
      }
    };
    response.on("drain", pour);
    pour();
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");

  const first = await opened(port, "/slow");
  const [chunk] = await once(first, "data");
  assert.equal(String(chunk), "data: first\n\n");
  const during = await gateway.status();
  assert.equal(during.endpoints[0]?.inFlight.stream, 1);
  first.destroy();
  await eventually("the client's end to reach the service", async () =>
    closed ? true : undefined,
  );

  closed = false;
  const reader = await opened(port, "/flood");
  // Nothing is read: what the service could write is what the buffers on the way hold.
  const held = await eventually("the flood to stop", async () => {
    const before = written;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return written === before ? written : undefined;
  });
  assert.ok(held < 50_000_000, `${held} bytes were taken though nobody read`);
  reader.resume();
  await eventually("the flood to go on", async () =>
    written > held + 5_000_000 ? true : undefined,
  );
  reader.destroy();
  await eventually("its end to reach the service", async () => (closed ? true : undefined));
});

function opened(port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      response.on("error", () => {});
      resolve(response);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

test("504 when the service is late, 502 when it breaks off, a torn body is seen", async () => {
  await using app = await upstream((incoming, response) => {
    if (incoming.url === "/break") incoming.socket.destroy();
    if (incoming.url === "/tear") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => incoming.socket.destroy(), 50);
    }
    if (incoming.url === "/nonsense") incoming.socket.end("this is not HTTP\r\n\r\n");
  });
  await using gateway = await TestGateway.start();
  const route = { timeoutMs: 900, tryTimeoutMs: 300 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], route }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const late = await send(port, { path: "/late", method: "POST", body: "x" });
  assert.equal(late.status, 504);
  assert.equal(JSON.parse(late.body).error.code, "timeout");
  assert.equal((await send(port, { path: "/late" })).status, 504);
  assert.equal((await send(port, { path: "/break", method: "POST", body: "x" })).status, 502);
  assert.equal((await send(port, { path: "/nonsense", method: "POST", body: "x" })).status, 502);
  await assert.rejects(send(port, { path: "/tear" }));
  const failed = (await gateway.status()).endpoints[0]!.failed;
  assert.equal(failed.unsafe, 3);
  assert.ok(failed.safe >= 4, JSON.stringify(failed));
});

test("keeps connections alive on both sides", async () => {
  let connections = 0;
  await using app = await upstream((_incoming, response) => response.end("ok"));
  app.server.on("connection", () => {
    connections += 1;
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(
    aConfig({ endpoints: [{ id: "a1", port: app.port }], check: { everyMs: 60_000 } }),
  );
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const before = connections;
  for (let turn = 0; turn < 20; turn += 1) {
    assert.equal((await send(port, { agent })).body, "ok");
  }
  agent.destroy();
  assert.ok(connections - before <= 2, `${connections - before} connections for 20 requests`);
});

test("logs one JSON line a request, without query or secrets", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const accessLog = join(gateway.folder, "access.jsonl");
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], accessLog }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const headers = { authorization: "Bearer sentinel-secret", cookie: "s=sentinel-secret" };
  await send(port, { path: '/p/"quoted"?token=sentinel-secret', headers });
  await send(port, { path: "/x", method: "POST", body: "sentinel-secret" });
  const lines = await eventually("two lines", async () => {
    const text = await readFile(accessLog, "utf8").catch(() => "");
    const all = text.split("\n").filter(Boolean);
    return all.length === 2 ? all : undefined;
  });
  assert.ok(!lines.join().includes("sentinel-secret"));
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.equal(first.path, '/p/"quoted"');
  assert.equal(first.status, 200);
  assert.equal(first.instance, "a1");
  assert.equal(second.class, "unsafe");
  assert.equal(second.bytesIn, 15);
});

test("a disk that is full drops log lines, counts them, and delays nobody", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  // Every write to it fails with ENOSPC (full(4)).
  await gateway.apply(
    aConfig({ endpoints: [{ id: "a1", port: app.port }], accessLog: "/dev/full" }),
  );
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  for (let turn = 0; turn < 10; turn += 1) assert.equal((await send(port)).status, 200);
  await eventually("10 dropped lines", async () => {
    const text = await gateway.metrics();
    return text.includes("seaworthy_gateway_log_lines_dropped_total 10") ? true : undefined;
  });
});

test("tells connections above the limit so, and closes them", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  await gateway.apply(
    aConfig({ endpoints: [{ id: "a1", port: app.port }], limits: { connections: 3 } }),
  );
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const sockets = [0, 1, 2].map(() => connect(port, "127.0.0.1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await eventually("three to be counted", async () =>
    (await gateway.metrics()).includes('connections{listener="public"} 3') ? true : undefined,
  );
  const refused = await send(port);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal(refused.headers["connection"], "close");
  for (const socket of sockets) socket.destroy();
  await eventually("room again", async () =>
    (await send(port)).status === 200 ? true : undefined,
  );
});
