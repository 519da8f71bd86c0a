import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { ClassCounts } from "@seaworthy/gateway/control";
import { deadline } from "@seaworthy/std/clock";
import type { ProcessIdentity } from "../../record/fault.ts";
import { instancesIn } from "../../renderers/nginx/nginx.ts";
import { readTextIfThere } from "./durable-file.ts";
import type { FrontStatus } from "./edge-status.ts";
import { identify } from "./identity.ts";

/** It answers from its configuration. */
const ANSWER_MS = 2_000;
/** States of TCP as /proc/net/tcp writes them (proc(5)): established, and closed by the peer. */
const OPEN_STATES = new Set(["01", "08"]);

/** Which configuration answers on its status socket; undefined: none does. */
export async function nginxGeneration(socketPath: string): Promise<number | undefined> {
  return await new Promise((resolve) => {
    const signal = deadline(ANSWER_MS, "nginx's status");
    const options = { socketPath, path: "/generation", signal, agent: false };
    const asked = request(options, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (body += chunk));
      answer.on("end", () => resolve(/^\d{1,15}$/.test(body) ? Number(body) : undefined));
      answer.on("error", () => resolve(undefined));
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}

export interface NginxProcesses {
  /** The one whose pid stands in its file: after an upgrade the new one, while the old one ends. */
  readonly master: ProcessIdentity | undefined;
  /** Whatever is neither that nor a worker: a former master, a child that has no title yet. */
  readonly others: readonly ProcessIdentity[];
  /** They accept connections. */
  readonly serving: readonly ProcessIdentity[];
  /** They finish what they have. */
  readonly draining: readonly ProcessIdentity[];
}

/**
 * Every process of the nginx that works in this folder, whoever is left of it: by the title that
 * each gives itself (which overwrites the environment, and with it our marks) and by its folder.
 */
export function nginxProcesses(folder: string): NginxProcesses {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), title: titleOf(name) }))
    .filter(
      ({ pid, title }) => title.startsWith("nginx: ") && linkOf(`/proc/${pid}/cwd`) === folder,
    )
    .flatMap(({ pid, title }) => {
      const identity = identify(pid);
      return identity === undefined ? [] : [{ identity, title }];
    })
    .toSorted((a, b) => Number(a.identity.startTicks) - Number(b.identity.startTicks));
  const pid = Number(readText(join(folder, "nginx.pid")));
  const isWorker = (title: string): boolean => title.startsWith("nginx: worker process");
  const isEnding = (title: string): boolean => title.includes("is shutting down");
  const those = (are: (one: (typeof found)[number]) => boolean): readonly ProcessIdentity[] =>
    found.filter(are).map(({ identity }) => identity);
  return {
    // A worker bears its master's title until it has its own.
    master: those(({ identity, title }) => identity.pid === pid && !isWorker(title))[0],
    others: those(({ identity, title }) => identity.pid !== pid && !isWorker(title)),
    serving: those(({ title }) => isWorker(title) && !isEnding(title)),
    draining: those(({ title }) => isWorker(title) && isEnding(title)),
  };
}

export function allOf({ master, others, serving, draining }: NginxProcesses) {
  return [...(master === undefined ? [] : [master]), ...others, ...serving, ...draining];
}

function titleOf(pid: string): string {
  return readText(`/proc/${pid}/cmdline`);
}

/**
 * Connections that these processes have to a port of this machine: nginx itself counts nothing by
 * instance. Those that are only kept for the next request are among them, until a worker drains.
 */
export function connectionsTo(port: number, workers: readonly ProcessIdentity[]): number {
  const inodes = socketsTo(port);
  if (inodes.size === 0) return 0;
  return workers.reduce((sum, { pid }) => sum + countHeld(pid, inodes), 0);
}

function socketsTo(port: number): ReadonlySet<string> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes = new Set<string>();
  for (const line of readText("/proc/net/tcp").split("\n").slice(1)) {
    const [, , to = "", state = "", , , , , , inode] = line.trim().split(/\s+/);
    if (to.endsWith(remote) && OPEN_STATES.has(state) && inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

function countHeld(pid: number, inodes: ReadonlySet<string>): number {
  let held = 0;
  for (const name of descriptorsOf(pid)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1];
    if (inode !== undefined && inodes.has(inode)) held += 1;
  }
  return held;
}

function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    // It ended since it was seen.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since it was listed.
    return "";
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What can be said of it and of the instances it was given; it counts none of their requests. */
export async function seeNginx(place: {
  readonly folder: string;
  readonly socket: string;
}): Promise<FrontStatus | undefined> {
  const configuration = await readTextIfThere(join(place.folder, "nginx.conf"));
  if (configuration === undefined) return undefined;
  if ((await nginxGeneration(place.socket)) === undefined) return undefined;
  const { serving, draining } = nginxProcesses(place.folder);
  const state = (one: "serving" | "draining") => (identity: ProcessIdentity) => ({
    pid: identity.pid,
    state: one,
  });
  return {
    workerPid: serving.at(-1)?.pid ?? 0,
    workers: [...serving.map(state("serving")), ...draining.map(state("draining"))],
    since: "",
    endpoints: [...instancesIn(configuration)].map((id) => ({
      ...{ id, routed: true, requests: 0, lastRequestWallMs: undefined },
      ...{ failed: NO_COUNTS, begun: NO_COUNTS, inFlight: NO_COUNTS },
      latency: { boundsMs: [], counts: [] },
    })),
  };
}

const NO_COUNTS: ClassCounts = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
