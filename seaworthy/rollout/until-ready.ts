import type { ConvergeRequest } from "./request.ts";
import { observe } from "./look.ts";
import { HEARTBEAT_MS } from "./wait.ts";

const LOOK_EVERY_MS = 250;

/**
 * Waits until every routed instance is ready, as long as the slowest may boot; undefined when all
 * are, otherwise `web: 1 of 2 ready`. An instance that is just restarted needs no plan, and a
 * system without a ready one is no success.
 */
export async function untilReady(request: ConvergeRequest): Promise<string | undefined> {
  const { clock, emit, signal } = request;
  const boots = request.graph.units.map((unit) => (unit.kind === "service" ? unit.bootMs : 0));
  const deadlineMs = Math.max(0, ...boots);
  const sinceMs = clock.now();
  let spokeMs = sinceMs;
  for (;;) {
    const unready = await notReady(request);
    const nowMs = clock.now();
    const isOver = nowMs - sinceMs > deadlineMs || request.stopRequested();
    if (unready === undefined || isOver) return unready;
    if (nowMs - spokeMs >= HEARTBEAT_MS) {
      emit({ kind: "waiting", on: unready, elapsedMs: nowMs - sinceMs, deadlineMs });
      spokeMs = nowMs;
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function notReady(request: ConvergeRequest): Promise<string | undefined> {
  const { units } = await observe(request);
  const short = units.flatMap(({ name, instances }) => {
    const routed = instances.filter((one) => one.routed);
    const ready = routed.filter((one) => one.state === "ready").length;
    return ready === routed.length ? [] : [`${name}: ${ready} of ${routed.length} ready`];
  });
  return short.length === 0 ? undefined : short.join(", ");
}
