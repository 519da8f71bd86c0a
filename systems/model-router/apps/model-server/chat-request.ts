import { badRequest } from "@seaworthy/service-kit/problem";

/** What of a chat completion request the simulator honours; every other field is ignored. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxTokens: number | undefined;
}
export interface Message {
  readonly role: string;
  readonly content: string;
}

const ROLES = ["system", "developer", "user", "assistant", "tool"];

/** Reads the body's JSON value; the order of the checks is part of both programs' contract. */
export function parseChatRequest(value: unknown): ChatRequest {
  const body = fields(value);
  if (body === undefined) throw badRequest("invalid_value", "the body must be a JSON object");
  const model = body.get("model");
  if (typeof model !== "string") throw invalid("model", "must be a string");
  const messages = parseMessages(body.get("messages"));
  const stream = optional(body, { name: "stream", accepts: isBoolean, expected: "true or false" });
  const maxTokens =
    optional(body, { name: "max_completion_tokens", accepts: isCount, expected: COUNT }) ??
    optional(body, { name: "max_tokens", accepts: isCount, expected: COUNT });
  optional(body, { name: "n", accepts: isOne, expected: "1: no more is simulated" });
  const streamOptions = fields(body.get("stream_options"));
  return {
    model,
    messages,
    stream: stream ?? false,
    includeUsage: streamOptions?.get("include_usage") === true,
    maxTokens,
  };
}

const COUNT = "a whole number above 0";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;
const isOne = (value: unknown): value is 1 => value === 1;

function optional<Value>(
  body: ReadonlyMap<string, unknown>,
  field: {
    readonly name: string;
    readonly accepts: (value: unknown) => value is Value;
    readonly expected: string;
  },
): Value | undefined {
  const value = body.get(field.name);
  if (value === undefined || value === null) return undefined;
  if (!field.accepts(value)) throw invalid(field.name, `must be ${field.expected}`);
  return value;
}

function parseMessages(value: unknown): readonly Message[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalid("messages", "must be a list with at least one message");
  }
  return value.map(parseMessage);
}

function parseMessage(value: unknown, index: number): Message {
  const message = fields(value);
  const role = message?.get("role");
  if (typeof role !== "string" || !ROLES.includes(role)) {
    throw invalid("messages", `at ${index} needs a role: ${ROLES.join(", ")}`);
  }
  const content = contentText(message?.get("content"));
  if (content === undefined) {
    throw invalid("messages", `at ${index} needs a content: text, or a list of text parts`);
  }
  return { role, content };
}

/** An assistant's turn that only called tools has null as its content. */
function contentText(content: unknown): string | undefined {
  if (content === null) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  let text = "";
  for (const each of content) {
    const part = fields(each)?.get("text");
    if (typeof part !== "string") return undefined;
    text += part;
  }
  return text;
}

function fields(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

function invalid(param: string, expectation: string): Error {
  return badRequest("invalid_value", `${param} ${expectation}`, param);
}
