import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { bindSocket, descriptorOf } from "./bound-socket.ts";
import {
  aConfig,
  eventually,
  isAlive,
  send,
  TestGateway,
  upstream,
  type Upstream,
} from "./rig.fixture.ts";

const MAIN = join(import.meta.dirname, "main.ts");

async function serving(app: Upstream): Promise<TestGateway> {
  const gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  return gateway;
}

async function killed(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(`${pid} to be gone`, async () => (isAlive(pid) ? undefined : true));
}

async function otherWorker(gateway: TestGateway, before: number): Promise<number> {
  return await eventually("another worker", async () => {
    const { workerPid } = await gateway.status();
    return workerPid === before || workerPid === 0 ? undefined : workerPid;
  });
}

test("a worker that hangs is followed by another; what waits is answered", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const port = await gateway.port("public");
  const { workerPid } = await gateway.status();
  process.kill(workerPid, "SIGSTOP");
  // Sent while nobody accepts: 100 wait in the kernel for whoever comes.
  const waiting = Array.from({ length: 100 }, () => send(port));
  const statuses = (await Promise.all(waiting)).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)], [200]);
  await otherWorker(gateway, workerPid);
  assert.match(gateway.log, /"worker-silent"/);
  assert.match(await gateway.metrics(), /worker_restarts_total 1/);
  // A change does not wait for it, and one that comes to itself serves nobody any more.
  await gateway.apply(aConfig({ generation: 2, endpoints: [{ id: "a1", port: app.port }] }));
  process.kill(workerPid, "SIGCONT");
  await eventually("it to drain and end", async () =>
    gateway.log.includes(`"worker-ended","pid":${workerPid},"how":"exit 0"`) ? true : undefined,
  );
});

test("a worker that hangs for good is killed; only what it had is lost", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const port = await gateway.port("public");
  const { workerPid } = await gateway.status();
  // A connection that it has, and will never serve.
  const idle = connect(port, "127.0.0.1");
  idle.on("error", () => {});
  await once(idle, "connect");
  await send(port);
  const closed = once(idle, "close");
  process.kill(workerPid, "SIGSTOP");
  await otherWorker(gateway, workerPid);
  assert.equal((await send(port)).status, 200);
  await closed;
  await eventually("it to be killed", async () =>
    gateway.log.includes(`"pid":${workerPid},"how":"SIGKILL"`) ? true : undefined,
  );
});

test("holder and worker killed at once: nobody listens until the next does", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const { listeners, workerPid } = await gateway.status();
  const port = await gateway.port("public");
  gateway.holder.kill("SIGKILL");
  process.kill(workerPid, "SIGKILL");
  await once(gateway.holder, "exit");
  await eventually("both to be gone", async () => (isAlive(workerPid) ? undefined : true));
  await assert.rejects(send(port), /ECONNREFUSED/);
  await gateway.startAgain();
  await otherWorker(gateway, 0);
  assert.deepEqual((await gateway.status()).listeners, listeners);
  assert.equal((await send(port)).status, 200);
});

test("the worker killed while the next holder starts: that one has the sockets too", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const { workerPid, holderPid } = await gateway.status();
  const port = await gateway.port("public");
  await killed(holderPid);
  await eventually("the next to be there", async () =>
    gateway.log.includes("holder-succeeded") ? true : undefined,
  );
  await killed(workerPid);
  assert.equal((await send(port)).status, 200);
  await gateway.heir(holderPid);
  await otherWorker(gateway, workerPid);
  assert.equal((await send(port)).status, 200);
});

test("a holder that is started from outside meanwhile gives way to the worker's own", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const { holderPid, workerPid } = await gateway.status();
  const argv = [MAIN, "--state", join(gateway.folder, "state")];
  const control = ["--control", join(gateway.folder, "control")];
  await killed(holderPid);
  const second = spawn(process.execPath, [...argv, ...control], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = text(second.stderr);
  const [code] = await once(second, "close");
  assert.equal(code, 1);
  assert.match(await said, /another gateway answers/);
  await gateway.heir(holderPid);
  assert.equal((await gateway.status()).workerPid, workerPid);
});

test("what the dead holder had kept and not applied is applied by the next", async () => {
  await using app = await upstream((_incoming, response) => response.end("old"));
  await using other = await upstream((_incoming, response) => response.end("new"));
  await using gateway = await serving(app);
  const { holderPid, workerPid } = await gateway.status();
  const port = await gateway.port("public");
  const path = join(gateway.folder, "state", "gateway.json");
  process.kill(workerPid, "SIGSTOP");
  await killed(holderPid);
  const kept = JSON.parse(await readFile(path, "utf8"));
  const config = aConfig({ generation: 9, endpoints: [{ id: "b1", port: other.port }] });
  await writeFile(path, JSON.stringify({ ...kept, config }));
  process.kill(workerPid, "SIGCONT");
  await gateway.heir(holderPid);
  await eventually("the new routes", async () => {
    const { generation } = await gateway.status();
    return generation === 9 && (await send(port)).body === "new" ? true : undefined;
  });
});

test("with a state that is damaged the worker's own word counts, and it serves on", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const { holderPid, workerPid } = await gateway.status();
  await writeFile(join(gateway.folder, "state", "gateway.json"), "{");
  await killed(holderPid);
  await gateway.heir(holderPid);
  const { generation, workerPid: after } = await gateway.status();
  assert.deepEqual([generation, after], [1, workerPid]);
  await gateway.apply(aConfig({ generation: 2, endpoints: [{ id: "a1", port: app.port }] }));
  assert.equal((await send(await gateway.port("public"))).status, 200);
});

test("only the seated worker starts a holder: one that drains takes no name along", async () => {
  await using app = await upstream((incoming, response) => {
    if (incoming.url === "/held") response.writeHead(200).write("x");
    else response.end("ok");
  });
  await using gateway = await serving(app);
  const port = await gateway.port("public");
  const { workerPid: first } = await gateway.status();
  const held = send(port, { path: "/held" }).catch(() => undefined);
  await eventually("it to be held", async () => {
    const { endpoints } = await gateway.status();
    return endpoints[0]?.inFlight.safe === 1 ? true : undefined;
  });
  const reply = await gateway.ask({ op: "handover", drainMs: 60_000 });
  assert.ok(reply.ok && "status" in reply);
  const { workerPid: second, holderPid } = reply.status;
  await killed(holderPid);
  await gateway.heir(holderPid);
  assert.equal((await gateway.status()).workerPid, second);
  assert.ok(isAlive(first), "what it has is served out");
  assert.equal(gateway.log.match(/holder-succeeded/g)?.length, 1);
  process.kill(first, "SIGKILL");
  await held;
});

test("a holder is replaced by the program it is told; its worker serves on", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const port = await gateway.port("public");
  const { holderPid, workerPid } = await gateway.status();
  // One that does not start is tried again, and nobody notices but its log.
  const bad = [process.execPath, "--no-such-option"] as const;
  assert.ok((await gateway.ask({ op: "replace-holder", command: bad })).ok);
  await eventually("two tries", async () =>
    (gateway.log.match(/"holder-ended"/g)?.length ?? 0) >= 2 ? true : undefined,
  );
  assert.ok(!isAlive(holderPid));
  assert.equal((await send(port)).status, 200);
  process.kill(workerPid, "SIGKILL");
  await eventually("it to be gone", async () => (isAlive(workerPid) ? undefined : true));
  await gateway.startAgain();
  await otherWorker(gateway, workerPid);
  const before = (await gateway.status()).holderPid;
  const good = [process.execPath, MAIN] as const;
  assert.ok((await gateway.ask({ op: "replace-holder", command: good })).ok);
  await gateway.heir(before);
});

test("a worker of another version is drained, and told nothing else", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const { listeners, workerPid } = await gateway.status();
  gateway.holder.kill("SIGTERM");
  await once(gateway.holder, "exit");
  await eventually("its worker to end", async () => (isAlive(workerPid) ? undefined : true));
  // This process takes the place of a worker whose holder died: it has the sockets and the name.
  const control = createServer().listen(join(gateway.folder, "control"));
  await once(control, "listening");
  const sockets = listeners.map(({ name, host, port }, index) => {
    const bound = bindSocket(host, port);
    assert.ok(bound.ok);
    return { name, host, port, own: bound.value.descriptor, descriptor: 5 + index };
  });
  const argv = [
    "--state",
    join(gateway.folder, "state"),
    "--control",
    join(gateway.folder, "control"),
  ];
  const heir = spawn(process.execPath, [MAIN, ...argv, "--heir", "[]"], {
    stdio: [
      ...(["ignore", "ignore", "inherit", "ipc"] as const),
      ...[descriptorOf(control)!, ...sockets.map(({ own }) => own)],
    ],
  });
  const orders: unknown[] = [];
  heir.on("message", (order) => orders.push(order));
  const inherited = sockets.map(({ own: _own, ...socket }) => socket);
  const will = {
    version: 1,
    pid: process.pid,
    config: {},
    known: {},
    pairs: {},
    sockets: inherited,
  };
  heir.send(will);
  await eventually("it to be drained", async () => orders[0]);
  assert.equal(orders.length, 1);
  assert.match(JSON.stringify(orders[0]), /^\{"op":"drain",/);
  heir.disconnect();
  control.close();
  const { port } = sockets.find(({ name }) => name === "public")!;
  assert.equal((await send(port)).status, 200);
  const gone = once(heir, "exit");
  heir.kill("SIGTERM");
  assert.deepEqual(await gone, [0, null]);
});

test("a holder whose parent dies before it says a word serves on the sockets it has", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await serving(app);
  const { listeners, workerPid } = await gateway.status();
  gateway.holder.kill("SIGTERM");
  await once(gateway.holder, "exit");
  await eventually("its worker to end", async () => (isAlive(workerPid) ? undefined : true));
  const path = join(gateway.folder, "control");
  const control = createServer().listen(path);
  await once(control, "listening");
  const sockets = listeners.map(({ name, host, port }, index) => {
    const bound = bindSocket(host, port);
    assert.ok(bound.ok);
    return { name, host, port, bound: bound.value, descriptor: 5 + index };
  });
  const told = JSON.stringify(sockets.map(({ bound: _bound, ...socket }) => socket));
  const argv = ["--state", join(gateway.folder, "state"), "--control", path, "--heir", told];
  const heir = spawn(process.execPath, [MAIN, ...argv], {
    stdio: [
      ...(["ignore", "ignore", "inherit", "ipc"] as const),
      ...[descriptorOf(control)!, ...sockets.map(({ bound }) => bound.descriptor)],
    ],
  });
  heir.disconnect();
  for (const { bound } of sockets) bound.close();
  const { port } = sockets.find(({ name }) => name === "public")!;
  // Far sooner than an inheritance would be waited for.
  await eventually("an answer", async () =>
    send(port).then(
      ({ status }) => (status === 200 ? true : undefined),
      () => undefined,
    ),
  );
  control.close();
  const gone = once(heir, "exit");
  heir.kill("SIGTERM");
  assert.deepEqual(await gone, [0, null]);
});
