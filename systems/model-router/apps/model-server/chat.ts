import { parseJson, readBody } from "@seaworthy/service-kit/body";
import type { Clock } from "@seaworthy/service-kit/clock";
import { type Exchange, sendJson } from "@seaworthy/service-kit/exchange";
import { Refused, badRequest } from "@seaworthy/service-kit/problem";
import { openEventStream } from "@seaworthy/service-kit/sse";
import type { ServerResponse } from "node:http";
import { type ChatRequest, parseChatRequest } from "./chat-request.ts";
import { type Completion, chunks, complete, plainBody } from "./completion.ts";
import { type Ledger, WRITE_ID } from "./ledger.ts";
import { startPace } from "./pace.ts";
import type { Settings } from "./settings.ts";

const BODY_BYTES_MAX = 1_024 * 1_024;

export interface ChatParts {
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** `POST /v1/chat/completions`. */
export async function answerChat(exchange: Exchange, parts: ChatParts): Promise<void> {
  const { settings, clock } = parts;
  const body = await readBody(exchange.request, BODY_BYTES_MAX);
  const request = parseChatRequest(parseJson(body));
  if (!settings.models.includes(request.model)) throw modelNotFound();
  const write = writeId(exchange.request.headers["seaworthy-write"]);
  const created = Math.floor(clock.date().getTime() / 1_000);
  const completion = complete(request, settings, created);
  const answer: Answer = { request, completion, write, response: exchange.response };
  await (request.stream ? answerStream(answer, parts) : answerPlain(answer, parts));
}

interface Answer {
  readonly request: ChatRequest;
  readonly completion: Completion;
  readonly write: string | undefined;
  readonly response: ServerResponse;
}

async function answerPlain(answer: Answer, parts: ChatParts): Promise<void> {
  const { completion, response, write } = answer;
  const pace = startPace(response, { ...parts.settings, clock: parts.clock });
  if (!(await pace.token(completion.tokens.length - 1))) return;
  // Before the answer: what a client was told is done, is in the ledger.
  if (write !== undefined) parts.ledger.append(write);
  sendJson(response, plainBody(completion));
}

async function answerStream(answer: Answer, parts: ChatParts): Promise<void> {
  const { completion, request, response, write } = answer;
  const { tokens } = completion;
  const pace = startPace(response, { ...parts.settings, clock: parts.clock });
  if (!(await pace.token(0))) return;
  const stream = openEventStream(response);
  const { opening, token, closing } = chunks(completion, request.includeUsage);
  let sent = 0;
  while (sent < tokens.length) {
    if (!(await pace.token(sent))) return;
    // Tokens that fell due together (a fast pace, a slow client) share one write.
    const upTo = Math.max(sent + 1, pace.due(tokens.length));
    const events = tokens.slice(sent, upTo).map(token);
    if (sent === 0) events.unshift(opening);
    if (!(await stream.send(...events))) return;
    sent = upTo;
  }
  // Produced in full: only now did it happen, and only then is it acknowledged.
  if (write !== undefined) parts.ledger.append(write);
  if (await stream.send(...closing, "[DONE]")) stream.end();
}

function writeId(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && WRITE_ID.test(header)) return header;
  throw badRequest("invalid_value", "seaworthy-write must be 1 to 200 printable characters");
}

function modelNotFound(): Refused {
  return new Refused({
    status: 404,
    code: "model_not_found",
    title: "this model does not exist: GET /v1/models names those that do",
    retryable: false,
    applied: "no",
    param: "model",
  });
}
