/** What the kernel and the files say of a system, without asking the tool. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** A live process that bears the mark of a system in its environment (proc(5)). */
export interface Marked {
  readonly pid: number;
  /** `web-1`, `edge`, `_supervise`, … */
  readonly instance: string;
  readonly session: number;
  readonly stopped: boolean;
}

/** Every live process of the system whose sockets lie in `owner`'s folder. */
export async function markedProcesses(owner: string): Promise<readonly Marked[]> {
  const found: Marked[] = [];
  for (const pid of await processIds()) {
    const environment = await textOf(`/proc/${pid}/environ`);
    if (!environment.split("\0").includes(`SEAWORTHY_OWNER=${owner}`)) continue;
    const stat = await textOf(`/proc/${pid}/stat`);
    const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === undefined || state === "Z" || state === "X") continue;
    const instance = /(?:^|\0)SEAWORTHY_INSTANCE=([^\0]*)/.exec(environment)?.[1] ?? "";
    found.push({ pid, instance, session: Number(session), stopped: state === "T" });
  }
  return found;
}

/** Ports of 127.0.0.1 on which this process listens: /proc/net/tcp, state 0A. */
export async function listeningPorts(pid: number): Promise<readonly number[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(
    names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")),
  );
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const table = await textOf("/proc/net/tcp");
  const ports = table.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const isOurs = state === "0A" && inodes.has(inode);
    return isOurs ? [Number.parseInt(local?.split(":")[1] ?? "", 16)] : [];
  });
  return ports.toSorted((a, b) => a - b);
}

/** Locks of a system that are held now: sockets in the abstract namespace (unix(7)). */
export async function heldLocks(owner: string): Promise<readonly string[]> {
  const table = await textOf("/proc/net/unix");
  const names = table.split("\n").flatMap((line) => /@(seaworthy-\S+)/.exec(line)?.[1] ?? []);
  return [...new Set(names)].filter((name) => name.endsWith(owner)).toSorted();
}

export async function mountsUnder(root: string): Promise<readonly string[]> {
  const mounts = (await textOf("/proc/self/mounts")).split("\n");
  return mounts.map((line) => line.split(" ")[1] ?? "").filter((path) => path.startsWith(root));
}

/** Files that a process left which died while it wrote or copied. */
export async function halfWritten(root: string): Promise<readonly string[]> {
  const paths = await readdir(root, { recursive: true }).catch(() => []);
  return paths
    .filter((path) => path.endsWith(".new") || /(^|\/)\.tmp-/.test(path))
    .map((path) => join(root, path));
}

async function processIds(): Promise<readonly number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Empty where it is gone, or not ours to read. */
async function textOf(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}
