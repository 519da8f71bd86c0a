import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { systemClock } from "@seaworthy/std/clock";

/** Leads a group of its own, as an instance does everywhere. */
export function start(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(command[0], command.slice(1), { env, stdio: "ignore", detached: true });
}

export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

/** What the first process of it holds; the leak of a bad release is in that one. */
export function heldBytes(pid: number | undefined): { readonly memoryBytes?: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? {} : { memoryBytes: Number(kib) * 1_024 };
  } catch {
    return {};
  }
}

/** The third field of /proc/PID/stat, after the name in brackets (proc(5)). */
export function isStopped(pid: number | undefined): boolean {
  try {
    return /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Stops and continues it in turn; resolves to what ends that. */
export function slowDown(
  child: ChildProcess,
  { runningMs, stoppedMs }: { readonly runningMs: number; readonly stoppedMs: number },
): () => void {
  const over = new AbortController();
  const turn = async (): Promise<void> => {
    while (!over.signal.aborted) {
      child.kill("SIGSTOP");
      await systemClock.sleep(stoppedMs);
      child.kill("SIGCONT");
      await systemClock.sleep(runningMs);
    }
  };
  void turn();
  return () => over.abort();
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  // Gone for sure: nothing may answer there before the service does.
  const socket = connect(address.port, "127.0.0.1");
  await once(socket, "error");
  return address.port;
}
