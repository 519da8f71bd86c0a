import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request, type Agent, type RequestListener, type Server } from "node:http";
import { request as secureRequest } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { present } from "@seaworthy/std/assert";
import { deadline, systemClock } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { GatewayConfig, ListenerConfig, PoolConfig, RouteConfig } from "./config.ts";
import { ControlClient, statusOf, type ControlAsk } from "./control-client.fixture.ts";
import type { ControlReply, DrainOutcome, GatewayStatus } from "./control.ts";

/** What the integration tests run: a gateway of its own processes, in a folder of its own. */
export class TestGateway implements AsyncDisposable {
  readonly folder: string;
  readonly #children = new Set<ChildProcess>();
  readonly #before: readonly string[];
  holder: ChildProcess;
  #control: ControlClient | undefined = undefined;
  log = "";

  /** `before`: what the gateway's own argv is given to, such as `prlimit --nofile=300`. */
  static async start(before: readonly string[] = []): Promise<TestGateway> {
    const gateway = new TestGateway(await mkdtemp(join(tmpdir(), "gw-")), before);
    await gateway.#ready();
    return gateway;
  }

  private constructor(folder: string, before: readonly string[]) {
    this.folder = folder;
    this.#before = before;
    this.holder = this.#spawn();
  }

  /** A new holder on the same state, after the one before ended. */
  async startAgain(): Promise<void> {
    this.#control?.close();
    this.#control = undefined;
    this.holder = this.#spawn();
    await this.#ready();
  }

  #spawn(): ChildProcess {
    const main = join(import.meta.dirname, "main.ts");
    const own = [main, "--state", join(this.folder, "state"), "--control", this.#socketPath];
    const [program = process.execPath, ...argv] = [...this.#before, process.execPath, ...own];
    const child = spawn(program, argv, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    this.#children.add(child);
    return child;
  }

  get #socketPath(): string {
    return join(this.folder, "control");
  }

  async #ready(): Promise<void> {
    await this.#connect(() => {
      if (this.holder.exitCode !== null) throw new Error(`the holder ended: ${this.log}`);
    });
  }

  async #connect(check = (): void => {}): Promise<void> {
    this.#control = await eventually("the control socket answers", async () => {
      check();
      return ControlClient.open(this.#socketPath).catch(() => undefined);
    });
  }

  ask(what: ControlAsk): Promise<ControlReply> {
    return present(this.#control, "the control connection").ask(what);
  }

  /** Applies and fails the test where it is refused. */
  async apply(config: GatewayConfig): Promise<GatewayStatus> {
    return statusOf(await this.ask({ op: "apply", config }));
  }

  async status(): Promise<GatewayStatus> {
    return statusOf(await this.ask({ op: "status" }));
  }

  async drainEndpoint(endpoint: string, deadlineMs: number): Promise<DrainOutcome> {
    const reply = await this.ask({ op: "drain-endpoint", endpoint, deadlineMs });
    if (!reply.ok || !("drained" in reply)) throw new Error(JSON.stringify(reply));
    return reply.drained;
  }

  async metrics(): Promise<string> {
    const reply = await this.ask({ op: "metrics" });
    if (!reply.ok || !("metrics" in reply)) throw new Error(JSON.stringify(reply));
    return reply.metrics;
  }

  async port(listener: string): Promise<number> {
    const found = (await this.status()).listeners.find((one) => one.name === listener);
    return present(found, `listener ${listener}`).port;
  }

  async untilHealthy(...ids: readonly string[]): Promise<void> {
    await eventually(`${ids.join(", ")} healthy`, async () => {
      const { endpoints } = await this.status();
      const fit = endpoints.filter((one) => one.health === "healthy").map((one) => one.id);
      return ids.every((id) => fit.includes(id)) ? true : undefined;
    });
  }

  /** The holder that its worker started, after `before` was killed. */
  async heir(before: number): Promise<number> {
    return await eventually("the next holder", async () => {
      this.#control?.close();
      await this.#connect();
      // One that is just being killed may still have taken the connection.
      const pid = await this.status().then(
        ({ holderPid }) => holderPid,
        () => before,
      );
      return pid === before ? undefined : pid;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control?.close();
    const heir = await this.#heirPid();
    if (heir !== undefined) process.kill(heir, "SIGTERM");
    for (const child of this.#children) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    }
    await eventually("the holder to end", async () => {
      const alive = [...this.#children].some(
        (one) => one.exitCode === null && one.signalCode === null,
      );
      return alive || (heir !== undefined && isAlive(heir)) ? undefined : true;
    });
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Who answers, where that is none of our own children. */
  async #heirPid(): Promise<number | undefined> {
    if ([...this.#children].some((one) => one.exitCode === null && one.signalCode === null)) {
      return undefined;
    }
    const control = await ControlClient.open(this.#socketPath).catch(() => undefined);
    if (control === undefined) return undefined;
    const { holderPid } = statusOf(await control.ask({ op: "status" }));
    control.close();
    return holderPid;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Polls until there is a value; generous, because the machine is shared. */
export function eventually<Value>(
  what: string,
  probe: () => Promise<Value | undefined>,
): Promise<Value> {
  const signal = deadline(20_000, what);
  return poll(probe, { clock: systemClock, everyMs: 20, signal });
}

// Upstreams.

export interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

/** A server in this process. `/health` answers 200 by itself. */
export async function upstream(listener: RequestListener): Promise<Upstream> {
  const server = createServer((incoming, response) => {
    if (incoming.url === "/health") response.end("ok");
    else listener(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = addressOf(server);
  return {
    port,
    server,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with what it was asked: method, target, raw headers and body. */
export function echo(): Promise<Upstream> {
  return upstream((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method, url, rawHeaders, headers } = incoming;
      const body = Buffer.concat(chunks).toString();
      const text = JSON.stringify({ method, url, rawHeaders, headers, body });
      response.setHeader("seaworthy-instance", "forged");
      response.setHeader("connection", "keep-alive, x-hop");
      response.setHeader("x-hop", "for this hop only");
      response.setHeader("x-kept", "yes");
      response.setHeader("content-length", Buffer.byteLength(text));
      response.end(text);
    });
  });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return address;
}

export interface ChildUpstream extends AsyncDisposable {
  readonly port: number;
  readonly child: ChildProcess;
  /** The ids of the writes it applied, in order. */
  writes(): Promise<readonly string[]>;
}

/** A server in a process of its own, to be killed and frozen (upstream.fixture.ts). */
export async function childUpstream(ledger: string, workMs = 0): Promise<ChildUpstream> {
  const program = join(import.meta.dirname, "upstream.fixture.ts");
  const child = spawn(process.execPath, [program, ledger, String(workMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve) => {
    createInterface(child.stdout).once("line", (line) => resolve(Number(line)));
  });
  return {
    port,
    child,
    writes: async () =>
      (await readFile(ledger, "utf8").catch(() => "")).split("\n").filter(Boolean),
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

// Configurations.

export interface ConfigParts {
  readonly generation?: number;
  readonly endpoints: readonly {
    readonly id: string;
    readonly port: number;
    readonly routed?: boolean;
    readonly release?: string;
    readonly weight?: number;
  }[];
  readonly tls?: ListenerConfig["tls"];
  readonly trustedProxies?: readonly string[];
  readonly route?: Partial<RouteConfig>;
  readonly check?: Partial<PoolConfig["check"]>;
  readonly limits?: Partial<GatewayConfig["limits"]>;
  readonly timeouts?: Partial<GatewayConfig["timeouts"]>;
  readonly accessLog?: string;
}

/** One pool `app` behind a public listener `public` and an inner one `inner`. */
export function aConfig(parts: ConfigParts): GatewayConfig {
  const route: RouteConfig = {
    prefix: "/",
    pool: "app",
    idempotent: false,
    timeoutMs: 10_000,
    tryTimeoutMs: 5_000,
    idleMs: 10_000,
    balance: "round-robin",
    hashBy: undefined,
    ...parts.route,
  };
  const routes = [route, { ...route, prefix: "/idempotent", idempotent: true }];
  const local = { host: "127.0.0.1", port: 0, routes };
  return {
    generation: parts.generation ?? 1,
    listeners: [
      { ...local, name: "public", kind: "public", tls: parts.tls },
      { ...local, name: "inner", kind: "inner", tls: undefined },
    ],
    pools: [
      {
        name: "app",
        endpoints: parts.endpoints.map(({ id, port, ...rest }) => ({
          id,
          host: "127.0.0.1",
          port,
          release: rest.release ?? "r1",
          routed: rest.routed ?? true,
          weight: rest.weight ?? 1,
        })),
        check: { path: "/health", everyMs: 100, timeoutMs: 500, rise: 1, fall: 2, ...parts.check },
      },
    ],
    limits: {
      headerBytes: 16_384,
      bodyBytes: 1_048_576,
      connections: 1_000,
      connectionsPerClient: undefined,
      rate: undefined,
      ...parts.limits,
    },
    trustedProxies: parts.trustedProxies ?? [],
    timeouts: {
      connectMs: 1_000,
      headerMs: 5_000,
      bodyMs: 5_000,
      keepAliveMs: 10_000,
      ...parts.timeouts,
    },
    accessLog: parts.accessLog,
  };
}

// Clients.

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Question {
  /** The certificate, as PEM, that the listener must show; undefined: HTTP in the clear. */
  readonly ca?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** One request; rejects when the connection breaks, also in the middle of the answer. */
export function send(port: number, question: Question = {}): Promise<Answer> {
  const { path = "/", method = "GET", headers = {}, body, agent, ca } = question;
  const ask = ca === undefined ? request : secureRequest;
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, headers: { ...headers }, ca };
    const outgoing = ask({ ...options, agent: agent ?? false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Writes bytes and returns all that comes until the other side closes, or for `ms`. */
export function sendRaw(port: number, bytes: string, ms = 10_000): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    const timer = AbortSignal.timeout(ms);
    timer.addEventListener("abort", () => socket.destroy());
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}
