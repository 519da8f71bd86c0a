import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { startLoad } from "../load/client.ts";
import type { StartLoad } from "../load/load.ts";
import { loadCommand } from "../load/own-command.fixture.ts";
import type { Graph, ServiceUnit } from "../plan/graph.ts";
import type { EventBody } from "../record/event.ts";
import type { LoadRequest, Objectives, Parsed, Service } from "../system/system.ts";
import type { DrillName } from "./catalogue.ts";
import { impairCommand } from "./impair-command.fixture.ts";
import type { DrillRequest } from "./request.ts";
import { type Planted, ToyTarget } from "./toy-target.fixture.ts";

const SOUND: Planted = {
  repeatsWrites: false,
  rude: false,
  trusting: false,
  harmless: false,
  stuck: false,
};

export interface PlantedSystem {
  readonly toy: ToyTarget;
  readonly events: readonly EventBody[];
  readonly request: DrillRequest;
}

/** A running system with something wrong in it, and a request to drill it for a few seconds. */
export async function aSystem(
  t: TestContext,
  given: {
    readonly name: DrillName;
    readonly planted?: Partial<Planted>;
    readonly replicas?: number;
    readonly request?: Partial<DrillRequest>;
  },
): Promise<PlantedSystem> {
  const unit = aUnit(given.replicas ?? 2);
  const toy = new ToyTarget(unit, { ...SOUND, ...given.planted });
  t.after(() => toy.close());
  await toy.open();
  const scratch = await mkdtemp(join(tmpdir(), "seaworthy-drill-"));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  const events: EventBody[] = [];
  const request: DrillRequest = {
    name: given.name,
    unit: undefined,
    target: toy.target,
    lease: {
      epoch: 1,
      lost: new AbortController().signal,
      [Symbol.asyncDispose]: async () => {},
    },
    parsed: aParsed(unit),
    graph: aGraph(unit),
    startLoad: believed(startLoad(loadCommand, systemClock)),
    roll: toy.roll,
    restart: toy.restart,
    ownCommand: impairCommand,
    clock: systemClock,
    seed: 4711,
    runs: 1,
    isDue: false,
    tierMax: "T3",
    allowOutage: true,
    operation: "drill-test",
    scratch,
    raw: "raw/test",
    emit: (body) => events.push(body),
    signal: new AbortController().signal,
    ...given.request,
  };
  return { toy, events, request };
}

/**
 * Tests share two cores with whatever else runs, so the generator's check of itself would decide
 * them; it has tests of its own, and the verdict on it too.
 */
export function believed(start: StartLoad): StartLoad {
  return async (plan, signal) => {
    const run = await start(plan, signal);
    return {
      startedWallMs: run.startedWallMs,
      until: (ms, waiting) => run.until(ms, waiting),
      nowMs: () => run.nowMs(),
      lastSecond: () => run.lastSecond(),
      finish: async () => {
        const { samples, check } = await run.finish();
        return { samples, check: { ...check, ok: true } };
      },
    };
  };
}

export function aUnit(replicas: number): ServiceUnit {
  const check = { path: "/ready", everyMs: 100, timeoutMs: 200, rise: 1, fall: 2 };
  return {
    kind: "service",
    name: "api",
    run: { kind: "folder", build: ".", command: ["node", "main.ts"] },
    env: {},
    needs: [],
    replicas,
    port: 8080,
    files: {},
    volumes: {},
    health: check,
    ready: check,
    drainMs: 5_000,
    stopMs: 5_000,
    bootMs: 2_000,
    probe: { method: "GET", path: "/" },
    rollout: {
      strategy: "rolling",
      canary: [],
      surge: 1,
      bakeMs: 0,
      bakeRequestsMin: 0,
      abort: { errorRatio: 0.01, p95Factor: 2 },
    },
    restart: { backoffFirstMs: 700, backoffMaxMs: 10_000 },
  };
}

const LOAD_MIX: readonly LoadRequest[] = [
  { method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" },
  { method: "POST", path: "/", headers: {}, body: "{}", weight: 1, class: "unsafe" },
];

export const OBJECTIVES: Objectives = {
  availability: undefined,
  latencyP95Ms: 2_000,
  latencyP99Ms: undefined,
  errorRatio: 0.01,
  recoveryTimeMs: undefined,
  recoveryPointMs: undefined,
  connections: undefined,
};

export function aGraph(unit: ServiceUnit): Graph {
  return {
    system: "planted",
    environment: undefined,
    platform: "local",
    declarationHash: "hash-1",
    units: [unit],
    edge: undefined,
    innerRoutes: [],
  };
}

export function aParsed(unit: ServiceUnit, given: Partial<Parsed["system"]> = {}): Parsed {
  const { kind: _kind, needs: _needs, ...runs } = unit;
  const resources = { cpu: undefined, memoryBytes: undefined };
  const service: Service = { ...runs, drillsExcluded: {}, resources, pools: {} };
  return {
    hash: "hash-1",
    sources: {},
    system: {
      declarationVersion: 1,
      name: "planted",
      environment: undefined,
      platform: "local",
      services: { api: service },
      jobs: {},
      edge: undefined,
      objectives: OBJECTIVES,
      load: {
        ratePerSecond: 120,
        mix: LOAD_MIX,
        timeoutMs: 3_000,
        history: { service: "api", path: "/ledger" },
      },
      drills: {
        warmUpMs: 1_000,
        baselineMs: 1_000,
        windowMs: 4_000,
        freezeMs: 1_500,
        everyMs: undefined,
      },
      secrets: { from: [] },
      stores: {},
      capacity: resources,
      ...given,
    },
  };
}
