import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { aConfig, eventually, send, TestGateway, upstream } from "./rig.fixture.ts";

test("a worker killed with -9 is replaced at once; new connections only wait", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const { workerPid } = await gateway.status();
  process.kill(workerPid, "SIGKILL");
  // Sent while nobody accepts: they wait in the kernel.
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(port)));
  assert.ok(answers.every((answer) => answer.status === 200));
  const after = await gateway.status();
  assert.notEqual(after.workerPid, workerPid);
  assert.equal(after.generation, 1);
  assert.match(await gateway.metrics(), /worker_restarts_total 1/);
});

test("a thousand connections wait in the kernel while no worker accepts", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }], limits: MANY }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const { workerPid } = await gateway.status();
  process.kill(workerPid, "SIGSTOP");
  // Beyond the backlog the kernel completes no connection, however long one waits.
  const sockets = Array.from({ length: 1_000 }, () => connect(port, "127.0.0.1"));
  const connected = Promise.all(sockets.map((socket) => once(socket, "connect")));
  const inTime = await Promise.race([
    connected.then(() => true),
    new Promise((resolve) => setTimeout(() => resolve(false), 10_000)),
  ]);
  process.kill(workerPid, "SIGKILL");
  const waiting = sockets.map((socket) => {
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return text(socket);
  });
  assert.equal(inTime, true, "the kernel took fewer than 1,000");
  for (const answer of await Promise.all(waiting)) assert.match(answer, /^HTTP\/1\.1 200/);
});

const MANY = { connections: 5_000 };

test("a killed holder: its worker serves on and starts the next, with everything", async () => {
  const enough = Promise.withResolvers<void>();
  await using app = await upstream((incoming, response) => {
    incoming.resume();
    if (incoming.url === "/slow") void enough.promise.then(() => response.end("ok"));
    else response.end("ok");
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ generation: 7, endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const before = await gateway.status();
  const port = await gateway.port("public");
  const slow = send(port, { path: "/slow" });
  await eventually("one in flight", async () => {
    const { endpoints } = await gateway.status();
    return endpoints[0]?.inFlight.safe === 1 ? true : undefined;
  });
  gateway.holder.kill("SIGKILL");
  await once(gateway.holder, "exit");
  // At once, while no holder is there.
  for (let turn = 0; turn < 20; turn += 1) assert.equal((await send(port)).status, 200);
  const heir = await gateway.heir(before.holderPid);
  const after = await gateway.status();
  assert.deepEqual(
    [after.workerPid, after.generation, after.listeners],
    [before.workerPid, 7, before.listeners],
  );
  assert.equal(after.endpoints[0]?.inFlight.safe, 1, "what its worker has in flight is known");
  enough.resolve();
  assert.equal((await slow).body, "ok");

  // It is as good as the one before: it applies, replaces its worker, and is followed by another.
  await gateway.apply(aConfig({ generation: 8, endpoints: [{ id: "a1", port: app.port }] }));
  process.kill(before.workerPid, "SIGKILL");
  assert.equal((await send(port)).status, 200);
  const next = await eventually("another worker", async () => {
    const { workerPid } = await gateway.status();
    return workerPid === 0 || workerPid === before.workerPid ? undefined : workerPid;
  });
  process.kill(heir, "SIGKILL");
  assert.equal((await send(port)).status, 200);
  await gateway.heir(heir);
  const third = await gateway.status();
  assert.deepEqual([third.workerPid, third.generation], [next, 8]);
});

test("SIGTERM lets requests finish, then ends with 0 and leaves no socket", async () => {
  await using app = await upstream((_incoming, response) => {
    setTimeout(() => response.end("ok"), 500);
  });
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const slow = send(port);
  await eventually("one in flight", async () => {
    const { endpoints } = await gateway.status();
    return endpoints[0]?.inFlight.safe === 1 ? true : undefined;
  });
  gateway.holder.kill("SIGTERM");
  assert.equal((await slow).body, "ok");
  const [code] = await once(gateway.holder, "exit");
  assert.equal(code, 0);
  await assert.rejects(stat(join(gateway.folder, "control")));
  await assert.rejects(send(port));
});

test("state and control socket are private, and ports stay below the ephemeral range", async () => {
  await using gateway = await TestGateway.start();
  const status = await gateway.apply(aConfig({ endpoints: [] }));
  const mode = async (...path: string[]): Promise<number> =>
    (await stat(join(gateway.folder, ...path))).mode & 0o777;
  assert.equal(await mode("state"), 0o700);
  assert.equal(await mode("state", "gateway.json"), 0o600);
  assert.equal(await mode("control"), 0o600);
  for (const { port } of status.listeners) assert.ok(port >= 20_000 && port < 30_000, `${port}`);
});

test("what cannot be applied is refused, and what was applied stays in force", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await TestGateway.start();
  const config = aConfig({ generation: 5, endpoints: [{ id: "a1", port: app.port }] });
  await gateway.apply(config);
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const takenPort = typeof address === "object" && address !== null ? address.port : 0;
  const [listener] = config.listeners;
  const onTaken = { ...listener!, name: "taken", port: takenPort };
  const lost = { ...listener!, routes: [{ ...listener!.routes[0]!, pool: "nowhere" }] };
  const refusals = [
    [{ ...config, generation: 4 }, /generation 4/],
    [{ ...config, limits: { ...config.limits, bodyBytes: 1 } }, /generation 5/],
    [{ ...config, generation: 6, listeners: [...config.listeners, onTaken] }, /EADDRINUSE/],
    [{ ...config, generation: 6, listeners: [lost] }, /nowhere/],
    [{ ...config, generation: 6, surprise: true }, /surprise/],
  ] as const;
  for (const [bad, message] of refusals) {
    const reply = await gateway.ask({ op: "apply", config: bad });
    assert.ok(!reply.ok);
    assert.match(reply.error, message);
    assert.equal((await send(port)).status, 200);
  }
  taken.close();
  // The same again is no change and no error: a driver that lost the reply asks once more.
  assert.equal((await gateway.apply(config)).generation, 5);
});

test("a full disk refuses the apply and changes nothing", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const kept = await readFile(join(gateway.folder, "state", "gateway.json"), "utf8");
  // A folder where the draft has to be written fails as a full disk does: before anything changed.
  await mkdir(join(gateway.folder, "state", "gateway.json.new"));
  const reply = await gateway.ask({
    op: "apply",
    config: aConfig({ generation: 2, endpoints: [] }),
  });
  assert.equal(reply.ok, false);
  assert.equal((await gateway.status()).generation, 1);
  assert.equal((await send(port)).status, 200);
  assert.equal(await readFile(join(gateway.folder, "state", "gateway.json"), "utf8"), kept);
  await rm(join(gateway.folder, "state", "gateway.json.new"), { recursive: true });
});

test("listeners come and go at run time without touching the others", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await TestGateway.start();
  const config = aConfig({ endpoints: [{ id: "a1", port: app.port }] });
  await gateway.apply(config);
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isStopped = false;
  const failures: unknown[] = [];
  const client = async (options: { agent?: Agent }): Promise<void> => {
    while (!isStopped) await send(port, options).catch((error: unknown) => failures.push(error));
  };
  const clients = [client({ agent }), client({}), client({})];
  const extra = { ...config.listeners[0]!, name: "extra" };
  const wider = { ...config, generation: 2, listeners: [...config.listeners, extra] };
  await gateway.apply(wider);
  const extraPort = await gateway.port("extra");
  assert.equal((await send(extraPort)).status, 200);
  await gateway.apply({ ...config, generation: 3 });
  await assert.rejects(send(extraPort));
  assert.equal(await gateway.port("public"), port);
  isStopped = true;
  await Promise.all(clients);
  agent.destroy();
  assert.deepEqual(failures, []);
});

test("a second holder gives up; damaged state is not served as nothing", async () => {
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [] }));
  const main = join(import.meta.dirname, "main.ts");
  const start = async (state: string, control: string): Promise<readonly [number, string]> => {
    const argv = [main, "--state", join(gateway.folder, state), "--control", control];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
    const said = text(child.stderr);
    const [code] = await once(child, "close");
    return [Number(code), await said];
  };
  const [code, why] = await start("other", join(gateway.folder, "control"));
  assert.equal(code, 1);
  assert.match(why, /another gateway answers/);
  await mkdir(join(gateway.folder, "damaged"));
  await writeFile(join(gateway.folder, "damaged", "gateway.json"), '{"version":1,"config":');
  const [damagedCode, damagedText] = await start("damaged", join(gateway.folder, "other-control"));
  assert.equal(damagedCode, 1);
  assert.match(damagedText, /damaged\/gateway\.json/);
  assert.equal((await gateway.status()).generation, 1);
});

test("a worker that dies again and again is restarted, and serves at last", async () => {
  await using app = await upstream((_incoming, response) => response.end("ok"));
  await using gateway = await TestGateway.start();
  await gateway.apply(aConfig({ endpoints: [{ id: "a1", port: app.port }] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  for (let death = 0; death < 4; death += 1) {
    const pid = await eventually("a worker", async () => {
      const { workerPid } = await gateway.status();
      return workerPid === 0 ? undefined : workerPid;
    });
    process.kill(pid, "SIGKILL");
    await eventually("it to be noticed", async () =>
      (await gateway.status()).workerPid === pid ? undefined : true,
    );
  }
  assert.equal((await send(port)).status, 200);
});

test("control: what is not understood is answered, not guessed", async () => {
  await using gateway = await TestGateway.start();
  const early = await gateway.ask({ op: "handover", drainMs: 100 });
  assert.equal(early.ok, false);
  assert.equal((await gateway.status()).workerPid, 0);
  const drained = await gateway.drainEndpoint("never-heard-of", 100);
  assert.deepEqual([drained.drained, drained.cut], [true, 0]);
});
