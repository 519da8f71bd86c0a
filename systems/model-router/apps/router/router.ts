import { parseJson, readBody } from "@seaworthy/service-kit/body";
import {
  type Ended,
  type Exchange,
  type Route,
  sendJson,
  sendText,
} from "@seaworthy/service-kit/exchange";
import type { Platform, Tools } from "@seaworthy/service-kit/launch";
import { messageOf } from "@seaworthy/service-kit/log";
import { METRICS_CONTENT_TYPE, type Metrics, createMetrics } from "@seaworthy/service-kit/metrics";
import { Refused } from "@seaworthy/service-kit/problem";
import { type HttpService, serve } from "@seaworthy/service-kit/serve";
import { type Dispatcher, Pool } from "undici";
import { parseChatRequest } from "./chat-request.ts";
import { Cut, forward } from "./forward.ts";
import { renderRouterProblem } from "./router-problem.ts";
import type { ModelName, Settings } from "./settings.ts";

const CHAT_PATH = "/v1/chat/completions";
const BODY_BYTES_MAX = 1_024 * 1_024;
const CONNECT_TIMEOUT_MS = 1_000;
/** Idle connections go before the other side (65 s here, never under 5 s) would close them. */
const UPSTREAM_KEEP_ALIVE_MS = 4_000;

/** Routes OpenAI's chat API by model name; an instance is as good as its configuration. */
export async function startRouter(
  settings: Settings,
  platform: Platform,
  tools: Tools,
): Promise<HttpService> {
  const upstreams = openUpstreams(settings);
  const streams = new WeakSet<Exchange>();
  const models = modelsBody(settings);
  const metrics = createMetrics();
  const routes: readonly Route[] = [
    {
      method: "POST",
      path: CHAT_PATH,
      answer: (exchange) => answerChat(exchange, { upstreams, streams, tools }),
    },
    { method: "GET", path: "/v1/models", answer: ({ response }) => sendJson(response, models) },
    {
      method: "GET",
      path: "/metrics",
      answer: ({ response }) =>
        sendText(response, {
          status: 200,
          contentType: METRICS_CONTENT_TYPE,
          body: metrics.text(),
        }),
    },
  ];
  const service = await serve({
    ...tools,
    host: platform.host,
    port: platform.port,
    routes,
    renderProblem: renderRouterProblem,
    onEnded: countRequests(metrics, streams),
  });
  metrics.gauge("http_inflight", {
    help: "Requests at work, this scrape included.",
    read: () => service.inFlight,
  });
  metrics.gauge("ready", {
    help: "1 while this instance takes requests.",
    read: () => (tools.readiness.reason() === undefined ? 1 : 0),
  });
  return service;
}

interface ChatParts {
  readonly upstreams: ReadonlyMap<ModelName, Dispatcher>;
  /** Which exchanges asked for a stream: only their body says so. */
  readonly streams: WeakSet<Exchange>;
  readonly tools: Tools;
}

async function answerChat(exchange: Exchange, parts: ChatParts): Promise<void> {
  const body = await readBody(exchange.request, BODY_BYTES_MAX);
  const { model, stream } = parseChatRequest(parseJson(body));
  if (stream) parts.streams.add(exchange);
  const upstream = parts.upstreams.get(model);
  if (upstream === undefined) throw modelNotFound();
  try {
    await forward(exchange, { body, path: CHAT_PATH, upstream });
  } catch (thrown) {
    logFailure(thrown, { exchange, model, tools: parts.tools });
    if (!(thrown instanceof Cut)) throw thrown;
    exchange.response.destroy();
  }
}

function logFailure(
  thrown: unknown,
  at: { readonly exchange: Exchange; readonly model: ModelName; readonly tools: Tools },
): void {
  if (!(thrown instanceof Cut || thrown instanceof Refused)) return;
  at.tools.log.write("warn", "model server failed", {
    requestId: at.exchange.requestId,
    model: at.model,
    code: thrown instanceof Refused ? thrown.problem.code : "upstream_cut",
    cause: messageOf(thrown instanceof Cut ? thrown.cause : thrown),
  });
}

/** One pool an address, whatever the number of models behind it. */
function openUpstreams(settings: Settings): ReadonlyMap<ModelName, Dispatcher> {
  const pools = new Map<string, Pool>();
  const upstreams = new Map<ModelName, Dispatcher>();
  for (const [model, origin] of settings.models) {
    const pool = pools.get(origin) ?? openPool(origin, settings);
    pools.set(origin, pool);
    upstreams.set(model, pool);
  }
  return upstreams;
}

/** Connections are bounded by the server's own limit of requests in flight: each needs one. */
function openPool(origin: string, settings: Settings): Pool {
  return new Pool(origin, {
    connect: { timeout: CONNECT_TIMEOUT_MS },
    connections: null,
    pipelining: 1,
    keepAliveTimeout: UPSTREAM_KEEP_ALIVE_MS,
    keepAliveMaxTimeout: UPSTREAM_KEEP_ALIVE_MS,
    headersTimeout: settings.firstByteMs,
    bodyTimeout: settings.idleMs,
  });
}

function modelsBody(settings: Settings): string {
  const rows = settings.models
    .keys()
    .map((id) => ({ id, object: "model", created: 0, owned_by: "model-router" }));
  return JSON.stringify({ object: "list", data: rows.toArray() });
}

function countRequests(
  metrics: Metrics,
  streams: WeakSet<Exchange>,
): (exchange: Exchange, ended: Ended) => void {
  const requests = metrics.counter(
    "http_requests_total",
    "Requests by route, class and outcome; cut: the answer broke off.",
  );
  return (exchange, { route, method, status, cut }) => {
    const kind = method === "GET" || method === "HEAD" ? "safe" : "unsafe";
    const requestClass = streams.has(exchange) ? "stream" : kind;
    const outcome = cut ? "cut" : String(status);
    requests.add(`route="${route}",class="${requestClass}",status="${outcome}"`);
  };
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
