import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { systemClock } from "@seaworthy/std/clock";

export interface Backend {
  readonly id: string;
  readonly release: string;
  readonly port: number;
  routed: boolean;
  healthy: boolean;
  lastRequestWallMs: number | undefined;
  inFlight: number;
}

export interface ProxyManners {
  /** Repeats whatever did not answer in time, writes too: the planted fault of a proxy. */
  readonly repeatsWrites: boolean;
}

const TRY_MS = 600;
const CHECK_EVERY_MS = 100;
const CHECK_MS = 500;

/** A small edge: round robin, checks, and retries of safe requests. */
export class ToyProxy {
  readonly backends: Backend[] = [];
  readonly #manners: ProxyManners;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  #turn = 0;
  #closed = false;

  constructor(manners: ProxyManners) {
    this.#manners = manners;
    this.#server = createServer((incoming, response) => {
      const body: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => body.push(chunk));
      incoming.on("end", () => this.#forward({ incoming, response, body, left: 3 }));
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    void this.#checkAll();
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #checkAll(): Promise<void> {
    while (!this.#closed) {
      for (const backend of this.backends) this.#check(backend);
      await systemClock.sleep(CHECK_EVERY_MS);
    }
  }

  #check(backend: Backend): void {
    const probe = request({ port: backend.port, path: "/ready", timeout: CHECK_MS });
    probe.on("timeout", () => probe.destroy(new Error("silent")));
    probe.on("error", () => {
      backend.healthy = false;
    });
    probe.on("response", (response) => {
      response.resume();
      backend.healthy = response.statusCode === 200;
    });
    probe.end();
  }

  #next(): Backend | undefined {
    const able = this.backends.filter((backend) => backend.routed && backend.healthy);
    const any = able.length > 0 ? able : this.backends.filter((backend) => backend.routed);
    this.#turn += 1;
    return any[this.#turn % Math.max(1, any.length)];
  }

  #forward(exchange: Forwarded): void {
    const { incoming, response, body } = exchange;
    const backend = this.#next();
    if (backend === undefined) return void response.writeHead(503).end();
    backend.lastRequestWallMs = systemClock.wall();
    backend.inFlight += 1;
    const onward = request({
      port: backend.port,
      agent: this.#agent,
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      headers: incoming.headers,
      timeout: TRY_MS,
    });
    onward.once("close", () => {
      backend.inFlight -= 1;
    });
    onward.on("timeout", () => onward.destroy(new Error("silent")));
    onward.on("error", () => {
      backend.healthy = false;
      this.#failed(exchange);
    });
    onward.on("response", (answer) => {
      const headers = { ...answer.headers, "seaworthy-release": backend.release };
      response.writeHead(answer.statusCode ?? 502, headers);
      answer.pipe(response);
    });
    onward.end(Buffer.concat(body));
  }

  #failed(exchange: Forwarded): void {
    const { incoming, response, left } = exchange;
    const mayRepeat = incoming.method === "GET" || this.#manners.repeatsWrites;
    if (mayRepeat && left > 0) this.#forward({ ...exchange, left: left - 1 });
    else if (!response.headersSent) response.writeHead(502).end();
    else response.destroy();
  }
}

interface Forwarded {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: readonly Buffer[];
  readonly left: number;
}
