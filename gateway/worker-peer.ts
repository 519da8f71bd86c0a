import { spawn } from "node:child_process";
import type { Command } from "@seaworthy/std/command";
import type { WorkerOrder, WorkerReport } from "./orders.ts";

/** A worker's process as its holder has it: something to talk to, and to end. */
export interface WorkerPeer {
  readonly pid: number;
  /** What cannot be said any more is told by `onEnd`. */
  send(order: WorkerOrder): void;
  onReport(take: (report: WorkerReport) => void): void;
  /** With how it ended: `exit 0`, `SIGKILL`. */
  onEnd(take: (how: string) => void): void;
  kill(): void;
}

/** Descriptors 0 to 2 are the usual ones, 3 is the IPC channel; then what is inherited. */
export const FIRST_DESCRIPTOR = 4;

/** A worker that this process starts; it finds the descriptors from `FIRST_DESCRIPTOR` on. */
export function childPeer(command: Command, descriptors: readonly number[]): WorkerPeer {
  const [program, ...argv] = command;
  const child = spawn(program, argv, {
    stdio: ["ignore", "ignore", "inherit", "ipc", ...descriptors],
  });
  return {
    pid: child.pid ?? 0,
    send: (order) => {
      if (child.connected) child.send(order, () => {});
    },
    onReport: (take) => void child.on("message", (report: WorkerReport) => take(report)),
    onEnd: (take) => {
      child.on("error", (error) => take(error.message));
      child.on("exit", (code, signal) => take(signal ?? `exit ${code}`));
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** The worker that started this process when its holder had died: our parent. */
export function parentPeer(pid: number): WorkerPeer {
  return {
    pid,
    send: (order) => {
      if (process.connected) process.send?.(order, undefined, {}, () => {});
    },
    onReport: (take) => void process.on("message", (report: WorkerReport) => take(report)),
    onEnd: (take) => {
      if (process.connected) process.on("disconnect", () => take("gone"));
      else process.nextTick(take, "gone");
    },
    kill: () => {
      // Gone, its number may be anybody's; then we are no longer its child.
      if (process.ppid === pid) process.kill(pid, "SIGKILL");
    },
  };
}
