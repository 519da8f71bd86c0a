import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { request as requestSecurely } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import type { GatewayConfig } from "@seaworthy/gateway/config";
import { present } from "@seaworthy/std/assert";
import { selfSigned } from "@seaworthy/std/self-signed";
import { applyConfig, type Applied } from "./drive-gateway.ts";
import type { World } from "./measured.ts";
import { percentile } from "./statistics.ts";

export interface HoldPlan {
  readonly connections: number;
  readonly scheme: "http" | "https";
  /** How long they are held, and probed on fresh connections. */
  readonly probeMs: number;
}

export interface Held {
  /** Connections that had an answer and were open before the probes, and still were after them. */
  readonly held: number;
  readonly stayed: number;
  readonly probes: number;
  readonly probesFailed: number;
  readonly probeP99Ms: number;
  /** The worker's, over the connections that were held. */
  readonly bytesPerConnection: number;
}

const PROBES_EVERY_MS = 20;
const PROBE_TIMEOUT_MS = 10_000;
/** So that code and pools are there before memory is read. */
const WARM_UP = 200;
/** After the last answer: what was garbage is mostly collected by then. */
const SETTLE_MS = 2_000;
const DAY_MS = 86_400_000;

/** Idle connections on a gateway of its own, and whether others are served meanwhile. */
export async function holdIdle(world: World, plan: HoldPlan): Promise<Held> {
  await using stage = await Stage.open(plan);
  for (let turn = 0; turn < WARM_UP; turn += 1) await stage.probe();
  const before = await stage.residentBytes();
  await using clients = await Clients.start(stage, plan.connections);
  await world.clock.sleep(SETTLE_MS, world.signal);
  const grown = (await stage.residentBytes()) - before;
  const tookMs: number[] = [];
  let failed = 0;
  const endMs = world.clock.now() + plan.probeMs;
  while (world.clock.now() < endMs) {
    const startedMs = world.clock.now();
    if (await stage.probe()) tookMs.push(world.clock.now() - startedMs);
    else failed += 1;
    await world.clock.sleep(PROBES_EVERY_MS, world.signal);
  }
  return {
    held: clients.held,
    stayed: await clients.count(),
    probes: tookMs.length + failed,
    probesFailed: failed,
    probeP99Ms: tookMs.length === 0 ? PROBE_TIMEOUT_MS : percentile(tookMs, 99),
    bytesPerConnection: Math.round(grown / Math.max(1, clients.held)),
  };
}

/** A gateway with one service behind it. */
class Stage implements AsyncDisposable {
  readonly folder: string;
  readonly #plan: HoldPlan;
  readonly #service: Server;
  readonly #gateway: ChildProcess;
  #applied: Applied | undefined;
  #certificate: string | undefined;

  static async open(plan: HoldPlan): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "sw-idle-"));
    const service = createServer((_request, response) => void response.end("ok"));
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const stage = new Stage(folder, service, plan);
    try {
      await stage.#begin();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(folder: string, service: Server, plan: HoldPlan) {
    this.folder = folder;
    this.#plan = plan;
    this.#service = service;
    const main = join(import.meta.dirname, "../gateway/main.ts");
    const argv = [main, "--state", join(folder, "state"), "--control", this.#control];
    this.#gateway = spawn(execPath, argv, { stdio: "ignore" });
  }

  get #control(): string {
    return join(this.folder, "control");
  }

  get port(): number {
    return present(this.#applied, "the gateway").port;
  }

  /** The file that clients are to trust; undefined: HTTP in the clear. */
  get certificateFile(): string | undefined {
    return this.#plan.scheme === "http" ? undefined : join(this.folder, "edge.pem");
  }

  async #begin(): Promise<void> {
    if (this.certificateFile !== undefined) await this.#sign(this.certificateFile);
    const address = this.#service.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    this.#applied = await applyConfig(this.#control, this.#config(port));
    for (let tries = 0; tries < WARM_UP && !(await this.probe()); tries += 1);
  }

  async #sign(file: string): Promise<void> {
    const nowMs = Date.now();
    const pair = selfSigned({
      hosts: ["127.0.0.1"],
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + DAY_MS,
    });
    this.#certificate = pair.certificate;
    await writeFile(file, pair.certificate);
    await writeFile(join(this.folder, "edge.key"), pair.key, { mode: 0o600 });
  }

  #config(servicePort: number): GatewayConfig {
    const keyFile = join(this.folder, "edge.key");
    const { certificateFile } = this;
    const route = { prefix: "/", pool: "app", idempotent: false, balance: "round-robin" } as const;
    const times = { timeoutMs: 30_000, tryTimeoutMs: 10_000, idleMs: 60_000 };
    const service = { id: "app-1", release: "r1", host: "127.0.0.1", port: servicePort };
    return {
      generation: 1,
      listeners: [
        {
          ...{ name: "public", host: "127.0.0.1", port: 0, kind: "public" },
          tls: certificateFile === undefined ? undefined : { certificateFile, keyFile },
          routes: [{ ...route, ...times, hashBy: undefined }],
        },
      ],
      pools: [
        {
          name: "app",
          check: { path: "/", everyMs: 1_000, timeoutMs: 900, rise: 1, fall: 3 },
          endpoints: [{ ...service, routed: true, weight: 1 }],
        },
      ],
      limits: {
        ...{ headerBytes: 16_384, bodyBytes: 1_048_576, connections: 1_000_000 },
        ...{ connectionsPerClient: undefined, rate: undefined },
      },
      trustedProxies: [],
      // None of them goes while it is counted.
      timeouts: { connectMs: 1_000, headerMs: 30_000, bodyMs: 30_000, keepAliveMs: 3_600_000 },
      accessLog: undefined,
    };
  }

  /** One request on a connection of its own; true where it was answered 200. */
  probe(): Promise<boolean> {
    const ca = this.#certificate;
    const where = { host: "127.0.0.1", port: this.port, agent: false } as const;
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return new Promise((resolve) => {
      const sent =
        ca === undefined
          ? request({ ...where, signal })
          : requestSecurely({ ...where, signal, ca });
      sent.on("response", (answer) => {
        answer.resume();
        answer.on("error", () => {});
        resolve(answer.statusCode === 200);
      });
      sent.on("error", () => resolve(false));
      sent.end();
    });
  }

  async residentBytes(): Promise<number> {
    const { workerPid } = present(this.#applied, "the gateway");
    const text = await readFile(`/proc/${workerPid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) * 1_024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#gateway, "SIGTERM");
    this.#service.closeAllConnections();
    await new Promise((resolve) => this.#service.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The process that holds the connections. */
class Clients implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ask: () => void;
  held = 0;

  static async start(stage: Stage, count: number): Promise<Clients> {
    const clients = new Clients(stage, count);
    clients.held = await clients.#next();
    return clients;
  }

  private constructor({ port, certificateFile }: Stage, count: number) {
    const program = join(import.meta.dirname, "idle-clients.ts");
    const trust = certificateFile === undefined ? [] : [certificateFile];
    const child = spawn(execPath, [program, String(port), String(count), ...trust], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.#ask = () => void child.stdin.write("count\n");
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async count(): Promise<number> {
    this.#ask();
    return await this.#next();
  }

  async #next(): Promise<number> {
    const { value } = await this.#lines.next();
    return Number(value ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#child, "SIGKILL");
  }
}

async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}
