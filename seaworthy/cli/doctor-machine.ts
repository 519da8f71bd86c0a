import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, freemem, platform } from "node:os";
import { formatBytes } from "@seaworthy/std/bytes";
import { stateHome } from "../targets/local/state-folder.ts";
import type { Finding } from "../system/finding.ts";
import type { Context } from "./context.ts";
import { faultFindings } from "./doctor-faults.ts";
import { providerFindings } from "./edge-provider.ts";

/** Each client connection costs the edge two descriptors (measured: resilience.md §3). */
const DESCRIPTORS_WANTED = 4_096;
const DISK_WANTED_BYTES = 512 * 1_024 * 1_024;
const MEMORY_WANTED_BYTES = 512 * 1_024 * 1_024;
const NODE_MAJOR_WANTED = 24;

/** Findings about this machine; a note says what was looked at and is fine. */
export async function machineFindings(context: Context): Promise<readonly Finding[]> {
  return (
    await Promise.all([
      ...[nodeVersion(), operatingSystem(), disk(context), memory(), descriptors()],
      providerFindings(context),
    ])
  )
    .flat()
    .concat(faultFindings());
}

async function nodeVersion(): Promise<readonly Finding[]> {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= NODE_MAJOR_WANTED) return [fine("node", `Node ${process.versions.node}`)];
  return [
    finding({ rule: "node", severity: "error" }, `Node ${process.versions.node} is too old`, {
      why: "seaworthy runs TypeScript as it is, which needs Node 24",
      fix: "install Node 24 or newer",
    }),
  ];
}

async function operatingSystem(): Promise<readonly Finding[]> {
  const cores = availableParallelism();
  if (platform() === "linux") return [fine("os", `Linux, ${cores} core(s)`)];
  if (platform() === "darwin") {
    return [
      finding({ rule: "os", severity: "note" }, "macOS: network faults cannot be verified here", {
        why: "drills that need them say could-not-verify",
        fix: "run those drills on Linux",
      }),
    ];
  }
  return [
    finding({ rule: "os", severity: "error" }, `${platform()} is not supported`, {
      why: "processes are identified and stopped by POSIX means",
      fix: "on Windows use WSL2",
    }),
  ];
}

async function disk(context: Context): Promise<readonly Finding[]> {
  const folder = stateHome(context.environment);
  const stats = await statfs(folder).catch(() => statfs(context.environment["HOME"] ?? "/"));
  const free = stats.bavail * stats.bsize;
  const text = `${formatBytes(Math.floor(free / 1_048_576) * 1_048_576)} free for state`;
  if (free >= DISK_WANTED_BYTES) return [fine("disk", text)];
  return [
    finding({ rule: "disk", severity: "error" }, text, {
      why: "releases are copies; a roll needs room for one more of each",
      fix: `free ${formatBytes(DISK_WANTED_BYTES)} where ${folder} lies`,
    }),
  ];
}

async function memory(): Promise<readonly Finding[]> {
  const free = freemem();
  const text = `${formatBytes(Math.floor(free / 1_048_576) * 1_048_576)} of memory free`;
  if (free >= MEMORY_WANTED_BYTES) return [fine("memory", text)];
  return [
    finding({ rule: "memory", severity: "warning" }, text, {
      why: "a roll runs extra instances for a moment",
      fix: "stop something, or declare fewer replicas for this environment",
    }),
  ];
}

async function descriptors(): Promise<readonly Finding[]> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  if (hard === undefined) return [];
  const count = Number(hard);
  if (count >= DESCRIPTORS_WANTED) return [fine("descriptors", `${count} open files allowed`)];
  return [
    finding({ rule: "descriptors", severity: "warning" }, `only ${count} open files allowed`, {
      why: "each client connection costs the edge two",
      fix: "raise the limit: ulimit -n 65536",
    }),
  ];
}

function fine(rule: string, message: string): Finding {
  return { rule: `machine-${rule}`, severity: "note", message, places: [], why: "", fix: "" };
}

function finding(
  about: Pick<Finding, "rule" | "severity">,
  message: string,
  rest: { readonly why: string; readonly fix: string },
): Finding {
  return { ...about, rule: `machine-${about.rule}`, message, places: [], ...rest };
}
