import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import {
  aConfig,
  childUpstream,
  eventually,
  send,
  TestGateway,
  upstream,
  type Answer,
} from "./rig.fixture.ts";

test("a frozen instance: safe requests go elsewhere, no write is applied twice", async () => {
  await using gateway = await TestGateway.start();
  const ledgers = ["one", "two"].map((name) => join(gateway.folder, name));
  await using one = await childUpstream(ledgers[0]!);
  await using two = await childUpstream(ledgers[1]!);
  const endpoints = [
    { id: "a1", port: one.port },
    { id: "a2", port: two.port },
  ];
  // Checks too slow to help in time: this is about the tries themselves.
  const check = { everyMs: 60_000, timeoutMs: 30_000 };
  const route = { tryTimeoutMs: 300, timeoutMs: 2_000 };
  await gateway.apply(aConfig({ endpoints, check, route }));
  await gateway.untilHealthy("a1", "a2");
  const port = await gateway.port("public");
  one.child.kill("SIGSTOP");
  const reads = Array.from({ length: 20 }, () => send(port));
  const writes = Array.from({ length: 20 }, (_, index) => {
    const path = index < 10 ? "/w" : "/idempotent/w";
    const headers = { "seaworthy-write": `w${index}`, "idempotency-key": `w${index}` };
    return send(port, { method: "POST", path, headers, body: "x" });
  });
  for (const read of await Promise.all(reads)) {
    assert.equal(read.status, 200);
    assert.equal(read.body, String(two.child.pid));
  }
  const answers = await Promise.all(writes);
  const unsafe = answers.slice(0, 10);
  const late = unsafe.filter((answer) => answer.status === 504).length;
  assert.ok(late > 0 && late < 10, `${late} of 10 unsafe writes met the frozen one`);
  assert.ok(unsafe.every((answer) => answer.status === 200 || answer.status === 504));
  assert.ok(answers.slice(10).every((answer) => answer.status === 200));
  one.child.kill("SIGCONT");
  const applied = await eventually("the frozen writes to be applied", async () => {
    const all = [...(await one.writes()), ...(await two.writes())];
    const unsafeIds = all.filter((id) => Number(id.slice(1)) < 10);
    return unsafeIds.length >= 10 ? unsafeIds : undefined;
  });
  assert.equal(new Set(applied).size, applied.length, `twice: ${applied.toSorted().join(" ")}`);
});

test("a frozen instance is out within fall * everyMs + timeoutMs, and moved from", async () => {
  await using gateway = await TestGateway.start();
  await using one = await childUpstream(join(gateway.folder, "one"));
  await using two = await childUpstream(join(gateway.folder, "two"));
  const endpoints = [
    { id: "a1", port: one.port },
    { id: "a2", port: two.port },
  ];
  const check = { everyMs: 200, timeoutMs: 400, fall: 2 };
  // Far beyond the checks: whoever answers sooner was moved by them.
  const route = { tryTimeoutMs: 15_000, timeoutMs: 15_000 };
  await gateway.apply(aConfig({ endpoints, check, route }));
  await gateway.untilHealthy("a1", "a2");
  const port = await gateway.port("public");
  one.child.kill("SIGSTOP");
  const frozenMs = performance.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(port)));
  const tookMs = performance.now() - frozenMs;
  assert.ok(answers.every((answer) => answer.body === String(two.child.pid)));
  // 200 + 200 + 400, and as much again for a busy machine.
  assert.ok(tookMs < 1_600, `moved after ${Math.round(tookMs)} ms`);
  const status = await gateway.status();
  assert.equal(status.endpoints[0]?.health, "unhealthy");
  assert.equal(status.endpoints[0]?.inFlight.safe, 0);
  one.child.kill("SIGCONT");
  await gateway.untilHealthy("a1");
});

test("an instance killed under load: no safe request fails, no write is doubled", async () => {
  await using gateway = await TestGateway.start();
  const ledgers = [0, 1, 2].map((index) => join(gateway.folder, `ledger${index}`));
  await using one = await childUpstream(ledgers[0]!, 10);
  await using two = await childUpstream(ledgers[1]!, 10);
  await using three = await childUpstream(ledgers[2]!, 10);
  const members = [one, two, three];
  const endpoints = members.map(({ port }, index) => ({ id: `a${index}`, port }));
  await gateway.apply(aConfig({ endpoints }));
  await gateway.untilHealthy("a0", "a1", "a2");
  const port = await gateway.port("public");
  const reads: Promise<Answer>[] = [];
  const writes: Promise<number>[] = [];
  let open = 0;
  let openAtKill = 0;
  for (let round = 0; round < 150; round += 1) {
    reads.push(send(port));
    const headers = { "seaworthy-write": `w${round}` };
    open += 1;
    const write = send(port, { method: "POST", headers, body: "x" });
    writes.push(write.then((answer) => answer.status).finally(() => (open -= 1)));
    if (round === 50) {
      one.child.kill("SIGKILL");
      openAtKill = open;
    }
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  const statuses = (await Promise.all(reads)).map((answer) => answer.status);
  assert.deepEqual([...new Set(statuses)], [200]);
  const outcomes = await Promise.all(writes);
  const lost = outcomes.filter((status) => status !== 200);
  // By nature: what was with the victim, or on its way there before its end was heard of.
  const said = `lost ${lost.join(" ")} of ${openAtKill} in flight anywhere`;
  assert.ok(lost.length <= openAtKill + 2, said);
  assert.ok(
    lost.every((status) => status === 502),
    said,
  );
  const applied = (await Promise.all(members.map((member) => member.writes()))).flat();
  assert.equal(new Set(applied).size, applied.length, "a write was applied twice");
  const status = await gateway.status();
  const victim = status.endpoints.find((endpoint) => endpoint.id === "a0");
  assert.equal(victim?.health, "unhealthy", victim?.lastProbe);
});

test("a refused connection costs nobody anything, not even a write", async () => {
  await using app = await upstream((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("ok"));
  });
  const closed = await closedPort();
  await using gateway = await TestGateway.start();
  const endpoints = [
    { id: "dead", port: closed },
    { id: "a1", port: app.port },
  ];
  // A check so late that only requests can find out.
  const check = { everyMs: 60_000 };
  await gateway.apply(aConfig({ endpoints: [endpoints[1]!], check }));
  await gateway.untilHealthy("a1");
  await gateway.apply(aConfig({ generation: 2, endpoints: [...endpoints], check }));
  const port = await gateway.port("public");
  const big = Buffer.alloc(500_000);
  for (const body of ["x", big]) {
    for (let turn = 0; turn < 4; turn += 1) {
      assert.equal((await send(port, { method: "POST", body })).status, 200);
    }
  }
});

test("without any healthy instance all are tried, and 503 says that nothing was done", async () => {
  await using app = await upstream((incoming, response) => {
    response.writeHead(incoming.url === "/ready" ? 503 : 200).end("ok");
  });
  await using gateway = await TestGateway.start();
  const closed = await closedPort();
  const endpoints = [
    { id: "a1", port: app.port },
    { id: "dead", port: closed },
  ];
  await gateway.apply(aConfig({ endpoints, check: { path: "/ready" } }));
  await eventually("both to be out", async () => {
    const { endpoints: all } = await gateway.status();
    return all.every((endpoint) => endpoint.health === "unhealthy") ? true : undefined;
  });
  const port = await gateway.port("public");
  for (let turn = 0; turn < 4; turn += 1) assert.equal((await send(port)).status, 200);
  await gateway.apply(aConfig({ generation: 2, endpoints: [endpoints[1]!] }));
  const none = await send(port, { method: "POST", body: "x" });
  assert.equal(none.status, 503);
  assert.equal(none.headers["retry-after"], "1");
});

test("a switch is atomic: after its reply nothing new reaches what was removed", async () => {
  const seen = { old: 0, new: 0 };
  await using old = await upstream((_incoming, response) => {
    seen.old += 1;
    response.end("old");
  });
  await using fresh = await upstream((_incoming, response) => {
    seen.new += 1;
    response.end("new");
  });
  await using gateway = await TestGateway.start();
  const oldEnd = { id: "old", port: old.port };
  const newEnd = { id: "new", port: fresh.port };
  await gateway.apply(aConfig({ endpoints: [oldEnd, { ...newEnd, routed: false }] }));
  await gateway.untilHealthy("old", "new");
  const port = await gateway.port("public");
  let isStopped = false;
  const failures: unknown[] = [];
  const client = async (): Promise<void> => {
    while (!isStopped) await send(port).catch((error: unknown) => failures.push(error));
  };
  const clients = Array.from({ length: 8 }, client);
  let generation = 1;
  for (let turn = 0; turn < 10; turn += 1) {
    generation += 1;
    const [on, off] = turn % 2 === 0 ? [newEnd, oldEnd] : [oldEnd, newEnd];
    await gateway.apply(aConfig({ generation, endpoints: [on, { ...off, routed: false }] }));
    assert.equal((await gateway.drainEndpoint(off.id, 5_000)).drained, true);
    const before = turn % 2 === 0 ? seen.old : seen.new;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(turn % 2 === 0 ? seen.old : seen.new, before, "a request came after the reply");
  }
  isStopped = true;
  await Promise.all(clients);
  assert.deepEqual(failures, []);
  assert.ok(seen.old > 50 && seen.new > 50, JSON.stringify(seen));
});

test("drain waits for what is in flight, and at the deadline ends and counts it", async () => {
  let isDone = false;
  await using app = await upstream((incoming, response) => {
    incoming.resume();
    if (incoming.url === "/stream") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
    } else if (incoming.url === "/half") {
      setTimeout(() => {
        isDone = true;
        response.end("done");
      }, 500);
    }
  });
  await using gateway = await TestGateway.start();
  const endpoint = { id: "a1", port: app.port };
  await gateway.apply(aConfig({ endpoints: [endpoint] }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const refused = await gateway.ask({ op: "drain-endpoint", endpoint: "a1", deadlineMs: 100 });
  assert.equal(refused.ok, false, "draining what is routed would never end");

  const half = send(port, { path: "/half" });
  await inFlight(gateway, 1);
  // Gone from the configuration altogether, and still it finishes.
  await gateway.apply(aConfig({ generation: 2, endpoints: [] }));
  const whole = await gateway.drainEndpoint("a1", 10_000);
  assert.deepEqual([whole.drained, whole.cut], [true, 0]);
  assert.equal(isDone, true, "it resolved before the request had ended");
  assert.equal((await half).body, "done");

  await gateway.apply(aConfig({ generation: 3, endpoints: [endpoint] }));
  await gateway.untilHealthy("a1");
  const stream = send(port, { path: "/stream" });
  const never = send(port, { path: "/never", method: "POST", body: "x" });
  await inFlight(gateway, 2);
  await gateway.apply(aConfig({ generation: 4, endpoints: [{ ...endpoint, routed: false }] }));
  const cut = await gateway.drainEndpoint("a1", 300);
  assert.deepEqual([cut.drained, cut.cut], [false, 2]);
  assert.equal((await stream).body, "data: 1\n\n");
  assert.equal((await never).status, 504);
});

test("instances that time out are ejected, but never more than half of a pool", async () => {
  await using gateway = await TestGateway.start();
  await using good = await upstream((_incoming, response) => response.end("ok"));
  await using bad = await upstream(() => {});
  await using worse = await upstream(() => {});
  const endpoints = [
    { id: "good", port: good.port },
    { id: "bad", port: bad.port },
    { id: "worse", port: worse.port },
  ];
  // Checks pass, but so rarely that they do not bring anyone back meanwhile.
  const check = { everyMs: 60_000 };
  const route = { tryTimeoutMs: 150, timeoutMs: 5_000 };
  await gateway.apply(aConfig({ endpoints, check, route }));
  await gateway.untilHealthy("good", "bad", "worse");
  const port = await gateway.port("public");
  for (let turn = 0; turn < 12; turn += 1) assert.equal((await send(port)).status, 200);
  const { endpoints: all } = await gateway.status();
  const ejected = all.filter((endpoint) => endpoint.health === "ejected");
  assert.equal(ejected.length, 1, JSON.stringify(all.map((endpoint) => endpoint.health)));
  assert.equal(all[0]?.health, "healthy");
});

async function inFlight(gateway: TestGateway, count: number): Promise<void> {
  await eventually(`${count} in flight`, async () => {
    const { inFlight: now } = (await gateway.status()).endpoints[0]!;
    return now.safe + now.unsafe + now.stream === count ? true : undefined;
  });
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
