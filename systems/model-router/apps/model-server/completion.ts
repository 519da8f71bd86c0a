import { createHash } from "node:crypto";
import type { ChatRequest } from "./chat-request.ts";
import type { Settings } from "./settings.ts";

/** A completion before it is paced out: everything but the moment it was made. */
export interface Completion {
  readonly id: string;
  readonly model: string;
  /** Seconds since the Unix epoch. */
  readonly created: number;
  /** One word each, all but the first with a space before it. */
  readonly tokens: readonly string[];
  readonly finishReason: "stop" | "length";
  readonly promptTokens: number;
}

/** 64 words, so that six bits choose one. The Python program has the same list. */
const WORDS = (
  "anchor ballast beacon berth bilge boom bow bridge bulkhead buoy cabin calm canvas capstan " +
  "captain cargo chart compass course crest crew current deck depth dock draft drift ebb fathom " +
  "fender flag fog galley gale harbour hatch hawser helm horizon hull jetty keel knot lantern " +
  "latitude league ledger lighthouse mast moor oar pilot port quay reef rigging rudder sail " +
  "shoal signal swell tide wake wharf"
).split(" ");
/** Natural lengths are 24 to 87 tokens. */
const LENGTH_MIN = 24;
const LENGTH_SPREAD = 64;

/** The text a model with this seed gives to these messages: a function of its arguments alone. */
export function complete(
  request: ChatRequest,
  settings: Pick<Settings, "seed" | "tokensMax">,
  created: number,
): Completion {
  const digest = digestOf(request, settings.seed);
  const natural = LENGTH_MIN + (digest.readUInt8(4) % LENGTH_SPREAD);
  const allowed = Math.min(request.maxTokens ?? settings.tokensMax, settings.tokensMax);
  const bytes = request.messages.reduce((sum, each) => sum + Buffer.byteLength(each.content), 0);
  return {
    id: `chatcmpl-${digest.toString("hex", 8, 20)}`,
    model: request.model,
    created,
    tokens: words(digest.readUInt32BE(0), Math.min(natural, allowed)),
    finishReason: allowed < natural ? "length" : "stop",
    // A common rule of thumb for English: four bytes a token.
    promptTokens: Math.ceil(bytes / 4),
  };
}

/** SHA-256 over the parts, each ended by a byte that no part can hold in UTF-8. */
function digestOf(request: ChatRequest, seed: string): Buffer {
  const hash = createHash("sha256");
  const end = Buffer.of(0xff);
  for (const part of [seed, request.model]) hash.update(part).update(end);
  for (const { role, content } of request.messages) {
    hash.update(role).update(end).update(content.toWellFormed()).update(end);
  }
  return hash.digest();
}

/** A 32-bit linear congruential generator (Numerical Recipes); its top six bits choose the word. */
function words(seed: number, count: number): readonly string[] {
  const chosen: string[] = [];
  let state = seed;
  for (let index = 0; index < count; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const word = WORDS[state >>> 26] ?? "";
    chosen.push(index === 0 ? word : ` ${word}`);
  }
  return chosen;
}

/** The body of a plain answer. */
export function plainBody(completion: Completion): string {
  const { id, created, model, tokens, finishReason } = completion;
  const message = { role: "assistant", content: tokens.join("") };
  return JSON.stringify({
    id,
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage: usage(completion),
  });
}

/** The `data:` payloads of a streamed answer, without the closing `[DONE]`. */
export interface Chunks {
  readonly token: (text: string) => string;
  readonly opening: string;
  /** The finish reason and, where asked for, the usage. */
  readonly closing: readonly string[];
}

export function chunks(completion: Completion, includeUsage: boolean): Chunks {
  const { id, created, model, finishReason } = completion;
  const head = JSON.stringify({ id, object: "chat.completion.chunk", created, model }).slice(0, -1);
  const chunk = (delta: string, finish: string): string =>
    `${head},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]}`;
  const closing = [chunk("{}", `"${finishReason}"`)];
  if (includeUsage) {
    closing.push(`${head},"choices":[],"usage":${JSON.stringify(usage(completion))}}`);
  }
  return {
    opening: chunk('{"role":"assistant","content":""}', "null"),
    // A token is lower-case words and spaces: nothing in it needs escaping.
    token: (text) => chunk(`{"content":"${text}"}`, "null"),
    closing,
  };
}

function usage({ promptTokens, tokens }: Completion): Record<string, number> {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: tokens.length,
    total_tokens: promptTokens + tokens.length,
  };
}
