import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readBody } from "./body.ts";
import { systemClock } from "./clock.ts";
import { type Route, sendJson } from "./exchange.ts";
import { createReadiness } from "./health.ts";
import { createLog } from "./log.ts";
import { type HttpService, serve } from "./serve.ts";

const ECHO: Route = {
  method: "POST",
  path: "/echo",
  answer: async ({ request, response }) => {
    const body = await readBody(request, 1_000);
    sendJson(response, JSON.stringify(body.toString()));
  },
};
const SLOW: Route = {
  method: "GET",
  path: "/slow",
  answer: async ({ response }) => {
    await systemClock.sleep(400);
    sendJson(response, '"slow"');
  },
};
const FAULTY: Route = {
  method: "GET",
  path: "/faulty",
  answer: () => Promise.reject(new Error("password is hunter2")),
};

type Started = HttpService &
  AsyncDisposable & { readonly url: string; readonly lines: readonly string[] };

async function started(routes: readonly Route[]): Promise<Started> {
  const lines: string[] = [];
  const out = { write: (text: string) => lines.push(text) };
  const clock = systemClock;
  const service = await serve({
    host: "127.0.0.1",
    port: 0,
    routes,
    clock,
    readiness: createReadiness(undefined),
    log: createLog({ level: "info", service: "test", instance: "0", clock, out }),
  });
  return Object.assign(service, {
    url: `http://127.0.0.1:${service.port}`,
    lines,
    [Symbol.asyncDispose]: async () => {
      await service.stop({ quietMs: 0, leaveMsMax: 0, finishMsMax: 0 });
    },
  });
}

/** Sends bytes as they are; resolves with all that came back once the other side closed. */
async function raw(service: HttpService, bytes: string): Promise<string> {
  const socket = connect(service.port, "127.0.0.1");
  socket.write(bytes);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

test("keeps a failure's cause to its log and gives the client the request id", async () => {
  await using service = await started([FAULTY]);
  const response = await fetch(`${service.url}/faulty`, { headers: { "x-request-id": "r-1" } });
  const body = await response.text();
  assert.equal(response.status, 500);
  assert.equal(JSON.parse(body).request_id, "r-1");
  assert.doesNotMatch(body, /hunter2/);
  assert.match(service.lines.join(""), /"requestId":"r-1".*hunter2/);
});

test("replaces a request id that could break a log or a header", async () => {
  await using service = await started([SLOW]);
  const response = await fetch(`${service.url}/health`, {
    headers: { "x-request-id": "a b\u00e9" },
  });
  assert.match(response.headers.get("x-request-id") ?? "", /^[0-9a-f]{12}-0$/);
});

test("refuses large headers, bad HTTP, and two lengths of one body", async () => {
  await using service = await started([ECHO]);
  const start = "POST /echo HTTP/1.1\r\nhost: x\r\n";
  assert.match(await raw(service, `${start}pad: ${"x".repeat(30_000)}\r\n\r\n`), /^HTTP\/1.1 431/);
  assert.match(await raw(service, "no http at all\r\n\r\n"), /^HTTP\/1.1 400/);
  const both = `${start}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
  assert.match(await raw(service, both), /^HTTP\/1.1 400/);
});

test("refuses a body above its limit, read on or not", async () => {
  await using service = await started([ECHO]);
  const tooLarge = await fetch(`${service.url}/echo`, { method: "POST", body: "x".repeat(1_001) });
  assert.equal(tooLarge.status, 413);
  const start = "POST /echo HTTP/1.1\r\nhost: x\r\n";
  assert.match(await raw(service, `${start}content-length: 900000\r\n\r\n`), /^HTTP\/1.1 413/);
});

test("cuts a body that comes too slowly", async () => {
  await using service = await started([ECHO]);
  const slow = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n123";
  // 15 s by the server's request time-out, checked once a second.
  assert.match(await raw(service, slow), /^HTTP\/1.1 408/);
});

test("answers HEAD like GET without a body, keeps the connection after a 404", async () => {
  await using service = await started([]);
  const two =
    "HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n" +
    "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n" +
    "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
  const answer = await raw(service, two);
  assert.deepEqual(answer.match(/HTTP\/1.1 \d+/g), [
    "HTTP/1.1 200",
    "HTTP/1.1 404",
    "HTTP/1.1 200",
  ]);
  assert.equal(answer.match(/"status":"ok"/g)?.length, 1);
});

test("a stop waits for what is in flight and cuts what takes too long", async () => {
  await using patient = await started([SLOW]);
  const answered = fetch(`${patient.url}/slow`);
  await delay(100);
  assert.equal(await patient.stop({ quietMs: 10, leaveMsMax: 100, finishMsMax: 10_000 }), 0);
  assert.equal((await answered).headers.get("connection"), "close");
  assert.equal(await (await answered).text(), '"slow"');

  await using hasty = await started([SLOW]);
  const cut = assert.rejects(fetch(`${hasty.url}/slow`));
  await delay(100);
  assert.equal(await hasty.stop({ quietMs: 10, leaveMsMax: 100, finishMsMax: 50 }), 1);
  await cut;
});

test("rejects when its port is taken", async () => {
  await using first = await started([]);
  const second = serve({
    host: "127.0.0.1",
    port: first.port,
    routes: [],
    clock: systemClock,
    readiness: createReadiness(undefined),
    log: { write: () => undefined, enabled: () => false },
  });
  await assert.rejects(second, /EADDRINUSE/);
});
