import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { LoadRequest } from "../system/system.ts";
import { startLoad } from "./client.ts";
import type { LoadPlan, LoadRun } from "./load.ts";
import { loadCommand } from "./own-command.fixture.ts";

const start = startLoad(loadCommand, systemClock);
const forever = new AbortController().signal;

test("keeps its rate and counts each class apart", async (t) => {
  const seen = { get: 0, writes: new Set<string>() };
  const url = await serve(t, (request, response) => {
    const write = request.headers["seaworthy-write"];
    if (typeof write === "string") seen.writes.add(write);
    else if (request.method === "GET") seen.get += 1;
    if (request.url !== "/stream") return void response.end("done");
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    setTimeout(() => response.end("data: [DONE]\n\n"), 50);
  });
  const run = await start(await aPlan(t, { url, mix: [aGet(6), aPost(3), aStream(1)] }), forever);
  const result = await finishAfter(run, 2_000);
  const sent = result.samples.length;
  assert.ok(sent >= 380 && sent <= 460, `${sent} sent in 2 s at 200/s`);
  assert.deepEqual([...new Set(result.samples.map((sample) => sample.outcome))], ["ok"]);
  const writes = result.samples.filter((sample) => sample.class === "unsafe");
  assert.deepEqual(new Set(writes.map((sample) => sample.write)), seen.writes);
  assert.ok(Math.abs(writes.length / sent - 0.3) < 0.02, "3 of 10 are writes");
  const streams = result.samples.filter((sample) => sample.class === "stream");
  assert.ok(streams.length > 30);
  assert.ok(streams.every((sample) => (sample.endMs ?? 0) - sample.dueMs >= 45));
});

test("goes on sending while nothing answers, and counts latency from the due time", async (t) => {
  let frozen = false;
  const waiting: ServerResponse[] = [];
  const url = await serve(t, (_request, response) => {
    if (frozen) waiting.push(response);
    else response.end("done");
  });
  const run = await start(await aPlan(t, { url, mix: [aGet(1)], timeoutMs: 5_000 }), forever);
  await run.until(500, forever);
  frozen = true;
  await run.until(1_500, forever);
  frozen = false;
  const held = waiting.length;
  for (const response of waiting) response.end("late");
  const { samples } = await finishAfter(run, 2_000);
  assert.ok(held > 150, `${held} requests came during the second without answers`);
  const slowest = Math.max(...samples.map((sample) => (sample.endMs ?? 0) - sample.dueMs));
  assert.ok(slowest > 900 && slowest < 3_000, `slowest took ${slowest} ms`);
  assert.ok(samples.every((sample) => sample.outcome === "ok"));
});

test("tells refused, reset, timed out and cut apart, by what was sent", async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === "/reset") return void request.socket.destroy();
    if (request.url === "/silent") return;
    if (request.url === "/error") return void response.writeHead(503).end();
    if (request.url === "/denied") return void response.writeHead(409).end();
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    setTimeout(() => request.socket.destroy(), 20);
  });
  const mix = ["/reset", "/silent", "/error", "/denied", "/half"].flatMap((path) => [
    { ...aGet(1), path },
    { ...aPost(1), path },
  ]);
  const plan = await aPlan(t, { url, mix, timeoutMs: 400, ratePerSecond: 100 });
  const { samples } = await finishAfter(await start(plan, forever), 700);
  const kinds = new Set(
    samples.map(({ class: kind, outcome, failure, status }) =>
      [kind, outcome, failure, status ?? "-"].join(" "),
    ),
  );
  assert.deepEqual([...kinds].toSorted(), [
    "safe failed body 200",
    "safe failed reset -",
    "safe failed status 409",
    "safe failed status 503",
    "safe failed timeout -",
    "unsafe failed status 409",
    "unsafe unknown body 200",
    "unsafe unknown reset -",
    "unsafe unknown status 503",
    "unsafe unknown timeout -",
  ]);
});

test("a write that was never sent is failed, not unknown", async (t) => {
  const plan = await aPlan(t, { url: await closedPort(), mix: [aPost(1)] });
  const { samples } = await finishAfter(await start(plan, forever), 300);
  assert.ok(samples.length > 20);
  assert.ok(samples.every((sample) => sample.outcome === "failed"));
  assert.ok(samples.every((sample) => sample.failure === "refused"));
});

test("a stream that used to say [DONE] and ends without it was cut", async (t) => {
  let count = 0;
  const url = await serve(t, (_request, response) => {
    count += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(count > 20 ? "data: 1\n\n" : "data: 1\n\ndata: [DONE]\n\n");
  });
  const plan = await aPlan(t, { url, mix: [aStream(1)] });
  const { samples } = await finishAfter(await start(plan, forever), 500);
  const cut = samples.filter((sample) => sample.failure === "cut");
  assert.ok(samples.length > 30);
  assert.equal(cut.length, samples.length - 20);
});

test("fresh connections are fresh, the others are kept", async (t) => {
  const sockets = { kept: new Set<unknown>(), fresh: new Set<unknown>() };
  let freshRequests = 0;
  const url = await serve(t, (request, response) => {
    const fresh = request.headers.connection === "close";
    if (fresh) freshRequests += 1;
    (fresh ? sockets.fresh : sockets.kept).add(request.socket);
    response.end("done");
  });
  const plan = await aPlan(t, { url, mix: [aGet(1)], freshConnections: 0.5 });
  const { samples } = await finishAfter(await start(plan, forever), 1_000);
  assert.ok(freshRequests > samples.length * 0.3, `${freshRequests} fresh`);
  assert.equal(sockets.fresh.size, freshRequests);
});

test("a generator that dies is an error that says so, not an empty result", async (t) => {
  const url = await serve(t, (_request, response) => response.end("done"));
  const died = new AbortController();
  const run = await start(await aPlan(t, { url, mix: [aGet(1)] }), died.signal);
  died.abort();
  await assert.rejects(run.until(60_000, forever), /load generator ended by SIGKILL/);
  await assert.rejects(run.finish(), /load generator ended by SIGKILL/);
});

test("samples that cannot be written are an error, not a shorter result", async (t) => {
  const url = await serve(t, (_request, response) => response.end("done"));
  const plan = await aPlan(t, { url, mix: [aGet(1)] });
  const full = await start({ ...plan, samplesFile: "/dev/full" }, forever);
  await assert.rejects(finishAfter(full, 300), /cannot write \/dev\/full: ENOSPC/);
  const missing = await start({ ...plan, samplesFile: "/nonexistent/samples" }, forever);
  await assert.rejects(finishAfter(missing, 100), /cannot create \/nonexistent\/samples/);
});

test("a plan that is none is refused by the generator, and its words are passed on", async (t) => {
  const plan = await aPlan(t, { url: "not a url", mix: [aGet(1)] });
  await assert.rejects(start(plan, forever), /load generator ended with code 1[^]*url/);
});

test("a generator that cannot be started is an error that says so", async (t) => {
  const missing = startLoad(() => ["/nonexistent/seaworthy"], systemClock);
  const plan = await aPlan(t, { url: "http://127.0.0.1:1", mix: [aGet(1)] });
  await assert.rejects(missing(plan, forever), /cannot start the load generator/);
});

test("ends by itself at its longest duration", async (t) => {
  const url = await serve(t, (_request, response) => response.end("done"));
  const plan = await aPlan(t, { url, mix: [aGet(1)], durationMsMax: 300 });
  const run = await start(plan, forever);
  await assert.rejects(run.until(60_000, forever), /ended by itself after its longest duration/);
  const { samples } = await run.finish();
  assert.ok(samples.length > 40 && samples.length <= 60, `${samples.length}`);
});

async function finishAfter(run: LoadRun, ms: number): ReturnType<LoadRun["finish"]> {
  await run.until(ms, forever);
  return await run.finish();
}

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}

/** A port where nothing listens: one that was just given back. */
async function closedPort(): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${address.port}`;
}

async function aPlan(t: TestContext, given: Partial<LoadPlan>): Promise<LoadPlan> {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-load-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return {
    url: "",
    ratePerSecond: 200,
    mix: [],
    timeoutMs: 5_000,
    seed: 1,
    run: "test",
    durationMsMax: 30_000,
    freshConnections: 0,
    samplesFile: join(folder, "samples.ndjson"),
    ...given,
  };
}

function aGet(weight: number): LoadRequest {
  return { method: "GET", path: "/", headers: {}, body: undefined, weight, class: "safe" };
}

function aPost(weight: number): LoadRequest {
  const headers = { "content-type": "application/json" };
  return { method: "POST", path: "/", headers, body: "{}", weight, class: "unsafe" };
}

function aStream(weight: number): LoadRequest {
  return { ...aPost(weight), path: "/stream", class: "stream" };
}
