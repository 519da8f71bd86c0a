import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { QUESTION, events, post, read } from "./client.ts";
import { type Program, start } from "./program.ts";

const env = { MODELS: "a,b", SEED: "ü7", FIRST_TOKEN_MS: "0", TOKENS_PER_SECOND: "100000" };
const ask = (content: unknown, more: object = {}): object => ({
  model: "a",
  messages: [{ role: "user", content }],
  ...more,
});

/** Both programs must give the same bytes to each of these, but for the moment of making. */
const REQUESTS: Readonly<Record<string, unknown>> = {
  plain: ask("hello"),
  "another model": { ...ask("hello"), model: "b" },
  "several turns": { model: "a", messages: [{ role: "system", content: "s" }, QUESTION] },
  "parts of text": ask([
    { type: "text", text: "he" },
    { type: "text", text: "llo" },
  ]),
  "no parts": ask([]),
  "null content": ask(null),
  "beyond ASCII": ask("héé ☸ 𝄞"),
  "half a surrogate pair": '{"model":"a","messages":[{"role":"user","content":"x\\ud800y"}]}',
  "a pair in two escapes": '{"model":"a","messages":[{"role":"user","content":"\\ud834\\udd1e"}]}',
  "one token": ask("hello", { max_tokens: 1 }),
  "1e1 tokens": '{"model":"a","max_tokens":1e1,"messages":[{"role":"user","content":"x"}]}',
  "the newer limit wins": ask("hello", { max_tokens: 9, max_completion_tokens: 2 }),
  "more than it says": ask("hello", { max_tokens: 100_000 }),
  "fields it ignores": ask("hello", { temperature: 0.1, top_p: 1, user: "u" }),
  "n of one": ask("hello", { n: 1 }),
  "n of two": ask("hello", { n: 2 }),
  "no tokens": ask("hello", { max_tokens: 0 }),
  "half a token": ask("hello", { max_tokens: 1.5 }),
  "tokens as text": ask("hello", { max_tokens: "5" }),
  "tokens as truth": ask("hello", { max_tokens: true }),
  "too many tokens to count": ask("hello", { max_tokens: 2 ** 53 }),
  "stream as text": ask("hello", { stream: "yes" }),
  "no model": { messages: [QUESTION] },
  "unknown model": { ...ask("hello"), model: "zzz" },
  "no messages": { model: "a" },
  "empty messages": { model: "a", messages: [] },
  "a message of text": { model: "a", messages: ["hello"] },
  "an unknown role": { model: "a", messages: [{ role: "pirate", content: "arr" }] },
  "no content": { model: "a", messages: [QUESTION, { role: "user" }] },
  "content as number": ask(5),
  "a picture": ask([{ type: "image_url", image_url: { url: "data:" } }]),
  "not JSON": "{",
  nothing: "",
  NaN: '{"model":NaN}',
  "a byte order mark": "\ufeff{}",
  "not UTF-8": Uint8Array.of(0x22, 0xff, 0x22),
  "a list": [],
  "null itself": "null",
  "a key of every object": '{"__proto__":{"model":"a"},"messages":[]}',
};

describe("the simulators in Node and in Python", () => {
  const started = new AsyncDisposableStack();
  const programs: Program[] = [];
  before(async () => {
    for (const kind of ["node", "python"] as const) {
      programs.push(started.use(await start({ kind, env })));
    }
  });
  after(() => started.disposeAsync());

  for (const [name, body] of Object.entries(REQUESTS)) {
    test(`answer the same: ${name}`, async () => {
      const [node, python] = await Promise.all(
        programs.map(async ({ url }) => {
          const { status, headers, text } = await read(post(url, body));
          return { status, type: headers.get("content-type"), text: withoutMoment(text) };
        }),
      );
      assert.deepEqual(python, node);
      assert.ok(node !== undefined && node.status < 500, node?.text);
    });
  }

  test("stream the same chunks", async () => {
    const body = ask("hello", { stream: true, stream_options: { include_usage: true } });
    const [node, python] = await Promise.all(
      programs.map(async ({ url }) => {
        const { payloads } = await events(await post(url, body));
        return payloads.map(withoutMoment);
      }),
    );
    assert.deepEqual(python, node);
    assert.ok((node ?? []).length > 24);
  });
});

function withoutMoment(text: string): string {
  return text.replace(/"created":\d+/, '"created":0');
}
