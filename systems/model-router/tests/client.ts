import { performance } from "node:perf_hooks";

/** Every request of a test is over by then, one way or another. */
const DEADLINE_MS = 30_000;

export const QUESTION = { role: "user", content: "Where is the quay?" };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function post(
  url: string,
  body: unknown,
  options: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...options.headers },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    signal: options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]),
  });
}

export async function read(response: Response | Promise<Response>): Promise<Answer> {
  const answered = await response;
  return { status: answered.status, headers: answered.headers, text: await answered.text() };
}

export async function get(url: string): Promise<Answer> {
  return read(fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) }));
}

/** The `data:` payloads of a stream and when each arrived, in ms since the first. */
export interface Events {
  readonly payloads: readonly string[];
  readonly arrivedMs: readonly number[];
}

/** Rejects when the stream is cut. */
export async function events(response: Response): Promise<Events> {
  const payloads: string[] = [];
  const arrivedMs: number[] = [];
  let firstMs: number | undefined;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    firstMs ??= performance.now();
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      payloads.push(part.replace(/^data: /, ""));
      arrivedMs.push(performance.now() - firstMs);
    }
  }
  return { payloads, arrivedMs };
}

/** The text that a stream's chunks spell. */
export function spelled({ payloads }: Events): string {
  return payloads
    .filter((payload) => payload !== "[DONE]")
    .map((payload) => deltaText(JSON.parse(payload)))
    .join("");
}

function deltaText(chunk: { choices: readonly { delta?: { content?: string } }[] }): string {
  return chunk.choices[0]?.delta?.content ?? "";
}
