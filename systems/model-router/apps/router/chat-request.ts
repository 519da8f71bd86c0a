import { badRequest } from "@seaworthy/service-kit/problem";

/** The two fields that a router needs; all others are the model server's to judge. */
export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
}

export function parseChatRequest(value: unknown): ChatRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("invalid_value", "the body must be a JSON object");
  }
  const model = "model" in value ? value.model : undefined;
  if (typeof model !== "string")
    throw badRequest("invalid_value", "model must be a string", "model");
  return { model, stream: "stream" in value && value.stream === true };
}
