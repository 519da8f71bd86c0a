import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { QUESTION, events, get, post, read, spelled } from "./client.ts";
import { type Program, type ProgramOptions, eventually, run, start } from "./program.ts";
import { OK_HEAD, STREAM_HEAD, standIn } from "./stand-in.ts";

const MODELS_FILE = "/etc/model-router/models.json";
const LEDGER = "/var/lib/model-server/ledger";
const SLOW = { MODELS: "a,b", FIRST_TOKEN_MS: "10", TOKENS_PER_SECOND: "5" };

function routerTo(url: string, env: Readonly<Record<string, string>> = {}): ProgramOptions {
  const files = { [MODELS_FILE]: '{"a":"MODEL_SERVERS_URL","b":"MODEL_SERVERS_URL"}' };
  return { kind: "router", env: { MODEL_SERVERS_URL: url, ...env }, files };
}

for (const kind of ["node", "python"] as const) {
  describe(`a router in front of a model server in ${kind}`, () => {
    const started = new AsyncDisposableStack();
    let server: Program;
    let router: Program;
    before(async () => {
      server = started.use(await start({ kind, env: SLOW }));
      router = started.use(await start(routerTo(server.url)));
    });
    after(() => started.disposeAsync());

    test("passes a plain completion on, with its write and its request id", async () => {
      const headers = { "seaworthy-write": "route1-1", "x-request-id": "from-the-client" };
      const body = { model: "a", max_tokens: 2, messages: [QUESTION] };
      const through = await read(post(router.url, body, { headers }));
      assert.equal(through.status, 200, through.text);
      assert.equal(through.headers.get("x-request-id"), "from-the-client");
      const direct = await read(post(server.url, body));
      assert.equal(withoutMoment(through.text), withoutMoment(direct.text));
      assert.deepEqual(ledgerIds(server, "route1-"), ["route1-1"]);
    });

    test("passes a stream on token by token", async () => {
      const body = { model: "a", stream: true, max_tokens: 6, messages: [QUESTION] };
      const headers = { "seaworthy-write": "route2-1" };
      const response = await post(router.url, body, { headers });
      assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
      const streamed = await events(response);
      assert.equal(streamed.payloads.at(-1), "[DONE]");
      // 5 gaps of 200 ms; a router that buffers shows them all at once.
      assert.ok((streamed.arrivedMs.at(-1) ?? 0) > 600, `at ${streamed.arrivedMs.join()}`);
      assert.ok(spelled(streamed).length > 10);
      assert.deepEqual(ledgerIds(server, "route2-"), ["route2-1"]);
    });

    test("a client that leaves stops the model server", async () => {
      const client = new AbortController();
      const headers = { "seaworthy-write": "route3-1" };
      const body = { model: "a", stream: true, max_tokens: 6, messages: [QUESTION] };
      const response = await post(router.url, body, { headers, signal: client.signal });
      client.abort();
      await assert.rejects(events(response));
      await delay(2_000);
      assert.deepEqual(
        ledgerIds(server, "route3-"),
        [],
        "a full completion would have been applied",
      );
    });

    test("finishes a stream after SIGTERM and exits 0", async () => {
      await using leaving = await start(routerTo(server.url));
      const body = { model: "a", stream: true, max_tokens: 8, messages: [QUESTION] };
      const response = await post(leaving.url, body);
      leaving.signal("SIGTERM");
      assert.equal((await events(response)).payloads.at(-1), "[DONE]");
      assert.equal(await leaving.exited, 0, leaving.output());
    });

    test("passes the model server's own refusals on", async () => {
      const { status, text } = await read(post(router.url, { model: "a", messages: [] }));
      assert.equal(status, 400);
      assert.equal(JSON.parse(text).error.param, "messages");
    });
  });
}

test("names its models and refuses those it does not know", async () => {
  await using server = await standIn(() => assert.fail("nothing is sent for an unknown model"));
  await using router = await start(routerTo(server.url));
  const rows: readonly { id: string }[] = JSON.parse(
    (await get(`${router.url}/v1/models`)).text,
  ).data;
  assert.deepEqual(
    rows.map((row) => row.id),
    ["a", "b"],
  );
  const cases = [
    { body: { model: "zzz", messages: [QUESTION] }, status: 404, code: "model_not_found" },
    { body: "{", status: 400, code: "invalid_json" },
    { body: [], status: 400, code: "invalid_value" },
    { body: { messages: [QUESTION] }, status: 400, code: "invalid_value" },
    { body: `"${"x".repeat(2 ** 20)}"`, status: 413, code: "request_too_large" },
  ];
  for (const { body, status, code } of cases) {
    const answer = await read(post(router.url, body));
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    const problem = JSON.parse(answer.text);
    assert.deepEqual(
      [problem.code, problem.error.code, problem.applied, problem.status],
      [code, code, "no", status],
    );
    assert.equal(problem.request_id, answer.headers.get("x-request-id"));
  }
  assert.equal(server.requests.length, 0);
});

test("says that nothing was applied when no model server takes connections", async () => {
  const server = await standIn(() => undefined);
  await server[Symbol.asyncDispose]();
  await using router = await start(routerTo(server.url));
  await assertProblem(router, { status: 502, code: "upstream_refused", applied: "no" });
  // Its siblings see the same: leaving the routes would turn a 502 with a reason into none.
  assert.equal((await get(`${router.url}/ready`)).status, 200);
});

test("sends once and says that the outcome is unknown: no answer in time", async () => {
  await using server = await standIn(() => undefined);
  await using router = await start(routerTo(server.url, { UPSTREAM_FIRST_BYTE_MS: "300" }));
  await assertProblem(router, { status: 504, code: "upstream_timeout", applied: "unknown" });
  assert.equal(server.requests.length, 1);
  assert.ok(await eventually(() => server.closed === 1), "the model server learns of it");
});

test("sends once and says that the outcome is unknown: the connection breaks", async () => {
  await using server = await standIn((socket) => socket.destroy());
  await using router = await start(routerTo(server.url));
  await assertProblem(router, { status: 502, code: "upstream_lost", applied: "unknown" });
  assert.equal(server.requests.length, 1);
});

test("cuts the client's stream when the model server's breaks off or falls silent", async () => {
  const chunk = "9\r\ndata: 1\n\n\r\n";
  for (const silent of [false, true]) {
    await using server = await standIn((socket) => {
      socket.write(STREAM_HEAD + chunk, () => (silent ? undefined : socket.destroy()));
    });
    await using router = await start(routerTo(server.url, { UPSTREAM_IDLE_MS: "300" }));
    const response = await post(router.url, { model: "a", stream: true, messages: [QUESTION] });
    assert.equal(response.status, 200);
    await assert.rejects(events(response), "an end would claim that the stream is whole");
    assert.equal(server.requests.length, 1);
  }
});

test("keeps connections to model servers and its own credentials", async () => {
  await using server = await standIn((socket) => {
    socket.write(`${OK_HEAD}content-length: 2\r\nseaworthy-instance: inner\r\n\r\n{}`);
  });
  await using router = await start(routerTo(server.url));
  for (let index = 0; index < 20; index += 1) {
    const headers = { authorization: "Bearer secret", cookie: "c=1" };
    const answer = await read(post(router.url, { model: "a", messages: [] }, { headers }));
    assert.equal(answer.text, "{}");
    assert.equal(answer.headers.get("seaworthy-instance"), null);
  }
  assert.ok(server.connections <= 2, `${server.connections} connections for 20 requests`);
  assert.ok(server.requests.every((request) => !/authorization|cookie/i.test(request)));
});

test("reads no faster from a model server than its client reads", async () => {
  const flood = Buffer.from(`10000\r\n${"x".repeat(65_536)}\r\n`);
  let sentBytes = 0;
  await using server = await standIn((socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(flood)) sentBytes += flood.length;
      sentBytes += flood.length;
      if (!socket.destroyed) socket.once("drain", pour);
    };
    socket.write(STREAM_HEAD);
    pour();
  });
  await using router = await start(routerTo(server.url));
  const client = connect(Number(new URL(router.url).port), "127.0.0.1");
  client.on("error", () => undefined);
  client.pause();
  const body = JSON.stringify({ model: "a", stream: true, messages: [QUESTION] });
  client.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  assert.ok(await eventually(() => sentBytes > 0));
  await delay(1_500);
  const stalledAt = sentBytes;
  await delay(500);
  assert.equal(sentBytes, stalledAt, "the model server is held back, not read into memory");
  assert.ok(sentBytes < 64 * 2 ** 20, `${sentBytes} bytes for a client that reads nothing`);
  client.destroy();
  assert.ok(await eventually(() => server.closed === 1));
});

test("counts requests by class and outcome", async () => {
  await using server = await standIn((socket) => {
    socket.write(`${OK_HEAD}content-length: 2\r\n\r\n{}`);
  });
  await using router = await start(routerTo(server.url));
  await get(`${router.url}/v1/models`);
  await read(post(router.url, { model: "a" }));
  await read(post(router.url, { model: "b", stream: true }));
  await get(`${router.url}/ids/of/clients/${Math.random()}`);
  const { text } = await get(`${router.url}/metrics`);
  for (const line of [
    'http_requests_total{route="/v1/models",class="safe",status="200"} 1',
    'http_requests_total{route="/v1/chat/completions",class="unsafe",status="200"} 1',
    'http_requests_total{route="/v1/chat/completions",class="stream",status="200"} 1',
    'http_requests_total{route="none",class="safe",status="404"} 1',
    "http_inflight 1",
    "ready 1",
  ]) {
    assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
  }
});

test("names every fault of its environment and its file at once and exits 78", async () => {
  const files = { [MODELS_FILE]: '{"a":"NOT_SET_URL","b":"lower","c":"PATHS_URL"}' };
  const env = { PORT: "70000", PATHS_URL: "http://127.0.0.1:1/v1", UPSTREAM_IDLE_MS: "-1" };
  await using router = run({ kind: "router", env, files });
  assert.equal(await router.exited, 78);
  for (const fault of ["PORT is", "NOT_SET_URL is missing", "b must", "PATHS_URL", "IDLE_MS is"]) {
    assert.ok(router.output().includes(fault), `${fault} in\n${router.output()}`);
  }
  await using without = run({ kind: "router" });
  assert.equal(await without.exited, 78);
  assert.match(without.output(), /models\.json/);
});

async function assertProblem(
  router: Program,
  expected: { readonly status: number; readonly code: string; readonly applied: string },
): Promise<void> {
  const answer = await read(post(router.url, { model: "a", messages: [QUESTION] }));
  const { status, code, applied } = JSON.parse(answer.text);
  assert.deepEqual({ status, code, applied }, expected);
  assert.equal(answer.status, expected.status);
}

function ledgerIds(program: Program, prefix: string): readonly string[] {
  const lines = readFileSync(program.root + LEDGER, "utf8").split("\n");
  return lines.filter((line) => line.startsWith(prefix));
}

function withoutMoment(text: string): string {
  return text.replace(/"created":\d+/, '"created":0');
}
