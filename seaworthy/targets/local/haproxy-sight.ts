import type { ClassCounts } from "@seaworthy/gateway/control";
import type { Clock } from "@seaworthy/std/clock";
import { classOfBackend } from "../../renderers/haproxy/backends.ts";
import type { RequestClass } from "../../system/system.ts";
import type { FrontEndpoint, FrontStatus } from "./edge-status.ts";
import type { HaproxyControl, StatLine } from "./haproxy-control.ts";

/** What HAProxy says of itself and of each instance; throws where it does not answer. */
export async function seeHaproxy(control: HaproxyControl, clock: Clock): Promise<FrontStatus> {
  const { serving, draining } = await control.processes();
  const newest = serving.at(-1);
  if (newest === undefined) throw new Error("haproxy has no worker just now");
  const info = await control.info(newest);
  const own = await control.stat(newest);
  const others: StatLine[] = [];
  for (const worker of [...serving, ...draining]) {
    // One that ends while it is asked has nothing any more.
    if (worker !== newest) others.push(...(await control.stat(worker).catch(() => [])));
  }
  return {
    workerPid: newest,
    workers: [
      ...serving.map((pid) => ({ pid, state: "serving" as const })),
      ...draining.map((pid) => ({ pid, state: "draining" as const })),
    ],
    since: `${newest}@${info["Start_time_sec"] ?? ""}`,
    endpoints: haproxyEndpoints(own, others, clock.wall()),
  };
}

/**
 * One line a server and backend → counts by instance and class; pure. Counters are those of the
 * newest worker, what is in flight that of all. No latencies: HAProxy keeps averages alone.
 */
export function haproxyEndpoints(
  own: readonly StatLine[],
  others: readonly StatLine[],
  wallMs: number,
): readonly FrontEndpoint[] {
  const ofServers = own.filter(isServer);
  const names = [...new Set(ofServers.map(nameOf))];
  return names.map((id) => {
    const lines = ofServers.filter((line) => nameOf(line) === id);
    const all = [...lines, ...others.filter((line) => isServer(line) && nameOf(line) === id)];
    const begun = byClass(lines, triesOf);
    return {
      id,
      routed: lines.some(isRouted),
      requests: begun.safe + begun.idempotent + begun.unsafe + begun.stream,
      begun,
      failed: byClass(lines, failedOf),
      inFlight: byClass(all, (line) => number(line, "scur")),
      latency: { boundsMs: [], counts: [] },
      lastRequestWallMs: lastRequest(all, wallMs),
    };
  });
}

const SERVER = "2";

function isServer(line: StatLine): boolean {
  return line["type"] === SERVER;
}

function nameOf(line: StatLine): string {
  return line["svname"] ?? "";
}

/** Its administrator's word; that its checks fail is no withdrawal. */
function isRouted(line: StatLine): boolean {
  const status = line["status"] ?? "";
  return !status.startsWith("MAINT") && !status.startsWith("DRAIN");
}

function number(line: StatLine, column: string): number {
  return Number(line[column] ?? 0);
}

/** Attempts, on connections that were made for them and on kept ones. */
function triesOf(line: StatLine): number {
  return number(line, "connect") + number(line, "reuse");
}

/**
 * Tries without a whole answer, and 5xx. One that went on elsewhere counts as redispatched where
 * connecting failed, and as both retried and redispatched where an answer did not come.
 */
function failedOf(line: StatLine): number {
  const repeated = Math.max(number(line, "wretr"), number(line, "wredis"));
  return repeated + number(line, "econ") + number(line, "eresp") + number(line, "hrsp_5xx");
}

function byClass(lines: readonly StatLine[], count: (line: StatLine) => number): ClassCounts {
  const of = (requestClass: RequestClass): number =>
    lines
      .filter((line) => classOfBackend(line["pxname"] ?? "") === requestClass)
      .reduce((sum, line) => sum + count(line), 0);
  return {
    safe: of("safe"),
    idempotent: of("idempotent"),
    unsafe: of("unsafe"),
    stream: of("stream"),
  };
}

/** HAProxy counts whole seconds since: this is the latest moment that it can have been. */
function lastRequest(lines: readonly StatLine[], wallMs: number): number | undefined {
  const secondsAgo = lines.flatMap((line) => {
    const seconds = line["lastsess"];
    return seconds === undefined || seconds === "" || Number(seconds) < 0 ? [] : [Number(seconds)];
  });
  return secondsAgo.length === 0 ? undefined : wallMs - Math.min(...secondsAgo) * 1_000;
}
