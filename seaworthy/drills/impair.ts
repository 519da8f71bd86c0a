import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import type { Clock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { illText, type Impairment, readImpairment } from "./impairment.ts";
import { frontOf } from "./impair-http.ts";
import { relay } from "./impair-tcp.ts";
import { Symptoms } from "./symptoms.ts";

/** What `_impair` uses of the outside; given by the composition root. */
export interface ImpairWorld {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute: what `node` means in the command. */
  readonly node: string;
  readonly process: NodeJS.Process;
}

/** How it ended: with a code, or by the signal that ended the service. */
export type ImpairedEnd = { readonly code: number } | { readonly signal: NodeJS.Signals };

const FAILED = 1;
/** They reach the whole process group, so the service has got its own already. */
const LEFT_TO_THE_SERVICE = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs a service's command with something wrong with it: the command listens elsewhere, and what
 * comes to its port goes through us. Ends when the command ends, and as it does. A target signals
 * an instance's whole group; one that signals its leader alone would have to be told apart here.
 */
export async function impair(args: readonly string[], world: ImpairWorld): Promise<ImpairedEnd> {
  const { impairment, command } = readImpairment(args, world.node);
  const { SEAWORTHY_INSTANCE: instance } = world.environment;
  const isSpared = impairment.spares !== undefined && impairment.spares === instance;
  const what = isSpared ? "is spared" : illText(impairment.ill);
  world.process.stderr.write(`seaworthy drill: made bad on purpose: ${instance ?? "it"} ${what}\n`);
  if (!isSpared && impairment.ill.kind === "exits") return { code: FAILED };
  // Or all instances would fail the same ones of their requests.
  const own = { ...impairment, seed: impairment.seed + numberOf(instance) };
  return await serve(world, command, isSpared ? undefined : own);
}

/** The number in `<unit>-<number>`. */
function numberOf(instance: string | undefined): number {
  return Number(/-(\d+)$/.exec(instance ?? "")?.[1] ?? 0);
}

async function serve(
  world: ImpairWorld,
  command: Command,
  impairment: Impairment | undefined,
): Promise<ImpairedEnd> {
  const { HOST: host = "127.0.0.1", PORT: port = "" } = world.environment;
  const upstream = { host, port: await freePort(host) };
  for (const signal of LEFT_TO_THE_SERVICE) world.process.on(signal, () => {});
  const child = start(world, command, upstream.port);
  const crash = (): void => {
    child.kill("SIGKILL");
    world.process.exit(FAILED);
  };
  const symptoms = impairment && new Symptoms(impairment, { clock: world.clock, crash });
  const server =
    symptoms === undefined ? relay(upstream) : frontOf({ upstream, ...symptoms.front });
  await listen(server, { host, port: Number(port) });
  world.process.on("SIGTERM", () => server.close());
  const [code, signal] = await ended(child);
  return signal === null ? { code: code ?? FAILED } : { signal };
}

/** In our own group, with our own log files: whoever stops or freezes us means both. */
function start(world: ImpairWorld, command: Command, port: number): ChildProcess {
  const [program, ...args] = command;
  const env = { ...world.environment, PORT: String(port) };
  return spawn(program, args, { env, stdio: ["ignore", "inherit", "inherit"] });
}

async function ended(
  child: ChildProcess,
): Promise<readonly [number | null, NodeJS.Signals | null]> {
  return await new Promise((resolve, reject) => {
    child.once("exit", (code, signal) => resolve([code, signal]));
    child.once("error", reject);
  });
}

/** One that nobody listens on now; from the ephemeral range, where no instance's own port lies. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await listen(server, { host, port: 0 });
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error(`no port on ${host}`);
  return address.port;
}

async function listen(
  server: Pick<Server, "listen" | "once">,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => resolve());
  });
}
