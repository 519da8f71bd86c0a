import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { aConfig, echo, send, sendRaw, TestGateway, upstream } from "./rig.fixture.ts";

test("refuses what two readers could read in two ways", async () => {
  let reached = 0;
  await using app = await upstream((_request, response) => {
    reached += 1;
    response.end();
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const chunked = "Transfer-Encoding: chunked";
  const cases: readonly (readonly [string, string])[] = [
    [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${chunked}\r\n\r\n0\r\n\r\n`, "400"],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nhello", "400"],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", "400"],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello", "400"],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"],
    [`POST / HTTP/1.0\r\nHost: a\r\n${chunked}\r\n\r\n0\r\n\r\n`, "400"],
    [`POST / HTTP/1.1\r\nHost: a\r\n${chunked}\r\n\r\nzz\r\n`, "400"],
    ["GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n folded\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"],
    ['GET / HTTP/1.1\r\nHost: a"b\r\n\r\n', "400"],
    ["GET / HTTP/1.1\r\n\r\n", "400"],
    ["GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
    ["GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
    ["GET / HTTP/1.1\nHost: a\n\n", "400"],
    ["GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "400"],
    ["CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "501"],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "413"],
    [`GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${"x".repeat(20_000)}\r\n\r\n`, "431"],
    [`GET / HTTP/1.1\r\nHost: a\r\n${"X-Many: 1\r\n".repeat(200)}\r\n`, "431"],
  ];
  for (const [bytes, status] of cases) {
    // Answers that keep the connection are not waited for to their end.
    const text = await sendRaw(port, bytes, 800);
    assert.equal(text.split(" ")[1], status, `${bytes.slice(0, 90)} → ${text.slice(0, 60)}`);
    assert.match(text, /x-request-id: \S{8,}/, bytes.slice(0, 90));
    assert.equal(JSON.parse(text.split("\r\n\r\n")[1] ?? "").error.status, Number(status));
  }
  // Only the request whose later chunk was bad can have been begun.
  assert.ok(reached <= 1, `${reached} reached the service`);
});

test("takes what is unusual but right", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const close = "Connection: close\r\n\r\n";
  const absolute = await sendRaw(
    port,
    `GET http://other.example/p?q HTTP/1.1\r\nHost: a\r\n${close}`,
  );
  assert.match(absolute, /^HTTP\/1\.1 200/);
  assert.match(absolute, /"url":"\/p\?q"/);
  assert.match(absolute, /"host":"other\.example"/);
  const java = `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n${close}`;
  assert.match(await sendRaw(port, java), /^HTTP\/1\.1 200/);
  assert.match(await sendRaw(port, "GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200/);
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n";
  const expecting = `${post}Expect: 100-continue\r\n${close}ok`;
  assert.match(await sendRaw(port, expecting), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
  const pipelined = `GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n${close}`;
  const both = await sendRaw(port, pipelined);
  assert.ok(
    both.indexOf('"url":"/1"') > 0 && both.indexOf('"url":"/2"') > both.indexOf('"url":"/1"'),
  );
  const head = await send(port, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers["content-length"]) > 0);
});

test("408 for a head or a body that does not come", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const timeouts = { headerMs: 600, bodyMs: 600 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], timeouts }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const slow = await sendRaw(port, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow");
  assert.match(slow, /^HTTP\/1\.1 408 .*"code":"header-timeout"/s);
  const half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf";
  assert.match(await sendRaw(port, half), /^HTTP\/1\.1 408 .*"code":"body-timeout"/s);
  const big = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf";
  assert.match(await sendRaw(port, big), /^HTTP\/1\.1 408 .*"code":"body-timeout"/s);
});

test("a connection that says nothing is idle, not late: a request is answered", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const timeouts = { headerMs: 300, keepAliveMs: 3_000 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], timeouts }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const text = await new Promise<string>((resolve) => {
    let all = "";
    // Node's own Agent opens such connections: one for a request that another then takes.
    const socket = connect(port, "127.0.0.1", () => {
      setTimeout(
        () => socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        1_500,
      );
    });
    socket.on("data", (chunk) => {
      all += chunk.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(all));
  });
  assert.match(text, /^HTTP\/1\.1 200/);
  const startedMs = performance.now();
  assert.equal(await sendRaw(port, ""), "", "it is closed without a word");
  assert.ok(performance.now() - startedMs < 9_000);
});
