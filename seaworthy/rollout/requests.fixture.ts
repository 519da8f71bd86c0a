import assert from "node:assert/strict";
import type { LoadPlan, LoadResult, LoadRun, Sample, StartLoad } from "../load/load.ts";
import type { Graph, JobUnit, ServiceUnit, Unit } from "../plan/graph.ts";
import type { Plan, PlanStep } from "../plan/plan.ts";
import type { EventBody } from "../record/event.ts";
import type { Release } from "../record/release.ts";
import { type Behaviour, ModelTarget } from "./model-target.fixture.ts";
import type { ConvergeRequest } from "./request.ts";
import { virtualClock } from "./virtual-clock.fixture.ts";

const CHECK = { path: "/ready", everyMs: 500, timeoutMs: 300, rise: 2, fall: 3 };

export function aService(change: Partial<ServiceUnit> = {}): ServiceUnit {
  return {
    kind: "service",
    name: "api",
    run: { kind: "folder", build: ".", command: ["node", "main.js"] },
    env: {},
    needs: [],
    replicas: 3,
    port: 8080,
    files: {},
    volumes: {},
    health: { ...CHECK, path: "/health" },
    ready: CHECK,
    drainMs: 10_000,
    stopMs: 10_000,
    bootMs: 60_000,
    probe: { method: "GET", path: "/ready" },
    rollout: {
      strategy: "rolling",
      canary: [],
      surge: 1,
      bakeMs: 30_000,
      bakeRequestsMin: 200,
      abort: { errorRatio: 0.01, p95Factor: 2 },
    },
    restart: { backoffFirstMs: 500, backoffMaxMs: 10_000 },
    ...change,
  };
}

export function aJob(change: Partial<JobUnit> = {}): JobUnit {
  return {
    kind: "job",
    name: "migrate",
    run: { kind: "folder", build: ".", command: ["node", "migrate.js"] },
    env: {},
    needs: [],
    when: "before-rollout",
    schedule: undefined,
    idempotent: false,
    deadlineMs: 60_000,
    ...change,
  };
}

export function aGraph(units: readonly Unit[]): Graph {
  return {
    system: "orders",
    environment: undefined,
    platform: "local",
    declarationHash: "declared",
    units,
    edge: undefined,
    innerRoutes: [],
  };
}

export function aStep(change: Partial<PlanStep> = {}): PlanStep {
  return {
    id: "1",
    action: "roll",
    unit: "api",
    from: "r1",
    to: "r2",
    replicas: { from: 3, to: 3 },
    deadlineMs: 60_000,
    reason: "its files changed",
    fields: [],
    ...change,
  };
}

export function aPlan(steps: readonly PlanStep[]): Plan {
  return {
    system: "orders",
    environment: undefined,
    target: "local",
    basis: { declaration: "declared", observed: "basis" },
    steps,
    expect: { failedRequests: 0, extraInstances: 1, seconds: 60 },
    losesEvidence: [],
  };
}

export function aRelease(id: string): Release {
  return {
    id,
    unit: "api",
    createdAt: "2026-11-20T00:00:00.000Z",
    program: { path: "node", identity: "24" },
    argv: [],
    filesHash: "f",
    fileCount: 1,
    environmentHash: "e",
    secretVersions: {},
    from: ".",
  };
}

export interface Watched {
  readonly request: ConvergeRequest;
  readonly events: (EventBody & { readonly atMs: number })[];
}

/** A request against a model target; everything it emits is kept with its time. */
export function aRequest(model: ModelTarget, change: Partial<ConvergeRequest> = {}): Watched {
  const events: Watched["events"] = [];
  const plan = change.plan ?? aPlan([aStep()]);
  const graph = change.graph ?? aGraph([aService()]);
  const releases = new Map(
    plan.steps.flatMap(({ unit: name, to }) => {
      const unit = graph.units.find((one) => one.name === name);
      return to === undefined || unit === undefined
        ? []
        : [[name, { release: aRelease(to), unit }] as const];
    }),
  );
  const { clock } = model;
  const request: ConvergeRequest = {
    target: model.target,
    lease: model.lease,
    graph,
    plan,
    releases,
    clock,
    operation: "up-1",
    verb: "up",
    commits: true,
    startLoad: undefined,
    scratch: "/nowhere",
    emit: (body) => events.push({ ...body, atMs: clock.now() }),
    signal: model.lost.signal,
    stopRequested: () => false,
    inconclusive: () => Promise.resolve("go-back"),
    ...change,
  };
  return { request, events };
}

/**
 * A generator that sends on schedule and is answered by whatever is routed just then; what it sends
 * by name, or all of it, is `counted` at the edge.
 */
export function modelLoad(
  model: ModelTarget,
  counted: "all" | "named" = "named",
): StartLoad & { readonly plans: LoadPlan[] } {
  const plans: LoadPlan[] = [];
  const start = async (plan: LoadPlan): Promise<LoadRun> => {
    plans.push(plan);
    const samples: Sample[] = [];
    const startedMs = model.clock.now();
    const ended = new AbortController();
    void send(model, { plan, samples, startedMs, counted }, ended.signal).catch(() => undefined);
    return {
      startedWallMs: model.clock.wall(),
      until: (ms, signal) => model.clock.sleep(ms, signal),
      nowMs: () => model.clock.now() - startedMs,
      lastSecond: () => {
        const recent = samples.slice(-plan.ratePerSecond);
        return {
          sent: recent.length,
          failed: recent.filter((one) => one.outcome !== "ok").length,
        };
      },
      finish: async (): Promise<LoadResult> => {
        ended.abort();
        const check = { sendLagP99Ms: 1, cpuRatio: 0.1, loadAverage: 0.1, ok: true };
        return { samples, check };
      },
    };
  };
  return Object.assign(start, { plans });
}

async function send(
  model: ModelTarget,
  run: {
    readonly plan: LoadPlan;
    readonly samples: Sample[];
    readonly startedMs: number;
    readonly counted: "all" | "named";
  },
  ended: AbortSignal,
): Promise<void> {
  const { clock } = model;
  const unit = run.plan.url.split("/").at(-1);
  for (let index = 0; ; index += 1) {
    const named = run.plan.mix[index % run.plan.mix.length]?.headers["seaworthy-instance"];
    const one = named === undefined ? balanced(model, unit, index) : model.machines.get(named);
    const isCounted = named !== undefined || run.counted === "all";
    if (one !== undefined && isCounted) model.count(one);
    const errors = model.behaviours.get(one?.release ?? "")?.errorRatio ?? 0;
    const isLost = one === undefined || index % 100 < errors * 100;
    const now = clock.now() - run.startedMs;
    run.samples.push({
      index,
      class: "safe",
      dueMs: now,
      sentMs: now,
      endMs: now + 15,
      outcome: isLost ? "failed" : "ok",
      status: isLost ? 503 : 200,
      failure: isLost ? "status" : undefined,
      write: undefined,
      instance: one?.id,
      release: one?.release,
    });
    await clock.sleep(1_000 / run.plan.ratePerSecond, ended);
  }
}

/** By weight: of a hundred requests in a row each instance gets its part. */
function balanced(model: ModelTarget, unit: string | undefined, index: number) {
  const routed = [...model.machines.values()].filter((one) => one.unit === unit && one.routed);
  const all = routed.reduce((sum, { weight }) => sum + weight, 0);
  let at = (((index * 37) % 100) / 100) * all;
  return routed.find(({ weight }) => (at -= weight) < 0) ?? routed.at(-1);
}

export const GOOD: Behaviour = { bootMs: 1_000 };

export function aWorld(fresh: Behaviour = GOOD): ModelTarget {
  const model = new ModelTarget(virtualClock());
  model.serving("api", "r1", 3);
  model.behaviours.set("r2", fresh);
  return model;
}

/** Instances as `release ×count`, and that all of them are routed. */
export function runs(model: ModelTarget, unit = "api"): string {
  const mine = [...model.machines.values()].filter((one) => one.unit === unit);
  assert.ok(mine.every((one) => one.routed));
  const releases = [...new Set(mine.map((one) => one.release))];
  return releases.map((id) => `${id} ×${mine.filter((one) => one.release === id).length}`).join();
}

export function journalled(model: ModelTarget): string[] {
  return model.journal.map((body) => {
    assert.ok(typeof body === "object" && body !== null && "entry" in body);
    return String(body.entry);
  });
}
