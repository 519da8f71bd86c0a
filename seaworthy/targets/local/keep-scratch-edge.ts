import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { deadline } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";

export interface KeepOptions {
  /** Absolute, 0700 and empty; it goes with the edge. */
  readonly folder: string;
  readonly gatewayCommand: Command;
  /** Its end is the end of the edge: whoever wanted it is gone, however that came. */
  readonly input: Readable;
  readonly output: Writable;
}

/** The gateway drains for up to eight seconds when it is told to end. */
const STOP_MS = 12_000;
const FAILED = 1;

/**
 * An edge that nobody uses, with a service behind it that always answers: for rehearsals. Tells the
 * service's port as one line; resolves to the exit code when nothing of it is left.
 */
export async function keepScratchEdge(options: KeepOptions): Promise<number> {
  const { folder, gatewayCommand, input, output } = options;
  const service = createServer((request, response) => {
    request.resume();
    response.end("ok\n");
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  const [program, ...args] = gatewayCommand;
  const argv = [...args, "--state", join(folder, "state"), "--control", join(folder, "control")];
  const gateway = spawn(program, argv, { cwd: folder, stdio: "ignore", env: {} });
  const died = new Promise<number>((resolve) => {
    gateway.once("error", () => resolve(FAILED));
    gateway.once("exit", () => resolve(FAILED));
  });
  output.on("error", () => {});
  const address = service.address();
  output.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`);
  const unwanted = new Promise<number>((resolve) => {
    input.once("close", () => resolve(0));
    input.once("end", () => resolve(0));
  });
  input.resume();
  const code = await Promise.race([unwanted, died]);
  await end(gateway);
  service.closeAllConnections();
  service.close();
  await rm(folder, { recursive: true, force: true });
  return code;
}

async function end(gateway: ChildProcess): Promise<void> {
  if (gateway.exitCode !== null || gateway.signalCode !== null) return;
  const gone = once(gateway, "exit");
  gateway.kill("SIGTERM");
  const late = deadline(STOP_MS, "the end of a scratch edge");
  late.addEventListener("abort", () => gateway.kill("SIGKILL"), { once: true });
  await gone;
}
