import { deadline } from "@seaworthy/std/clock";
import { TargetError } from "../target.ts";
import { connectTo } from "./line-socket.ts";

/** It answers from memory; a longer silence is a process that hangs. */
const ANSWER_MS = 5_000;
/** All that is asked fits many times: a line for each server and backend. */
const ANSWER_BYTES_MAX = 16 * 1_048_576;

/** The processes of one HAProxy in master-worker mode (management guide 2.6, §9.4 `show proc`). */
export interface HaproxyProcesses {
  readonly masterPid: number;
  readonly reloads: number;
  /** Of the last reloads, those that failed; 0 as soon as one went well. */
  readonly failedReloads: number;
  readonly serving: readonly number[];
  /** They finish what they have. */
  readonly draining: readonly number[];
}

/** One line of `show servers state` (management guide 2.6, §9.3). */
export interface RunningServer {
  readonly backend: string;
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  /** Ready for new requests as far as its administrator is concerned; checks may say otherwise. */
  readonly admin: "ready" | "drain" | "maintenance";
}

/** One line of `show stat` (§9.1), by the names of its columns. */
export type StatLine = Readonly<Record<string, string>>;

/** Speaks to the master over its own socket; every command is a connection of its own. */
export interface HaproxyControl {
  processes(): Promise<HaproxyProcesses>;
  /** Begins a reload; whether it went well, `processes` says. */
  reload(): Promise<void>;
  servers(workerPid: number): Promise<readonly RunningServer[]>;
  stat(workerPid: number): Promise<readonly StatLine[]>;
  info(workerPid: number): Promise<Readonly<Record<string, string>>>;
  /** What it says to a command; mostly nothing. */
  tell(workerPid: number, command: string): Promise<string>;
}

export function haproxyControl(socket: string): HaproxyControl {
  const ask = (command: string): Promise<string> => exchange(socket, command);
  const tell = (workerPid: number, command: string) => ask(`@!${workerPid} ${command}`);
  return {
    processes: async () => parseProcesses(await ask("show proc")),
    reload: async () => {
      // It hangs up, because it becomes another program.
      await ask("reload").catch(() => "");
    },
    servers: async (pid) => parseServers(await tell(pid, "show servers state")),
    stat: async (pid) => parseStat(await tell(pid, "show stat")),
    info: async (pid) => parseInfo(await tell(pid, "show info")),
    tell,
  };
}

async function exchange(path: string, command: string): Promise<string> {
  const signal = deadline(ANSWER_MS, `haproxy's answer to ${command.slice(0, 100)}`);
  const socket = await connectTo(path, signal);
  if (socket === undefined) {
    throw new TargetError("unreachable", "haproxy does not answer on its control socket");
  }
  try {
    return await new Promise<string>((resolve, reject) => {
      let answer = "";
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      socket.setEncoding("utf8");
      socket.on("data", (chunk: string) => {
        answer += chunk;
        if (answer.length > ANSWER_BYTES_MAX) reject(new Error("haproxy says too much"));
      });
      socket.on("end", () => resolve(answer));
      socket.on("error", reject);
      socket.on("close", () => reject(new TargetError("unreachable", "haproxy hung up")));
      // It answers and stays until it is told that nothing more is coming.
      socket.end(`${command}\n`);
    });
  } finally {
    socket.destroy();
  }
}

/** Exported for its test: what it makes of the text decides whether a reload went well. */
export function parseProcesses(text: string): HaproxyProcesses {
  const [current = "", old = ""] = text.split("# old workers");
  const master = /^(\d+)\s+master\s+(\d+) \[failed: (\d+)\]/m.exec(current);
  if (master === null) throw nonsense("show proc", text);
  const workersIn = (part: string): readonly number[] =>
    [...part.matchAll(/^(\d+)\s+worker\s/gm)].map(([, pid]) => Number(pid));
  return {
    masterPid: Number(master[1]),
    reloads: Number(master[2]),
    failedReloads: Number(master[3]),
    serving: workersIn(current),
    draining: workersIn(old),
  };
}

/** Bits of `srv_admin_state`: any way into maintenance, any way into draining. */
const MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20;
const DRAIN = 0x08 | 0x10;

export function parseServers(text: string): readonly RunningServer[] {
  const lines = text.split("\n");
  const header = lines.find((line) => line.startsWith("# be_id"));
  if (header === undefined) throw nonsense("show servers state", text);
  const columns = header.slice(2).split(" ");
  const rows = lines.slice(lines.indexOf(header) + 1).filter((line) => line !== "");
  return rows.map((row) => {
    const fields = row.split(" ");
    const field = (name: string): string => fields[columns.indexOf(name)] ?? "";
    const admin = Number(field("srv_admin_state"));
    return {
      backend: field("be_name"),
      name: field("srv_name"),
      port: Number(field("srv_port")),
      weight: Number(field("srv_uweight")),
      admin: (admin & MAINTENANCE) > 0 ? "maintenance" : (admin & DRAIN) > 0 ? "drain" : "ready",
    };
  });
}

/** CSV without quotes: names of ours need none, and texts of checks are not asked for. */
export function parseStat(text: string): readonly StatLine[] {
  const [header = "", ...rows] = text.split("\n");
  if (!header.startsWith("# pxname,")) throw nonsense("show stat", text);
  const columns = header.slice(2).split(",");
  return rows
    .filter((row) => row.includes(","))
    .map((row) => {
      const fields = row.split(",");
      return Object.fromEntries(columns.map((name, index) => [name, fields[index] ?? ""]));
    });
}

function parseInfo(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
    }),
  );
}

function nonsense(command: string, text: string): TargetError {
  return new TargetError("failed", `haproxy answered nonsense to ${command}`, {
    detail: text.split("\n").slice(0, 5),
  });
}
