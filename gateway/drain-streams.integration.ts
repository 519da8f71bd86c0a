import assert from "node:assert/strict";
import { get } from "node:http";
import { connect } from "node:net";
import type { Writable } from "node:stream";
import { test } from "node:test";
import { aConfig, eventually, send, TestGateway, upstream, type Upstream } from "./rig.fixture.ts";
import { accept, frame, openWebSocket, TEXT, type WebSocketPeer } from "./websocket.fixture.ts";

const SOCKETS = 50;
const STREAMS = 20;
const EVERY_MS = 20;

/** Counts upwards on every socket and stream, and keeps what each socket's client said. */
interface Service extends AsyncDisposable {
  readonly app: Upstream;
  /** By the socket's path. */
  readonly heard: Map<string, WebSocketPeer>;
}

async function service(name: string): Promise<Service> {
  const heard = new Map<string, WebSocketPeer>();
  const stopping = new AbortController();
  const app = await upstream((incoming, response) => {
    if (incoming.url === "/name") return void response.end(name);
    response.writeHead(200, { "content-type": "text/event-stream" });
    // In two pieces: a stream that ends between them has not ended between two events.
    void count(response, stopping.signal, (last) => [`id: ${last}\ndata: `, `${last}\n\n`]);
  });
  app.server.on("upgrade", (request, socket, first) => {
    const peer = accept(request, socket, first);
    heard.set(request.url ?? "", peer);
    void count(socket, stopping.signal, (last) => {
      const bytes = frame(TEXT, Buffer.from(`${last}`));
      return peer.isOpen ? [bytes.subarray(0, 2), bytes.subarray(2)] : [];
    });
  });
  return {
    app,
    heard,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      for (const { socket } of heard.values()) socket.destroy();
      await app[Symbol.asyncDispose]();
    },
  };
}

async function count(
  out: Writable,
  signal: AbortSignal,
  piecesOf: (last: number) => readonly (string | Buffer)[],
): Promise<void> {
  for (let last = 1; !signal.aborted && !out.destroyed; last += 1) {
    for (const piece of piecesOf(last)) {
      out.write(piece);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS / 2));
    }
    if (out.writableEnded || piecesOf(last).length === 0) return;
  }
}

interface Client {
  readonly path: string;
  readonly peer: WebSocketPeer;
  readonly said: string[];
}

/** Opened, and speaking until it is told that it is over. */
async function openClients(port: number): Promise<readonly Client[]> {
  return await Promise.all(
    Array.from({ length: SOCKETS }, async (_, index) => {
      const path = `/socket/${index}`;
      const { peer } = await openWebSocket(port, path);
      const said: string[] = [];
      const timer = setInterval(() => {
        if (!peer.isOpen) return clearInterval(timer);
        said.push(`${said.length + 1}`);
        peer.send(said.at(-1)!);
      }, EVERY_MS);
      return { path, peer, said };
    }),
  );
}

interface Stream {
  text: string;
  isWhole: boolean | undefined;
  endedMs: number;
}

function openStream(port: number): Stream {
  const stream: Stream = { text: "", isWhole: undefined, endedMs: 0 };
  const end = (isWhole: boolean): void => {
    stream.isWhole ??= isWhole;
    stream.endedMs = performance.now();
  };
  const outgoing = get({ host: "127.0.0.1", port, path: "/events", agent: false }, (response) => {
    response.setEncoding("utf8").on("data", (chunk: string) => (stream.text += chunk));
    response.on("end", () => end(true));
    response.on("error", () => end(false));
  });
  outgoing.on("error", () => end(false));
  return stream;
}

function assertCounted(numbers: readonly string[], what: string): void {
  assert.ok(numbers.length > 0, `${what}: nothing came`);
  const expected = numbers.map((_, index) => `${index + 1}`);
  assert.deepEqual(numbers, expected, `${what}: not one after the other`);
}

/** Everything ended as a goodbye, nothing said before it was lost, and not all at one instant. */
function assertGraceful(
  clients: readonly Client[],
  streams: readonly Stream[],
  { heard }: Service,
): void {
  for (const { path, peer, said } of clients) {
    assert.equal(peer.closeCode, 1_012, path);
    assertCounted(peer.messages, path);
    assert.deepEqual(heard.get(path)?.messages, said, `${path}: what the client said`);
    assert.equal(heard.get(path)?.closeCode, 1_012, `${path}: the service's side`);
  }
  for (const { text, isWhole } of streams) {
    assert.equal(isWhole, true, text.slice(-40));
    const events = text.split("\n\n");
    assert.equal(events.pop(), "", "ended inside an event");
    assertCounted(
      events.map((event) => event.replace(/^id: (\d+)\ndata: \1$/, "$1")),
      "events",
    );
  }
  const ends = [
    ...clients.map(({ peer }) => peer.closedMs ?? 0),
    ...streams.map(({ endedMs }) => endedMs),
  ].toSorted((a, b) => a - b);
  // How evenly: wind-up.test.ts, where no busy machine has a say.
  assert.ok(ends.at(-1)! - ends[0]! > 100, "all at one instant");
}

async function allOpen(gateway: TestGateway): Promise<void> {
  await eventually("all sockets and streams to be open", async () => {
    const { endpoints } = await gateway.status();
    const open = endpoints.reduce((sum, one) => sum + one.inFlight.stream, 0);
    return open === SOCKETS + STREAMS ? true : undefined;
  });
  // Some messages each way.
  await new Promise((resolve) => setTimeout(resolve, 300));
}

test("50 sockets and 20 streams through a drain: all end well, new ones go elsewhere", async () => {
  await using old = await service("old");
  await using next = await service("next");
  await using gateway = await TestGateway.start();
  const [a, b] = [
    { id: "old", port: old.app.port },
    { id: "next", port: next.app.port },
  ];
  await gateway.apply(aConfig({ endpoints: [a, { ...b, routed: false }] }));
  await gateway.untilHealthy("old", "next");
  const port = await gateway.port("public");
  const clients = await openClients(port);
  const streams = Array.from({ length: STREAMS }, () => openStream(port));
  await allOpen(gateway);
  await gateway.apply(aConfig({ generation: 2, endpoints: [b, { ...a, routed: false }] }));
  const draining = gateway.drainEndpoint("old", 4_000);
  assert.equal((await send(port, { path: "/name" })).body, "next");
  const fresh = await openWebSocket(port, "/fresh");
  assert.ok(next.heard.has("/fresh"));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.ok(
    clients.every(({ peer }) => peer.isOpen),
    "ended long before the deadline",
  );
  const outcome = await draining;
  assert.deepEqual([outcome.drained, outcome.cut], [false, SOCKETS + STREAMS]);
  assert.ok(outcome.tookMs < 4_500);
  await Promise.all(clients.map(({ peer }) => peer.closed));
  await eventually("the streams", async () =>
    streams.every(({ isWhole }) => isWhole !== undefined) ? true : undefined,
  );
  assertGraceful(clients, streams, old);
  assert.ok(fresh.peer.isOpen, "one of another instance was ended too");
  fresh.socket.destroy();
});

test("50 sockets and 20 streams through a handover: they live on, then end well", async () => {
  await using app = await service("app");
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const clients = await openClients(port);
  const streams = Array.from({ length: STREAMS }, () => openStream(port));
  await allOpen(gateway);
  const { workerPid } = await gateway.status();
  const reply = await gateway.ask({ op: "handover", drainMs: 4_000 });
  assert.ok(reply.ok && "status" in reply && reply.status.workerPid !== workerPid);
  const before = clients.map(({ peer }) => peer.messages.length);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const [index, { peer }] of clients.entries()) {
    assert.ok(peer.isOpen && peer.messages.length > before[index]!, "it did not live on");
  }
  assert.equal((await send(port, { path: "/name" })).body, "app");
  await Promise.all(clients.map(({ peer }) => peer.closed));
  await eventually("the streams", async () =>
    streams.every(({ isWhole }) => isWhole !== undefined) ? true : undefined,
  );
  assertGraceful(clients, streams, app);
  await eventually("the old worker to be gone", async () => {
    const { workers } = await gateway.status();
    return workers.length === 1 ? true : undefined;
  });
});

test("a message that never becomes whole is not waited for: it is closed plainly", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  app.server.on("upgrade", (request, socket, first) => {
    accept(request, socket, first);
    // The first bytes of a frame of 100, and no more.
    socket.write(Buffer.from([0x81, 100, 1, 2, 3]));
  });
  await using gateway = await TestGateway.start();
  const endpoint = { id: "a1", port: app.port };
  await gateway.apply(aConfig({ endpoints: [endpoint] }));
  await gateway.untilHealthy("a1");
  const { peer, socket } = await openWebSocket(await gateway.port("public"));
  await eventually("its first bytes", async () => (socket.bytesRead > 100 ? true : undefined));
  await gateway.apply(aConfig({ generation: 2, endpoints: [{ ...endpoint, routed: false }] }));
  const outcome = await gateway.drainEndpoint("a1", 2_500);
  assert.equal(outcome.cut, 1);
  await peer.closed;
  assert.equal(peer.closeCode, undefined);
});

test("a client that does not say goodbye is not waited for either", async () => {
  await using app = await service("app");
  await using gateway = await TestGateway.start();
  const endpoint = { id: "a1", port: app.app.port };
  await gateway.apply(aConfig({ endpoints: [endpoint] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const mute = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  mute.on("error", () => {});
  mute.write(
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  mute.resume();
  await eventually("it to be open", async () =>
    (await gateway.status()).endpoints[0]?.inFlight.stream === 1 ? true : undefined,
  );
  await gateway.apply(aConfig({ generation: 2, endpoints: [{ ...endpoint, routed: false }] }));
  const outcome = await gateway.drainEndpoint("a1", 3_000);
  assert.equal(outcome.cut, 1);
  assert.ok(outcome.tookMs < 4_000);
  await eventually("its connection to be closed", async () =>
    (await gateway.metrics()).includes('connections{listener="public"} 0\n') ? true : undefined,
  );
  mute.destroy();
});
