import { readFileSync } from "node:fs";

/** Kills them at once. True: each of them lived until then (a zombie is dead, proc(5)). */
export function strike(pids: readonly number[]): boolean {
  const lived = pids.map((pid) => lives(pid) && kill(pid));
  return lived.length > 0 && lived.every((one) => one);
}

function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    // It is gone.
    return false;
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    // It ended since it was seen.
    return false;
  }
}
