import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectSecurely } from "node:tls";
import { selfSigned } from "@seaworthy/std/self-signed";
import {
  aConfig,
  eventually,
  send,
  sendRaw,
  TestGateway,
  upstream,
  type ConfigParts,
  type Upstream,
} from "./rig.fixture.ts";
import {
  accept,
  frame,
  openOn,
  openWebSocket,
  TEXT,
  type WebSocketPeer,
} from "./websocket.fixture.ts";

/** A service that agrees to every handshake and does with the socket what it is told. */
async function service(onSocket: (peer: WebSocketPeer) => void): Promise<Upstream> {
  const app = await upstream((_incoming, response) => response.writeHead(403).end("not here"));
  app.server.on("upgrade", (request, socket, first) => onSocket(accept(request, socket, first)));
  return app;
}

const echoing = (): Promise<Upstream> =>
  service((peer) => {
    peer.onMessage = (text) => peer.send(text);
  });

async function serving(app: Upstream, parts: Partial<ConfigParts> = {}): Promise<TestGateway> {
  const gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], ...parts }));
  await gateway.untilHealthy("a1");
  return gateway;
}

async function streamsOpen(gateway: TestGateway): Promise<number> {
  return (await gateway.status()).endpoints[0]?.inFlight.stream ?? -1;
}

test("a WebSocket passes both ways, is a stream while it lasts, ends with either", async () => {
  await using app = await echoing();
  const gateway = await serving(app);
  await using _ended = gateway;
  const accessLog = join(gateway.folder, "access.jsonl");
  const endpoints = [{ id: "a1", port: app.port }];
  await gateway.apply(aConfig({ generation: 2, endpoints, accessLog }));
  const port = await gateway.port("inner");
  const { head, peer, socket } = await openWebSocket(port, "/chat?secret", "X-A: 1\r\n");
  assert.match(head, /\r\nx-kept: yes/i);
  assert.match(head, /\r\nseaworthy-instance: a1/i);
  assert.match(head, /\r\nx-request-id: \S+/i);
  for (const text of ["one", "x".repeat(200_000), ""]) peer.send(text);
  await eventually("three echoes", async () => (peer.messages.length === 3 ? true : undefined));
  assert.deepEqual(peer.messages, ["one", "x".repeat(200_000), ""]);
  assert.equal(await streamsOpen(gateway), 1);
  peer.close(1_000);
  await peer.closed;
  assert.equal(peer.closeCode, 1_000);
  assert.equal(socket.destroyed, true);
  await eventually("it to be over", async () =>
    (await streamsOpen(gateway)) === 0 ? true : undefined,
  );
  const line = await eventually("its log line", async () => {
    const text = await readFile(accessLog, "utf8").catch(() => "");
    return text.split("\n").find((one) => one.includes('"/chat"'));
  });
  const entry = JSON.parse(line);
  assert.deepEqual([entry.status, entry.outcome, entry.class], [101, "ok", "stream"]);
  assert.ok(entry.bytesIn > 200_000 && entry.bytesOut > 200_000 && !line.includes("secret"));
  assert.match(await gateway.metrics(), /answers_total\{status="101"\} 1/);
});

test("over HTTPS it is the same, and drains as well", async () => {
  await using app = await echoing();
  await using gateway = await TestGateway.start();
  const nowMs = Date.now();
  const pair = selfSigned({
    hosts: ["127.0.0.1"],
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + 3_600_000,
  });
  const tls = {
    certificateFile: join(gateway.folder, "edge.pem"),
    keyFile: join(gateway.folder, "edge.key"),
  };
  await writeFile(tls.certificateFile, pair.certificate);
  await writeFile(tls.keyFile, pair.key);
  const endpoint = { id: "a1", port: app.port };
  await gateway.apply(aConfig({ endpoints: [endpoint], tls }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const secure = connectSecurely({ port, host: "127.0.0.1", ca: pair.certificate });
  await once(secure, "secureConnect");
  const { peer } = await openOn(secure);
  peer.send("x".repeat(100_000));
  await eventually("the echo", async () => peer.messages[0]);
  const unrouted = { ...endpoint, routed: false };
  await gateway.apply(aConfig({ generation: 2, endpoints: [unrouted], tls }));
  assert.equal((await gateway.drainEndpoint("a1", 2_500)).cut, 1);
  await peer.closed;
  assert.equal(peer.closeCode, 1_012);
});

test("a client that sends frames with its handshake loses none of them", async () => {
  await using app = await echoing();
  await using gateway = await serving(app);
  const port = await gateway.port("public");
  const head =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const socket = connect(port, "127.0.0.1");
  socket.write(Buffer.concat([Buffer.from(head), frame(TEXT, Buffer.from("early"), true)]));
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  await eventually("the echo", async () => (text.endsWith("early") ? true : undefined));
  socket.destroy();
  await eventually("it to be over", async () =>
    (await streamsOpen(gateway)) === 0 ? true : undefined,
  );
});

test("a slow reader holds its service back; nothing is lost, and nothing piles up", async () => {
  const MESSAGES = 400;
  const BYTES = 100_000;
  let sent = 0;
  await using app = await service((peer) => {
    const fill = (): void => {
      while (sent < MESSAGES) {
        sent += 1;
        if (!peer.send(`${sent}:${"x".repeat(BYTES)}`)) break;
      }
    };
    peer.socket.on("drain", fill);
    fill();
  });
  await using gateway = await serving(app);
  const { peer, socket } = await openWebSocket(await gateway.port("public"));
  socket.pause();
  let before = -1;
  await eventually("the service to be held back", async () => {
    if (before === sent) return true;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return undefined;
  });
  // Kernel buffers on the way take some megabytes, the gateway next to nothing.
  assert.ok(sent < MESSAGES, `all ${MESSAGES} went into buffers`);
  socket.resume();
  await eventually("all of them", async () =>
    peer.messages.length === MESSAGES ? true : undefined,
  );
  assert.deepEqual(
    peer.messages.map((text) => Number(text.split(":")[0])),
    Array.from({ length: MESSAGES }, (_, index) => index + 1),
  );
  socket.destroy();
});

test("only a valid handshake is passed on, and only a true consent believed", async () => {
  let reached = 0;
  await using app = await upstream((_incoming, response) => response.end("plain"));
  app.server.on("upgrade", (request, socket) => {
    reached += 1;
    const yes = "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\n";
    const answers: Record<string, string> = {
      "/lie": `${yes}Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n`,
      "/other": `${yes}Upgrade: tls/1.0\r\n\r\n`,
    };
    socket.end(answers[request.url ?? ""] ?? "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
  });
  await using gateway = await serving(app);
  const port = await gateway.port("public");
  const line = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n";
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const refused: readonly (readonly [string, string, string])[] = [
    ["GET / HTTP/1.1", line, "400"],
    ["GET / HTTP/1.1", `${line}Sec-WebSocket-Key: short\r\n`, "400"],
    ["GET / HTTP/1.1", `${line}${key}${key}`, "400"],
    ["GET / HTTP/1.1", `${line.replace("13", "8")}${key}`, "400"],
    ["GET / HTTP/1.1", `${line}${key}Content-Length: 5\r\n`, "400"],
    ["GET / HTTP/1.1", `${line}${key}Transfer-Encoding: chunked\r\n`, "400"],
    ["POST / HTTP/1.1", `${line}${key}`, "400"],
    ["GET / HTTP/1.1", `${line}${key}Upgrade: h2c\r\n`, "501"],
    ["GET / HTTP/1.1", `${line}${key}`.replace("Connection: upgrade", "X-A: 1"), "501"],
    ["GET / HTTP/1.1", `${line}${key}`.replace("websocket", "tls/1.0"), "501"],
  ];
  for (const [request, headers, status] of refused) {
    const text = await sendRaw(port, `${request}\r\nHost: a\r\n${headers}\r\n${smuggled}`, 5_000);
    assert.equal(text.split(" ")[1], status, `${request} ${headers} → ${text.slice(0, 200)}`);
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, `answered twice: ${headers}`);
  }
  assert.equal(reached, 0);
  const whole = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${line}${key}\r\n`;
  // The service's own no is passed on, and what follows is no request.
  const no = await sendRaw(port, whole("/") + smuggled, 5_000);
  assert.match(no, /^HTTP\/1\.1 403 [^]*\r\nconnection: close\r\n\r\nno$/i);
  for (const path of ["/lie", "/other"]) {
    assert.match(await sendRaw(port, whole(path), 5_000), /^HTTP\/1\.1 502 /, path);
  }
  const plain = await send(port, { headers: { upgrade: "h2c", connection: "upgrade" } });
  assert.equal(plain.body, "plain");
  assert.equal(await streamsOpen(gateway), 0);
});

test("a socket on which nobody speaks is closed after the route's idle time", async () => {
  const peers: WebSocketPeer[] = [];
  await using app = await service((peer) => {
    peers.push(peer);
    peer.onMessage = (text) => peer.send(text);
  });
  await using gateway = await serving(app, { route: { idleMs: 600 } });
  const { peer } = await openWebSocket(await gateway.port("public"));
  const startMs = performance.now();
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    peer.send(`${turn}`);
  }
  await Promise.all([peer.closed, peers[0]!.closed]);
  assert.equal(peer.messages.length, 4, "closed while it was used");
  assert.ok(performance.now() - startMs >= 1_800);
  await eventually("it to be over", async () =>
    (await streamsOpen(gateway)) === 0 ? true : undefined,
  );
});

test("sockets count against the limit of connections; without an instance: 503", async () => {
  await using app = await echoing();
  await using gateway = await serving(app, { limits: { connections: 2 } });
  const port = await gateway.port("public");
  const first = await openWebSocket(port);
  const second = await openWebSocket(port);
  await assert.rejects(openWebSocket(port), /503 /);
  first.socket.destroy();
  await eventually("room", async () =>
    openWebSocket(port).then(
      ({ socket }) => socket.destroy(),
      () => undefined,
    ),
  );
  second.socket.destroy();
  await gateway.apply(aConfig({ generation: 2, endpoints: [] }));
  await assert.rejects(openWebSocket(port), /^Error: HTTP\/1\.1 503 /);
});

test("an instance that is killed takes its sockets along; they are counted no more", async () => {
  const peers: WebSocketPeer[] = [];
  await using app = await service((peer) => peers.push(peer));
  await using gateway = await serving(app);
  const { peer } = await openWebSocket(await gateway.port("public"));
  await eventually("the service to have it", async () => peers[0]);
  peers[0]!.socket.destroy();
  await peer.closed;
  assert.equal(peer.closeCode, undefined);
  await eventually("it to be over", async () =>
    (await streamsOpen(gateway)) === 0 ? true : undefined,
  );
});
