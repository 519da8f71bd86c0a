import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { aConfig, echo, eventually, send, sendRaw, TestGateway, upstream } from "./rig.fixture.ts";

/** Resident memory of the serving worker. */
async function residentBytes(gateway: TestGateway): Promise<number> {
  const { workerPid } = await gateway.status();
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(await status(workerPid)) ?? [];
  return Number(kib) * 1_024;
}

function status(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/status`, "utf8");
}

/** One connection, all that came on it, and whether it is over. */
class Talk implements Disposable {
  readonly socket: Socket;
  text = "";
  isClosed = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: string) => {
      this.text += chunk;
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** Writes a byte each `everyMs` until the other side closes. */
  trickle(bytes: string, everyMs: number): void {
    let at = 0;
    const timer = setInterval(() => {
      if (this.socket.writable) this.socket.write(bytes[at % bytes.length] ?? "x");
      at += 1;
    }, everyMs);
    this.socket.on("close", () => clearInterval(timer));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

test("three hundred slow heads and bodies end in time, and nobody else waits", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const timeouts = { headerMs: 1_500, bodyMs: 1_500 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], timeouts }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  using talks = new DisposableStack();
  const heads = Array.from({ length: 100 }, () => talks.use(new Talk(port)));
  for (const talk of heads) talk.trickle("GET / HTTP/1.1\r\nX: ".padEnd(100_000, "x"), 100);
  const post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const bodies = ["Content-Length: 1000", "Content-Length: 900000"].flatMap((length) =>
    Array.from({ length: 100 }, () => {
      const talk = talks.use(new Talk(port));
      talk.socket.write(`${post}${length}\r\n\r\n`);
      talk.trickle("x", 100);
      return talk;
    }),
  );
  for (let turn = 0; turn < 50; turn += 1) assert.equal((await send(port)).status, 200);
  await eventually("all slow ones to be closed", async () =>
    [...heads, ...bodies].every(({ isClosed }) => isClosed) ? true : undefined,
  );
  for (const { text } of heads) assert.match(text, /^HTTP\/1\.1 408 .*"header-timeout"/s);
  for (const { text } of bodies) assert.match(text, /^HTTP\/1\.1 408 .*"body-timeout"/s);
  const { endpoints } = await gateway.status();
  assert.equal(endpoints[0]?.health, "healthy", "a slow client is not its instance's fault");
});

const READERS = 20;

test("clients that do not read hold little memory, and not for long", async () => {
  // More than the kernel holds of an answer, on both sides together.
  const answer = Buffer.alloc(40_000_000, "x");
  await using app = await upstream((incoming, response) => {
    if (incoming.url === "/big") response.end(answer);
    else response.end("ok");
  });
  await using gateway = await TestGateway.start();
  const route = { idleMs: 2_000 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], route }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  for (let turn = 0; turn < 20; turn += 1) await send(port);
  const before = await residentBytes(gateway);
  using talks = new DisposableStack();
  const readers = Array.from({ length: READERS }, () => {
    const talk = talks.use(new Talk(port));
    talk.socket.pause();
    talk.socket.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    return talk;
  });
  await eventually("all answers to be held up", async () =>
    (await gateway.status()).endpoints[0]?.inFlight.safe === READERS ? true : undefined,
  );
  const grown = (await residentBytes(gateway)) - before;
  for (let turn = 0; turn < 50; turn += 1) assert.equal((await send(port)).status, 200);
  // Of 40 MB each: what a response and a connection to the instance buffer, and the heap's slack.
  assert.ok(grown < READERS * 5_000_000, `${grown} bytes for ${READERS} answers nobody reads`);
  await eventually("their requests to be ended", async () =>
    (await gateway.status()).endpoints[0]?.inFlight.safe === 0 ? true : undefined,
  );
  for (const { socket } of readers) socket.resume();
  await eventually("their connections to be closed", async () =>
    readers.every(({ isClosed }) => isClosed) ? true : undefined,
  );
  assert.equal((await gateway.status()).endpoints[0]?.health, "healthy");
});

test("pipelined requests are passed on one after the other, in order", async () => {
  let most = 0;
  let open = 0;
  const seen: string[] = [];
  await using app = await upstream((incoming, response) => {
    open += 1;
    most = Math.max(most, open);
    seen.push(`${incoming.method} ${incoming.url}`);
    incoming.resume();
    setTimeout(() => {
      open -= 1;
      response.end(incoming.url);
    }, 20);
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const wanted = Array.from({ length: 20 }, (_, index) => `POST /${index}`);
  const bytes = wanted.map((line, index) => {
    const close = index === wanted.length - 1 ? "Connection: close\r\n" : "";
    return `${line} HTTP/1.1\r\nHost: a\r\n${close}Content-Length: 2\r\n\r\nhi`;
  });
  const text = await sendRaw(port, bytes.join(""));
  assert.deepEqual(seen, wanted);
  assert.equal(most, 1, "no two requests of one connection at a time");
  assert.equal(text.split("HTTP/1.1 200").length - 1, wanted.length);
  let at = -1;
  for (const line of wanted) {
    const next = text.indexOf(`\r\n\r\n${line.slice(5)}`, at);
    assert.ok(next > at, `${line} is answered in its turn`);
    at = next;
  }
});

test("a flood of pipelined requests is answered in part, told so, and closed", async () => {
  let asked = 0;
  await using app = await upstream((_incoming, response) => {
    asked += 1;
    setTimeout(() => response.end("ok"), 50);
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const text = await sendRaw(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20_000));
  assert.match(text, /^HTTP\/1\.1 200/);
  assert.match(text, /HTTP\/1\.1 429 [^]*"code":"pipelined"[^]*$/);
  assert.ok(asked <= 65, `${asked} requests of one flood reached the service`);
  assert.equal(text.split("HTTP/1.1 ").length - 1, asked + 1, "each that was sent is answered");
  assert.equal((await send(port)).status, 200);
});

test("what comes behind an answer that is owed is never taken for it", async () => {
  await using app = await upstream((_incoming, response) => {
    setTimeout(() => response.end("the answer"), 300);
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const get = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const next of [
    "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "this is not HTTP\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
  ]) {
    const text = await sendRaw(port, get + next);
    assert.ok(text === "" || text.startsWith("HTTP/1.1 200"), `${next} → ${text.slice(0, 80)}`);
  }
});

test("too long a target is 414, too long a head or too many lines are 431", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const end = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  for (const [bytes, code] of [
    [`GET /${"x".repeat(8_191)}${end}\r\n`, "200"],
    [`GET /${"x".repeat(8_192)}${end}\r\n`, "414"],
    [`GET /${"x".repeat(17_000)}${end}\r\n`, "414"],
    [`GET /${"x".repeat(1_000_000)}`, "414"],
    [`GET /${end}X: ${"x".repeat(16_384)}\r\n\r\n`, "431"],
    [`GET /${end}${`X: ${"x".repeat(1_000)}\r\n`.repeat(17)}\r\n`, "431"],
    [`GET /${end}${"X: 1\r\n".repeat(98)}\r\n`, "200"],
    [`GET /${end}${"X: 1\r\n".repeat(99)}\r\n`, "431"],
  ] as const) {
    const text = await sendRaw(port, bytes);
    assert.equal(text.split(" ")[1], code, `${bytes.slice(0, 60)} (${bytes.length} bytes)`);
  }
});
