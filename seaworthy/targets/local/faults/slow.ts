import { rm } from "node:fs/promises";
import { ok, refuse } from "@seaworthy/std/result";
import { subjectOf, type FaultHandle, type FaultSight } from "../../../record/fault.ts";
import { isAlive, isStopped, signalOne } from "../identity.ts";
import { readLiveIdentity } from "../identity-file.ts";
import { describeProbe, probe } from "../supervisor/probe.ts";
import { companionOf, handleFileOf, type FaultSite } from "./fault-site.ts";
import { sendAll, thaw } from "./freeze.ts";
import type { Means } from "./means.ts";

/** A killed process is gone within a scheduling. */
const GONE_MS = 2_000;
const LOOK_MS = 10;
const PROBES = 10;
/**
 * Of ten requests at odd moments, four or five wait for half a pause or more while a process is
 * stopped nine tenths of the time; of one that runs, none but by a busy machine.
 */
const WAITED_MIN = 3;
const WAITED_MAX = 1;
/** Its multiples fall evenly between 0 and 1, and meet a cycle at ever other moments. */
const GOLDEN = 0.618;
/** Longer than any pause that makes sense, shorter than a look may take. */
const PROBE_MS = 2_000;

/** SIGSTOP and SIGCONT in turn, by a process of ours (`breaker.ts`) that the switch watches. */
export const SLOW: Means = {
  hasBreaker: true,
  break: async ({ processes }) => {
    if (processes.some(isAlive)) return ok("its breaker is started");
    return refuse("it is gone");
  },
  mend: async (handle, site) => {
    const gone = await endBreaker(handle, site);
    const stopped = await thaw(handle.processes, site.clock);
    if (!gone) return refuse("the process that stops it again and again outlives SIGKILL");
    if (stopped > 0) return refuse(`${stopped} processes stay stopped`);
    const isThere = handle.processes.some(isAlive);
    return ok(isThere ? `${subjectOf(handle.fault)} is stopped no more` : "it is gone");
  },
  see: seeSlow,
};

/** False: it lives. What it had stopped last is the caller's to continue. */
export async function endBreaker(handle: FaultHandle, site: FaultSite): Promise<boolean> {
  const file = companionOf(handleFileOf(site, handle.id), "breaker");
  const breaker = await readLiveIdentity(file);
  if (breaker !== undefined) {
    signalOne(breaker, "SIGKILL");
    const sinceMs = site.clock.now();
    while (isAlive(breaker) && site.clock.now() - sinceMs < GONE_MS) {
      await site.clock.sleep(LOOK_MS);
    }
    if (isAlive(breaker)) return false;
  }
  await rm(file, { force: true });
  return true;
}

/** By how long it takes to answer, and not by what is done to it. */
async function seeSlow(handle: FaultHandle, site: FaultSite): Promise<FaultSight> {
  const { fault, port, path } = handle;
  if (fault.kind !== "slow" || port === undefined || path === undefined) {
    return { state: "unclear", seen: "nobody knows where to ask it" };
  }
  const took: number[] = [];
  for (let asked = 0; asked < PROBES; asked += 1) {
    await site.clock.sleep(fault.runningMs + ((asked * GOLDEN) % 1) * fault.stoppedMs);
    const sinceMs = site.clock.now();
    const request = { port, path, method: "GET", headers: {}, timeoutMs: PROBE_MS } as const;
    const outcome = await probe(request);
    if (outcome.status === undefined) return { state: "unclear", seen: describeProbe(outcome) };
    took.push(site.clock.now() - sinceMs);
  }
  const waited = took.filter((ms) => ms >= fault.stoppedMs / 2).length;
  const slowest = Math.round(Math.max(...took));
  const figures = `${waited} of ${PROBES} requests waited`;
  const seen = `${figures} for ${subjectOf(fault)}, ${slowest} ms at most`;
  if (waited >= WAITED_MIN) return { state: "in-force", seen };
  if (waited > WAITED_MAX || handle.processes.some(isStopped)) return { state: "unclear", seen };
  const file = companionOf(handleFileOf(site, handle.id), "breaker");
  const isOver = (await readLiveIdentity(file)) === undefined;
  return { state: isOver ? "over" : "unclear", seen };
}

/** One turn of the breaker: stopped, then running. False: nobody is left to be slowed. */
export async function slowTurn({ fault, processes }: FaultHandle, site: FaultSite) {
  if (fault.kind !== "slow" || !processes.some(isAlive)) return false;
  sendAll(processes, "SIGSTOP");
  await site.clock.sleep(fault.stoppedMs);
  sendAll(processes, "SIGCONT");
  await site.clock.sleep(fault.runningMs);
  return true;
}
