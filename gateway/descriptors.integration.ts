import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { aConfig, echo, eventually, send, TestGateway } from "./rig.fixture.ts";

const LIMIT = 400;
/** The share of them that clients on public listeners are given (descriptors.ts). */
const SERVED = Math.floor((LIMIT - 128) * 0.6);

async function connections(port: number, count: number): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      return socket;
    }),
  );
}

/** CPU time of a process so far, in hundredths of a second (proc_pid_stat(5), fields 14 and 15). */
async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

test("clients are turned away before descriptors run out; what is open is served on", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start(["prlimit", `--nofile=${LIMIT}:${LIMIT}`]);
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await send(port, { agent })).status, 200);
  const crowd = await connections(port, LIMIT * 2);
  await eventually("most of them to be closed", async () =>
    crowd.filter(({ closed }) => !closed).length < SERVED ? true : undefined,
  );
  for (let turn = 0; turn < 50; turn += 1) {
    assert.equal((await send(port, { agent })).status, 200, "a connection that was there before");
  }
  assert.equal((await send(await gateway.port("inner"))).status, 200, "the inside goes on");
  const refused = await send(port);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal(JSON.parse(refused.body).error.code, "descriptors");
  const { workerPid, endpoints } = await gateway.status();
  assert.ok((await descriptorsOf(workerPid)) < LIMIT * 0.8);
  assert.equal(endpoints[0]?.health, "healthy");
  for (const socket of crowd) socket.destroy();
  await eventually("room again", async () =>
    (await send(port)).status === 200 ? true : undefined,
  );
  assert.equal((await gateway.status()).workerPid, workerPid, "nobody died of it");
  agent.destroy();
});

test("with none left it neither dies nor spins, and recovers when there are some", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const check = { everyMs: 200, timeoutMs: 5_000 };
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], check }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const { workerPid } = await gateway.status();
  const kept = await connections(port, 4);
  const ask = async (socket = kept[0]): Promise<string> => {
    assert.ok(socket);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const [answer] = await once(socket, "data");
    return String(answer);
  };
  assert.match(await ask(), /^HTTP\/1\.1 200/);
  // As many as it has now: every open and accept fails with EMFILE.
  const open = new Set((await readdir(`/proc/${workerPid}/fd`)).map(Number));
  let free = 0;
  while (open.has(free)) free += 1;
  execFileSync("prlimit", ["--pid", String(workerPid), `--nofile=${free}:20000`]);
  const before = await ticksOf(workerPid);
  const startedMs = performance.now();
  const crowd = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
  for (const socket of crowd) socket.on("error", () => {});
  for (let turn = 0; turn < 20; turn += 1) {
    assert.match(await ask(), /^HTTP\/1\.1 200/, "what is connected is served on");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // Four at once need more connections to the instance than there are.
  for (const answer of await Promise.all(kept.map(ask))) {
    assert.match(answer, /^HTTP\/1\.1 (200 |503 [^]*"code":"descriptors")/);
  }
  const elapsedMs = performance.now() - startedMs;
  const busyMs = ((await ticksOf(workerPid)) - before) * 10;
  assert.ok(busyMs < elapsedMs / 2, `${busyMs} ms of CPU in ${elapsedMs} ms: it spins`);
  assert.ok(
    crowd.some(({ closed }) => closed),
    "those that cannot be accepted are closed",
  );
  const during = await gateway.status();
  assert.equal(during.workerPid, workerPid);
  assert.equal(during.endpoints[0]?.health, "healthy", "the lack is the gateway's own");
  assert.equal(during.endpoints[0]?.lastProbe, "EMFILE");
  assert.deepEqual(during.endpoints[0]?.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
  execFileSync("prlimit", ["--pid", String(workerPid), "--nofile=20000:20000"]);
  await eventually("new connections to be served", async () =>
    send(port).then(
      ({ status }) => (status === 200 ? true : undefined),
      () => undefined,
    ),
  );
  assert.equal((await gateway.status()).workerPid, workerPid);
  for (const socket of [...kept, ...crowd]) socket.destroy();
});
