import type { GatewayStatus } from "@seaworthy/gateway/control";
import type { ServiceUnit } from "../../../plan/graph.ts";
import type { StepResult } from "../../../record/step.ts";
import { ENDS_MAX, staysDown } from "../../stays-down.ts";
import { lastLines } from "../read-logs.ts";
import type { EdgeKeeper } from "./edge-keeper.ts";
import type { Keeper } from "./keeper.ts";
import { describeProbe, probe, type ProbeOutcome } from "./probe.ts";
import type { InstanceRecord } from "./state.ts";
import type { World } from "./world.ts";

const LOOK_MS = 30;
/** One real request may take what a user's may; shorter than a step's deadline in any case. */
const REQUEST_TIMEOUT_MS = 5_000;
/** As many as a person reads. */
const LOG_LINES = 20;
/** From here on an answer is the service's fault (RFC 9110 §15.6). */
const SERVER_ERROR = 500;

export interface Awaited {
  readonly record: InstanceRecord;
  readonly unit: ServiceUnit;
  readonly keeper: Keeper | undefined;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Done when the edge's own checks passed `rise` times and one real request, sent through the inner
 * listener to exactly this instance, was answered below 500.
 */
export async function awaitReady(
  world: World,
  edge: EdgeKeeper,
  awaited: Awaited,
): Promise<StepResult> {
  const { clock } = world;
  const sinceMs = clock.now();
  let last: ProbeOutcome | undefined;
  let seen = "the edge has not looked at it yet";
  while (clock.now() - sinceMs < awaited.deadlineMs) {
    awaited.signal.throwIfAborted();
    const status = await edge.status();
    const endpoint = status?.endpoints.find(({ id }) => id === awaited.record.id);
    const { withdrawn } = world.ledger.state.instances[awaited.record.id] ?? awaited.record;
    if (endpoint?.health === "healthy" && withdrawn !== "out") {
      last = await realRequest(world, awaited);
      if (last.status !== undefined && last.status < SERVER_ERROR) {
        return { outcome: "done", detail: describeProbe(last) };
      }
    }
    seen = describeHealth(endpoint) ?? seen;
    if ((awaited.keeper?.exitsBeforeReady ?? 0) >= ENDS_MAX) {
      const { because: ended } = world.ledger.state.instances[awaited.record.id] ?? {};
      const because = staysDown(awaited.record.id, { last: ended });
      return await notReady(world, awaited, { because, last, seen });
    }
    await clock.sleep(LOOK_MS, awaited.signal);
  }
  const because = `${awaited.record.id} was not ready after ${awaited.deadlineMs} ms`;
  return await notReady(world, awaited, { because, last, seen });
}

async function realRequest(world: World, { record, unit }: Awaited): Promise<ProbeOutcome> {
  return await probe({
    port: world.ledger.state.ports.inner[unit.name] ?? record.port,
    path: unit.probe.path,
    method: unit.probe.method,
    headers: { "seaworthy-instance": record.id },
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
}

interface Miss {
  readonly because: string;
  readonly last: ProbeOutcome | undefined;
  readonly seen: string;
}

async function notReady(world: World, awaited: Awaited, miss: Miss): Promise<StepResult> {
  const own = await probe({
    port: world.ledger.state.instances[awaited.record.id]?.port ?? awaited.record.port,
    path: awaited.unit.ready.path,
    method: "GET",
    headers: {},
    timeoutMs: awaited.unit.ready.timeoutMs,
  });
  const request = miss.last === undefined ? [] : [`last request: ${describeProbe(miss.last)}`];
  return {
    outcome: "failed",
    because: miss.because,
    detail: [
      `last probe: ${describeProbe(own)}`,
      `the edge: ${miss.seen}`,
      ...request,
      ...(await lastLines(world.folder.logs, awaited.record.id, LOG_LINES)),
    ],
  };
}

function describeHealth(endpoint: GatewayStatus["endpoints"][number] | undefined) {
  if (endpoint === undefined) return undefined;
  return endpoint.lastProbe === undefined
    ? endpoint.health
    : `${endpoint.health}: ${endpoint.lastProbe}`;
}
