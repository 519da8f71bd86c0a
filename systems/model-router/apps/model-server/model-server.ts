import { type Route, sendJson } from "@seaworthy/service-kit/exchange";
import type { Platform, Tools } from "@seaworthy/service-kit/launch";
import { type HttpService, serve } from "@seaworthy/service-kit/serve";
import { answerApplied } from "./applied.ts";
import { answerChat } from "./chat.ts";
import { openLedger } from "./ledger.ts";
import { renderOpenAiError } from "./openai-error.ts";
import type { Settings } from "./settings.ts";

/** A simulator of a model server that speaks OpenAI's protocol and remembers its writes. */
export async function startModelServer(
  settings: Settings,
  platform: Platform,
  tools: Tools,
): Promise<HttpService> {
  const parts = { settings, clock: tools.clock, ledger: openLedger(settings.ledgerFile) };
  const models = modelsBody(settings.models);
  const routes: readonly Route[] = [
    {
      method: "POST",
      path: "/v1/chat/completions",
      answer: (exchange) => answerChat(exchange, parts),
    },
    { method: "GET", path: "/v1/models", answer: ({ response }) => sendJson(response, models) },
    {
      method: "GET",
      path: "/internal/applied",
      answer: (exchange) => answerApplied(exchange, parts.ledger),
    },
  ];
  const { host, port } = platform;
  return serve({ host, port, routes, renderProblem: renderOpenAiError, ...tools });
}

function modelsBody(models: readonly string[]): string {
  const rows = models.map((id) => ({ id, object: "model", created: 0, owned_by: "model-server" }));
  return JSON.stringify({ object: "list", data: rows });
}
