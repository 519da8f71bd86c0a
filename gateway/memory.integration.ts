import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { MemoryReport } from "./memory-probe.fixture.ts";
import { aConfig, eventually, send, TestGateway, upstream, type Upstream } from "./rig.fixture.ts";
import { accept, openWebSocket } from "./websocket.fixture.ts";

/** In CI; `SOAK_REQUESTS=1000000` is the bar, on demand. */
const REQUESTS = Number(process.env["SOAK_REQUESTS"] ?? "30000");
const BLOCKS = 10;
/** Code is still compiled and tables still grow in these. */
const WARM_UP_BLOCKS = 3;
const CLIENTS = 16;
/**
 * What all requests after the warm-up may leave behind, by the line through their blocks. Over a
 * million it was 0.1 bytes a request; over these few, code that is still compiled is 0.3 MB.
 */
const GROWTH_BYTES_MAX = 1_000_000;
const BYTES_PER_REQUEST_MAX = GROWTH_BYTES_MAX / (REQUESTS * (1 - WARM_UP_BLOCKS / BLOCKS));

/** The collector keeps pages for its next turn: 1.6 times was seen, and no more in a million. */
const RSS_TIMES_MAX = 2;

interface Block {
  readonly requests: number;
  readonly memory: MemoryReport;
}

async function service(): Promise<Upstream> {
  const app = await upstream((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => {
      if (incoming.url === "/error") response.writeHead(500);
      if (incoming.url === "/stream")
        response.writeHead(200, { "content-type": "text/event-stream" });
      if (incoming.url !== "/never") response.end("data: 1\n\n");
    });
  });
  app.server.on("upgrade", (incoming, socket, first) => {
    const peer = accept(incoming, socket, first);
    peer.onMessage = (text) => peer.send(text);
  });
  return app;
}

/** All kinds of requests, most of them plain. */
async function ask(port: number, turn: number, agent: Agent): Promise<void> {
  const kind = turn % 100;
  if (kind === 1) await send(port, {});
  else if (kind === 2) await send(port, { agent, path: "/stream" });
  else if (kind === 3) await leave(port);
  else if (kind === 4) await speak(port);
  else if (kind === 5) await send(port, { agent, path: "/nowhere/../x" });
  else if (kind === 6) await send(port, { agent, path: `/${turn}?${"q".repeat(500)}` });
  else if (kind === 7) await sayNothing(port);
  else if (kind % 4 === 0) await send(port, { agent, method: "POST", body: "x".repeat(2_000) });
  else await send(port, { agent });
}

/** Gone before its answer. */
async function leave(port: number): Promise<void> {
  const outgoing = request({ host: "127.0.0.1", port, path: "/never", agent: false });
  outgoing.on("error", () => {});
  outgoing.end();
  await new Promise((resolve) => setTimeout(resolve, 10));
  outgoing.destroy();
}

async function sayNothing(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
}

async function speak(port: number): Promise<void> {
  const { peer, socket } = await openWebSocket(port);
  const echoed = new Promise<void>((resolve) => (peer.onMessage = () => resolve()));
  peer.send("hello");
  await echoed;
  socket.destroy();
}

async function soak(leakBytes: number): Promise<readonly Block[]> {
  const probe = join(import.meta.dirname, "memory-probe.fixture.ts");
  const before = ["env", `NODE_OPTIONS=--import=${probe}`, `LEAK_BYTES=${leakBytes}`];
  await using gateway = await TestGateway.start(before);
  await using app = await service();
  const accessLog = join(gateway.folder, "access.jsonl");
  const endpoints = [{ id: "a1", port: app.port }];
  await gateway.apply(aConfig({ endpoints, accessLog, limits: { connections: 5_000 } }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const { workerPid } = await gateway.status();
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const blocks: Block[] = [];
  let asked = 0;
  for (let block = 1; block <= BLOCKS; block += 1) {
    const client = async (): Promise<void> => {
      while (asked < (REQUESTS / BLOCKS) * block) {
        asked += 1;
        await ask(port, asked, agent);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    blocks.push({ requests: asked, memory: await memoryOf(gateway, workerPid) });
  }
  agent.destroy();
  return blocks;
}

/** After a full collection, when nothing is under way. */
async function memoryOf(gateway: TestGateway, pid: number): Promise<MemoryReport> {
  await eventually("nothing in flight", async () => {
    const { endpoints } = await gateway.status();
    const open = Object.values(endpoints[0]!.inFlight).reduce((sum, each) => sum + each, 0);
    return open === 0 ? true : undefined;
  });
  // Timers of requests that ended are still on their wheel for a moment.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const seen = gateway.log.length;
  process.kill(pid, "SIGUSR2");
  const line = await eventually("its memory", async () =>
    gateway.log
      .slice(seen)
      .split("\n")
      .slice(0, -1)
      .find((one) => one.includes('"event":"memory"')),
  );
  const report: MemoryReport = JSON.parse(line);
  assert.equal(report.pid, pid);
  return report;
}

/** Of the least-squares line through the blocks after the warm-up: heap bytes by request. */
function slopeOf(blocks: readonly Block[]): number {
  const points = blocks.slice(WARM_UP_BLOCKS).map(({ requests, memory }) => {
    return { x: requests, y: memory.heapUsed + memory.external };
  });
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  const above = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return above / points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
}

function tell(t: TestContext, blocks: readonly Block[]): void {
  for (const { requests, memory } of blocks) {
    t.diagnostic(
      `${requests}: heap ${memory.heapUsed}, external ${memory.external}, rss ${memory.rss}`,
    );
  }
  t.diagnostic(`${slopeOf(blocks)} bytes a request`);
}

test(`the worker's memory is flat over ${REQUESTS} requests of all kinds`, async (t) => {
  const blocks = await soak(0);
  tell(t, blocks);
  assert.ok(slopeOf(blocks) < BYTES_PER_REQUEST_MAX, `${slopeOf(blocks)} bytes a request`);
  const [first, last] = [blocks[0]!.memory.rss, blocks.at(-1)!.memory.rss];
  assert.ok(last < first * RSS_TIMES_MAX, `${first} bytes resident at first, ${last} at last`);
});

test("a leak of 100 bytes a request is seen", async (t) => {
  const blocks = await soak(100);
  tell(t, blocks);
  assert.ok(slopeOf(blocks) > BYTES_PER_REQUEST_MAX, `${slopeOf(blocks)} bytes a request`);
});
