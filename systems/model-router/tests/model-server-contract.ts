import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { QUESTION, events, get, post, read, spelled } from "./client.ts";
import { type Program, eventually, run, start } from "./program.ts";

const LEDGER = "/var/lib/model-server/ledger";

/** 5 tokens a second: slow enough to see each one come, on a busy machine too. */
const SLOW = { MODELS: "a,b", FIRST_TOKEN_MS: "10", TOKENS_PER_SECOND: "5" };
const FAST = { MODELS: "a,b", FIRST_TOKEN_MS: "1", TOKENS_PER_SECOND: "1000" };

/** What every simulator of a model server promises, whatever it is written in. */
export function modelServerContract(kind: "node" | "python"): void {
  describe(`a model server in ${kind}`, { concurrency: false }, () => {
    const started = new AsyncDisposableStack();
    let fast: Program;
    let slow: Program;
    before(async () => {
      fast = started.use(await start({ kind, env: FAST }));
      slow = started.use(await start({ kind, env: SLOW }));
    });
    after(() => started.disposeAsync());
    const pair: Pair = () => ({ fast, slow });
    answering(pair);
    readingBodies(pair);
    keepingTheLedger(pair);
    countingTheLedger(pair, kind);
    leaving(kind);
    booting(kind);
  });
}

type Pair = () => { readonly fast: Program; readonly slow: Program };

function answering(pair: Pair): void {
  test("gives the text of its seed, model and messages", async () => {
    const body = { model: "a", max_tokens: 3, messages: [{ role: "user", content: "héé" }] };
    const { status, text } = await read(post(pair().fast.url, body));
    assert.equal(status, 200);
    const { created, ...rest } = JSON.parse(text);
    assert.ok(Number.isSafeInteger(created) && created > 1_700_000_000, "seconds since 1970");
    assert.deepEqual(rest, {
      id: "chatcmpl-5cb5f3570fbbc96f84149bda",
      object: "chat.completion",
      model: "a",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "ledger bow reef" },
          logprobs: null,
          finish_reason: "length",
        },
      ],
      usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
    });
  });

  test("names its models", async () => {
    const { text } = await get(`${pair().fast.url}/v1/models`);
    const rows: readonly { id: string }[] = JSON.parse(text).data;
    assert.deepEqual(
      rows.map((row) => row.id),
      ["a", "b"],
    );
  });

  test("streams tokens one by one, as they fall due", async () => {
    const body = { model: "a", stream: true, max_tokens: 6, messages: [QUESTION] };
    const response = await post(pair().slow.url, body);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const streamed = await events(response);
    // Role, six tokens, finish, [DONE].
    assert.equal(streamed.payloads.length, 9);
    assert.equal(streamed.payloads.at(-1), "[DONE]");
    // 5 gaps of 200 ms; a server that buffers shows them all at once.
    assert.ok((streamed.arrivedMs.at(-1) ?? 0) > 600, `arrived at ${streamed.arrivedMs.join()}`);
    const plain = await read(post(pair().fast.url, { ...body, stream: false }));
    assert.equal(spelled(streamed), JSON.parse(plain.text).choices[0].message.content);
  });
}

function readingBodies(pair: Pair): void {
  test("answers an oversized body with 413 and keeps the connection usable", async () => {
    const large = JSON.stringify({ model: "a", messages: [QUESTION], pad: "x".repeat(2 ** 20) });
    const { status, text } = await read(post(pair().fast.url, large));
    assert.equal(status, 413);
    assert.equal(JSON.parse(text).error.code, "request_too_large");
    assert.equal((await get(`${pair().fast.url}/health`)).status, 200);
  });

  test("reads a body that comes in chunks", async () => {
    const text = JSON.stringify({ model: "a", max_tokens: 1, messages: [QUESTION] });
    const half = Math.floor(text.length / 2);
    const body = ReadableStream.from([
      new TextEncoder().encode(text.slice(0, half)),
      new TextEncoder().encode(text.slice(half)),
    ]);
    const response = await fetch(`${pair().fast.url}/v1/chat/completions`, {
      method: "POST",
      body,
      duplex: "half",
      signal: AbortSignal.timeout(30_000),
    });
    assert.equal(response.status, 200, await response.text());
  });

  test("says 404 for a path it does not know and 405 with Allow for a method", async () => {
    assert.equal((await get(`${pair().fast.url}/v1/nothing`)).status, 404);
    const wrong = await get(`${pair().fast.url}/v1/chat/completions`);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get("allow"), "POST");
  });
}

function keepingTheLedger(pair: Pair): void {
  test("has a write in the ledger once, and before it is acknowledged", async () => {
    const { slow } = pair();
    const body = { model: "a", max_tokens: 5, messages: [QUESTION] };
    const pending = post(slow.url, body, { headers: { "seaworthy-write": "run1-7" } });
    await delay(200);
    assert.deepEqual(ledgerIds(slow, "run1-"), [], "800 ms of work are left: nothing happened yet");
    assert.equal((await pending).status, 200);
    assert.deepEqual(ledgerIds(slow, "run1-"), ["run1-7"], "at the first byte of the answer");
    await (await pending).text();
  });

  test("has a streamed write in the ledger before the stream is done", async () => {
    const body = { model: "a", stream: true, max_tokens: 3, messages: [QUESTION] };
    const response = await post(pair().fast.url, body, {
      headers: { "seaworthy-write": "run2-1" },
    });
    assert.equal((await events(response)).payloads.at(-1), "[DONE]");
    assert.deepEqual(ledgerIds(pair().fast, "run2-"), ["run2-1"]);
  });

  test("does not apply what it refused", async () => {
    const headers = { "seaworthy-write": "run3-1" };
    const refused = await read(post(pair().fast.url, { model: "a" }, { headers }));
    assert.equal(refused.status, 400);
    const unknown = { model: "zzz", messages: [QUESTION] };
    assert.equal((await read(post(pair().fast.url, unknown, { headers }))).status, 404);
    const bad = { model: "a", max_tokens: 1, messages: [QUESTION] };
    const spaced = await read(
      post(pair().fast.url, bad, { headers: { "seaworthy-write": "a b" } }),
    );
    assert.equal(spaced.status, 400);
    assert.deepEqual(ledgerIds(pair().fast, "run3-"), []);
  });

  for (const stream of [false, true]) {
    test(`stops when the client leaves, stream ${stream}: not produced, not applied`, async () => {
      const { slow } = pair();
      const client = new AbortController();
      const headers = { "seaworthy-write": `run4-${stream}` };
      const body = { model: "a", stream, max_tokens: 6, messages: [QUESTION] };
      const pending = post(slow.url, body, { headers, signal: client.signal }).catch(() => "left");
      await delay(300);
      client.abort();
      await pending;
      // Twice as long as the whole completion would have taken.
      await delay(2_000);
      assert.deepEqual(ledgerIds(slow, "run4-"), []);
    });
  }
}

function countingTheLedger(pair: Pair, kind: "node" | "python"): void {
  test("counts the ledger of all instances, and by prefix", async () => {
    const { fast } = pair();
    await using sibling = await start({ kind, env: FAST, root: fast.root });
    const body = { model: "a", max_tokens: 1, messages: [QUESTION] };
    for (const url of [fast.url, sibling.url, sibling.url]) {
      await read(post(url, body, { headers: { "seaworthy-write": "run5-twice" } }));
    }
    await read(post(fast.url, body, { headers: { "seaworthy-write": 'run5-o"dd' } }));
    // What a full disk leaves: a record without its end. It must not swallow the next one.
    appendFileSync(fast.root + LEDGER, "\nrun5-torn");
    await read(post(fast.url, body, { headers: { "seaworthy-write": "run5-after" } }));
    for (const url of [fast.url, sibling.url]) {
      const { headers, text } = await get(`${url}/internal/applied?run=run5-`);
      assert.equal(headers.get("content-type"), "application/x-ndjson");
      assert.deepEqual(text.trimEnd().split("\n"), [
        '{"id":"run5-twice","times":3}',
        '{"id":"run5-o\\"dd","times":1}',
        '{"id":"run5-torn","times":1}',
        '{"id":"run5-after","times":1}',
      ]);
    }
  });

  test("streams a ledger of 50,000 writes", async () => {
    const { slow } = pair();
    const ids = Array.from({ length: 50_000 }, (_, index) => `run6-${index}`);
    appendFileSync(slow.root + LEDGER, `\n${ids.join("\n")}\n`);
    const { text } = await get(`${slow.url}/internal/applied?run=run6-`);
    assert.equal(text.trimEnd().split("\n").length, 50_000);
  });
}

function leaving(kind: "node" | "python"): void {
  test("finishes a stream after SIGTERM and exits 0", async () => {
    await using program = await start({ kind, env: SLOW });
    const body = { model: "a", stream: true, max_tokens: 8, messages: [QUESTION] };
    const response = await post(program.url, body);
    program.signal("SIGTERM");
    const { payloads } = await events(response);
    assert.equal(payloads.at(-1), "[DONE]");
    assert.equal(await program.exited, 0, program.output());
  });

  test("while it leaves: not ready, answers what still comes, keeps no connection", async () => {
    await using program = await start({ kind, env: FAST });
    await get(`${program.url}/v1/models`);
    program.signal("SIGTERM");
    // Requests that keep coming keep it from closing its port; nothing is refused meanwhile.
    const notReady = await eventually(async () => {
      const models = await get(`${program.url}/v1/models`);
      assert.equal(models.status, 200);
      const { status, headers } = await get(`${program.url}/ready`);
      return status === 503 && headers.get("connection") === "close";
    });
    assert.ok(notReady);
    assert.equal(await program.exited, 0, program.output());
  });

  test("ends at once on a second SIGTERM", async () => {
    await using program = await start({ kind, env: SLOW });
    const body = { model: "a", stream: true, max_tokens: 24, messages: [QUESTION] };
    const response = await post(program.url, body);
    program.signal("SIGTERM");
    assert.ok(await eventually(() => program.output().includes("stopping")));
    program.signal("SIGTERM");
    assert.equal(await program.exited, 143);
    await assert.rejects(events(response), "a stream that was cut must look cut");
  });
}

function booting(kind: "node" | "python"): void {
  test("names every fault of its environment at once and exits 78", async () => {
    const env = { PORT: "http", TOKENS_PER_SECOND: "0", MODELS: "" };
    await using program = run({ kind, env });
    assert.equal(await program.exited, 78);
    for (const name of ["PORT", "TOKENS_PER_SECOND", "MODELS"]) {
      assert.match(program.output(), new RegExp(`^model-server: ${name}`, "m"));
    }
  });
}

function ledgerIds(program: Program, prefix: string): readonly string[] {
  const lines = readFileSync(program.root + LEDGER, "utf8").split("\n");
  return lines.filter((line) => line.startsWith(prefix));
}
