import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { GatewayConfig } from "@seaworthy/gateway/config";
import { present } from "@seaworthy/std/assert";
import { deadline, type Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import { poll } from "@seaworthy/std/retry";
import { selfSigned } from "@seaworthy/std/self-signed";
import type { Trust } from "../../load/trust.ts";
import { TargetError } from "../target.ts";
import { gatewayControl } from "./gateway-control.ts";

/** The hidden verb under which `cli/main` runs `keepScratchEdge`. */
const VERB = "_scratch-edge";
/** Two cold starts of Node on a busy machine. */
const BOOT_MS = 30_000;
const LOOK_MS = 50;
/** Beyond what the gateway itself may take to end. */
const END_MS = 20_000;
const HOST = "127.0.0.1";
const DAY_MS = 86_400_000;
const PROBE_MS_MAX = 2_000;

export interface ScratchOptions {
  readonly ownCommand: OwnCommand;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What one new connection came to. Times are the wall clock's, as certificates know them. */
export interface Handshake {
  readonly fromWallMs: number;
  readonly toWallMs: number;
  /** The request on it was answered 200. */
  readonly accepted: boolean;
  /** Why not: `CERT_HAS_EXPIRED`. */
  readonly code: string | undefined;
}

/** An edge of its own on loopback, whose certificates the rehearsal signs itself. */
export class ScratchEdge implements AsyncDisposable {
  readonly folder: string;
  readonly #options: ScratchOptions;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #port = 0;
  #signed = 0;
  /** All that was ever served, as PEM. */
  #trusted = "";

  /** Rejects when it does not serve in time; nothing of it is left then. */
  static async start(options: ScratchOptions): Promise<ScratchEdge> {
    // Short: below it lies a socket, whose path may have 107 bytes (unix(7)).
    const edge = new ScratchEdge(await mkdtemp(join(tmpdir(), "sw-edge-")), options);
    try {
      await edge.#begin();
      return edge;
    } catch (error) {
      await edge[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(folder: string, options: ScratchOptions) {
    this.folder = folder;
    this.#options = options;
    const [program, ...argv] = options.ownCommand(VERB, folder);
    this.#child = spawn(program, argv, { stdio: ["pipe", "pipe", "ignore"], env: {} });
    this.#child.on("error", () => {});
    this.#child.stdin.on("error", () => {});
  }

  get url(): string {
    return `https://${HOST}:${this.#port}`;
  }

  /** Every certificate that was served here, so that only time can make one unacceptable. */
  get trust(): Trust {
    return { certificateFile: join(this.folder, "trust.pem"), serverName: undefined };
  }

  /** New files; the edge takes them by itself. Resolves to when they end, on the wall clock. */
  async renew(lastsMs: number): Promise<number> {
    const { clock } = this.#options;
    const notAfterMs = Math.floor((clock.wall() + lastsMs) / 1_000) * 1_000;
    const notBeforeMs = clock.wall() - DAY_MS;
    // A name of its own: of two trusted ones with one name, either may be taken for the signer.
    this.#signed += 1;
    const hosts = [`rehearsal-${this.#signed}.invalid`, HOST] as const;
    const { certificate, key } = selfSigned({ hosts: [...hosts], notBeforeMs, notAfterMs });
    this.#trusted += certificate;
    await appendFile(this.trust.certificateFile, certificate);
    // The edge takes neither before it has seen both stand still.
    await replace(join(this.folder, "edge.key"), key);
    await replace(join(this.folder, "edge.pem"), certificate);
    return notAfterMs;
  }

  /** When the certificate that is served ends, as the edge itself says; wall clock. */
  async servedUntil(): Promise<number | undefined> {
    const limit = deadline(PROBE_MS_MAX, "the scratch edge's status", this.#options.signal);
    const { listeners } = await gatewayControl(join(this.folder, "control")).status(limit);
    const notAfter = listeners[0]?.certificate?.notAfter;
    return notAfter === undefined ? undefined : Date.parse(notAfter);
  }

  /** One request on a connection of its own, with a full handshake. */
  async shakeHands(): Promise<Handshake> {
    const { clock } = this.#options;
    const fromWallMs = clock.wall();
    const code = await new Promise<string | undefined>((resolve) => {
      const sent = request({
        ...{ host: HOST, port: this.#port, path: "/", agent: false },
        ca: this.#trusted,
        signal: AbortSignal.timeout(PROBE_MS_MAX),
      });
      sent.on("response", (answer) => {
        answer.resume();
        answer.on("error", () => {});
        resolve(answer.statusCode === 200 ? undefined : `status ${answer.statusCode}`);
      });
      sent.on("error", (error) => resolve("code" in error ? String(error.code) : error.name));
      sent.end();
    });
    return { fromWallMs, toWallMs: clock.wall(), accepted: code === undefined, code };
  }

  async #begin(): Promise<void> {
    const { clock, signal } = this.#options;
    await writeFile(this.trust.certificateFile, "", { mode: 0o600 });
    await this.renew(DAY_MS);
    const limit = deadline(BOOT_MS, "a scratch edge", signal);
    const lines = createInterface({ input: this.#child.stdout });
    const port = await new Promise<number>((resolve, reject) => {
      limit.addEventListener("abort", () => reject(limit.reason), { once: true });
      lines.once("line", (line) => resolve(Number(line)));
      this.#child.once("exit", () => {
        reject(new TargetError("failed", "a scratch edge ended while it started"));
      });
    });
    const control = gatewayControl(join(this.folder, "control"));
    const config = this.#config(port);
    const apply = async () => await control.apply(config, limit).catch(stillStarting);
    const status = await poll(apply, { clock, everyMs: LOOK_MS, signal: limit });
    this.#port = present(status.listeners[0], "the scratch edge's listener").port;
    const answers = async () => ((await this.shakeHands()).accepted ? true : undefined);
    await poll(answers, { clock, everyMs: LOOK_MS, signal: limit });
  }

  #config(servicePort: number): GatewayConfig {
    const times = { timeoutMs: 10_000, tryTimeoutMs: 5_000, idleMs: 60_000 };
    const endpoint = { id: "rehearsal-1", release: "rehearsal", host: HOST, port: servicePort };
    const certificateFile = join(this.folder, "edge.pem");
    const keyFile = join(this.folder, "edge.key");
    return {
      generation: 1,
      listeners: [
        {
          ...{ name: "public", host: HOST, port: 0, kind: "public" },
          tls: { certificateFile, keyFile },
          routes: [
            {
              ...{ prefix: "/", pool: "rehearsal", idempotent: false, ...times },
              ...{ balance: "round-robin", hashBy: undefined },
            },
          ],
        },
      ],
      pools: [
        {
          name: "rehearsal",
          check: { path: "/", everyMs: 1_000, timeoutMs: 900, rise: 1, fall: 3 },
          endpoints: [{ ...endpoint, routed: true, weight: 1 }],
        },
      ],
      limits: {
        ...{ headerBytes: 16_384, bodyBytes: 1_048_576, connections: 1_000_000 },
        ...{ connectionsPerClient: undefined, rate: undefined },
      },
      trustedProxies: [],
      timeouts: { connectMs: 1_000, headerMs: 10_000, bodyMs: 30_000, keepAliveMs: 600_000 },
      accessLog: undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const late = deadline(END_MS, "the end of a scratch edge");
    late.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
    const gone = once(child, "exit");
    child.stdin.end();
    await gone;
  }
}

function stillStarting(error: unknown): undefined {
  if (error instanceof TargetError && error.code === "unreachable") return undefined;
  throw error;
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
