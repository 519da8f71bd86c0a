import { defineSystem, edge, ref, service } from "seaworthy";

/** Short enough for a demo; the defaults are meant for production. */
const BAKE = "3s";

const QUESTION = { role: "user", content: "Which light marks the harbour entrance?" };

/** The simulated model servers answer these; the router finds them by name. */
const MODELS = ["harbour-small", "harbour-large"] as const;

const router = service({
  run: { build: "./apps/router", command: ["node", "main.ts"] },
  port: 8080,
  replicas: 3,
  drain: "10s",
  stop: "15s",
  env: {
    MODEL_SERVERS_URL: ref("model"),
    // Above the inner route's own time-out, so that its clearer answer comes first.
    UPSTREAM_FIRST_BYTE_MS: 5_000,
    UPSTREAM_IDLE_MS: 10_000,
  },
  files: {
    "/etc/model-router/models.json": {
      [MODELS[0]]: "MODEL_SERVERS_URL",
      [MODELS[1]]: "MODEL_SERVERS_URL",
    },
  },
  probe: { path: "/v1/models" },
  rollout: { bake: BAKE },
});

const model = service({
  run: { build: "./apps/model-server", command: ["node", "main.ts"] },
  port: 8000,
  replicas: 3,
  drain: "10s",
  stop: "15s",
  env: { MODELS: MODELS.join(","), FIRST_TOKEN_MS: 20, TOKENS_PER_SECOND: 50, SEED: 4711 },
  // The ledger of writes that took effect, one for all instances.
  volumes: { "/var/lib/model-server": "ledger" },
  probe: { path: "/v1/models" },
  // Of the demo's load only two requests in seven come this far.
  rollout: { bake: BAKE, bakeRequests: 50 },
});

export default defineSystem({
  name: "model-router",
  services: { router, model },
  edge: edge({
    listen: ["127.0.0.1:0"],
    routes: {
      // A completion costs money and is written down: it is never sent twice by the edge.
      "/": { to: "router", tryTimeout: "4s", balance: "least-connections" },
      // Answered from the router's configuration: a slow one is a sick instance, try the next.
      "/v1/models": { to: "router", tryTimeout: "500ms", balance: "least-connections" },
    },
  }),
  objectives: {
    availability: "99.9%",
    errors: "0.1%",
    latency: { p95: "500ms" },
    recovery: { time: "60s" },
  },
  load: {
    rate: "300/s",
    mix: [
      { GET: "/v1/models", weight: 15 },
      {
        POST: "/v1/chat/completions",
        weight: 5,
        needs: ["model"],
        body: { json: { model: MODELS[0], max_tokens: 1, messages: [QUESTION] } },
      },
      {
        POST: "/v1/chat/completions",
        weight: 1,
        stream: true,
        needs: ["model"],
        body: { json: { model: MODELS[1], max_tokens: 16, stream: true, messages: [QUESTION] } },
      },
    ],
    history: { service: "model", path: "/internal/applied" },
  },
  drills: { warmUp: "2s", baseline: "3s", window: "15s" },
  environments: {
    rehearsal: { on: "local" },
    /** What it looks like when one replica has to keep 99.9 %: it cannot, and a drill shows it. */
    single: { on: "local", services: { router: { replicas: 1 } } },
    /** The same system with its model servers in Python. */
    python: {
      on: "local",
      services: {
        model: { run: { build: "./apps/model-server-python", command: ["python3", "server.py"] } },
      },
    },
  },
});
