import { subscribe } from "node:diagnostics_channel";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Loaded into a gateway's processes before their own code: at SIGUSR2 it collects all garbage and
 * says on stderr what is left. With `LEAK_BYTES` it keeps so much of every request: a leak to find.
 */
export interface MemoryReport {
  readonly event: "memory";
  readonly pid: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

process.on("SIGUSR2", () => {
  // Twice: what finalizers let go of in the first is only collected by the second.
  if (typeof collect === "function")
    for (let turn = 0; turn < 2; turn += 1) Reflect.apply(collect, undefined, []);
  const { heapUsed, external, rss } = process.memoryUsage();
  const report: MemoryReport = { event: "memory", pid: process.pid, heapUsed, external, rss };
  process.stderr.write(`${JSON.stringify(report)}\n`);
});

const leakBytes = Number(process.env["LEAK_BYTES"] ?? "0");
const kept: string[] = [];
if (leakBytes > 0) {
  // A string of its own each time: repeated text would be shared.
  subscribe("http.server.request.start", () =>
    kept.push(Buffer.alloc(leakBytes, kept.length).toString("latin1")),
  );
}
