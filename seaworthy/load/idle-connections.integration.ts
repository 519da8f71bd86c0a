import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { systemClock } from "@seaworthy/std/clock";
import { IdleConnections } from "./idle-connections.ts";

const run = promisify(execFile);
const soon = (): AbortSignal => AbortSignal.timeout(30_000);

test("held are those that were answered and stay open; what is cut is counted", async (t) => {
  const { url, sockets } = await serving(t, () => 200);
  await using idle = new IdleConnections(planFor(url, 250), systemClock);
  await idle.open(soon());
  assert.equal(idle.counts.held, 250);
  for (const socket of [...sockets].slice(0, 40)) socket.destroy();
  const untilMs = systemClock.now() + 10_000;
  while (idle.counts.cut < 40 && systemClock.now() < untilMs) await systemClock.sleep(20);
  assert.deepEqual([idle.counts.held, idle.counts.cut, idle.counts.most], [210, 40, 250]);
});

test("an answer that is an error holds nothing, and a closed port refuses", async (t) => {
  const { url, server } = await serving(t, () => 503);
  await using busy = new IdleConnections(planFor(url, 20), systemClock);
  await busy.open(soon());
  assert.deepEqual([busy.counts.held, busy.counts.unanswered], [0, 20]);
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  await using closed = new IdleConnections(planFor(url, 20), systemClock);
  await closed.open(soon());
  assert.deepEqual([closed.counts.held, closed.counts.refused], [0, 20]);
});

test("idle ones are asked again before the server would close them", async (t) => {
  let asked = 0;
  const { url } = await serving(t, () => {
    asked += 1;
    return 200;
  });
  await using idle = new IdleConnections({ ...planFor(url, 10), keepAliveMs: 400 }, systemClock);
  await idle.open(soon());
  const over = new AbortController();
  const keeping = idle.keep(over.signal);
  const untilMs = systemClock.now() + 10_000;
  while (asked < 30 && systemClock.now() < untilMs) await systemClock.sleep(20);
  over.abort();
  await keeping;
  assert.ok(asked >= 30, `${asked} requests`);
  assert.equal(idle.counts.held, 10);
});

test("a process without descriptors says so, and how many it held", async (t) => {
  const { url } = await serving(t, () => 200);
  const main = fileURLToPath(new URL("./idle-main.fixture.ts", import.meta.url));
  const { stdout } = await run("prlimit", ["--nofile=150:150", process.execPath, main], {
    env: { ...process.env, URL: url, COUNT: "400" },
  });
  const counts = z.object({ held: z.number(), exhausted: z.boolean() }).parse(JSON.parse(stdout));
  assert.equal(counts.exhausted, true);
  assert.ok(counts.held > 20 && counts.held < 150, `${counts.held} held`);
});

function planFor(url: string, count: number) {
  return { url, secure: undefined, path: "/", count, keepAliveMs: 60_000, answerMs: 10_000 };
}

async function serving(
  t: TestContext,
  statusOf: () => number,
): Promise<{ readonly url: string; readonly server: Server; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
    const status = statusOf();
    response.writeHead(status, status === 200 ? {} : { connection: "close" }).end("ok");
  });
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `http://127.0.0.1:${address.port}`, server, sockets };
}
