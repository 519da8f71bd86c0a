import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import { startLoad } from "../load/client.ts";
import type { Sample } from "../load/load.ts";
import { loadCommand } from "../load/own-command.fixture.ts";
import { diff } from "../plan/diff.ts";
import type { Graph, ServiceUnit } from "../plan/graph.ts";
import type { Plan } from "../plan/plan.ts";
import { restartPlan } from "../plan/restart.ts";
import type { EventBody } from "../record/event.ts";
import { readRecords } from "../record/read.ts";
import type { Release } from "../record/release.ts";
import type { Edge } from "../system/system.ts";
import { aGraph, anEdge, aService } from "../targets/declared.ts";
import { Rehearsal, seeUnit, take } from "../targets/local/fixtures/rehearsal.ts";
import type { Lease, Target } from "../targets/target.ts";
import type { RolloutOutcome } from "./outcome.ts";
import { rollbackGoal } from "./rollback.ts";
import { converge } from "./run.ts";

/** 20 ms of work, a boot that takes its time, and whatever `MODE` says is wrong with it. */
const APP = `
import { createServer } from "node:http";
const { HOST, PORT, MODE, VERSION, READY = "/ready" } = process.env;
let serving = false;
let count = 0;
const server = createServer((request, response) => {
  const isReady = MODE !== "never-ready";
  if (request.url === READY) return response.writeHead(isReady ? 200 : 503).end("migrating");
  if (request.url === "/health") return response.end("ok");
  if (request.url !== "/work") return response.writeHead(404).end();
  const end = () => { console.error("out of luck"); process.exit(1); };
  if (MODE === "crashes" && !serving) setTimeout(end, 4_000);
  serving = true;
  count += 1;
  if (MODE === "errors" && count % 5 === 0) return response.writeHead(500).end("a bug");
  const workMs = MODE === "slow" ? 400 : MODE === "crawls" ? 1_500 : 20;
  setTimeout(() => response.end(VERSION), workMs);
});
setTimeout(() => server.listen(Number(PORT), HOST), 500);
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
`;

export function anApp(
  env: Readonly<Record<string, string>>,
  rollout: Partial<ServiceUnit["rollout"]> = {},
): ServiceUnit {
  const values = Object.entries(env).map(
    ([name, text]) => [name, { kind: "text" as const, text }] as const,
  );
  return aService({
    run: { kind: "folder", build: "apps/roll", command: ["node", "main.ts"] },
    env: Object.fromEntries(values),
    replicas: 3,
    bootMs: 8_000,
    probe: { method: "GET", path: "/work" },
    rollout: {
      strategy: "rolling",
      canary: [],
      surge: 1,
      bakeMs: 3_000,
      bakeRequestsMin: 20,
      abort: { errorRatio: 0.05, p95Factor: 20 },
      ...rollout,
    },
  });
}

interface Wanted {
  readonly release: Release;
  readonly unit: ServiceUnit;
}

interface Run {
  readonly verb: string;
  readonly graph: Graph;
  readonly plan: Plan;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Undefined: nothing of another release is needed. */
  readonly wanted?: Wanted;
}

/** A canary of two steps, all of it, on a machine that may be busy. */
const RUN_MS = 240_000;

/** A system on this machine that is rolled as the verbs do it. */
export class Yard implements AsyncDisposable {
  readonly place: Rehearsal;
  readonly target: Target;
  readonly events: EventBody[] = [];
  readonly #edge: Edge;

  constructor(place: Rehearsal, target: Target, edge: Edge) {
    this.place = place;
    this.target = target;
    this.#edge = edge;
  }

  static async begin(provider: Edge["provider"] = "gateway"): Promise<Yard> {
    const place = await Rehearsal.begin();
    const folder = join(place.home, "system/apps/roll");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), `{ "name": "roll", "type": "module" }\n`);
    await writeFile(join(folder, "main.ts"), APP);
    return new Yard(place, await place.open(), anEdge({ provider }));
  }

  /** What `up` does: describe, plan, converge under a lease. */
  async up(unit: ServiceUnit, signal = AbortSignal.timeout(RUN_MS)): Promise<RolloutOutcome> {
    const release = await this.target.describe(unit, signal);
    return await this.#goTo("up", { release, unit }, signal);
  }

  async rollback(unit: ServiceUnit): Promise<RolloutOutcome> {
    const signal = AbortSignal.timeout(RUN_MS);
    const described = new Map([
      ["api", { release: await this.target.describe(unit, signal), unit }],
    ]);
    const observed = await this.target.observe(signal);
    const { store } = this.target;
    const goal = await rollbackGoal({ observed, services: ["api"], described, store });
    assert.ok(goal.ok, goal.ok ? "" : goal.error);
    const wanted = goal.value.get("api");
    assert.ok(wanted?.unit.kind === "service");
    return await this.#goTo("rollback", { release: wanted.release, unit: wanted.unit }, signal);
  }

  /** Every instance anew, as defined. */
  async restart(): Promise<RolloutOutcome> {
    const signal = AbortSignal.timeout(RUN_MS);
    await using lease = await take(this.target);
    const observed = await this.target.observe(signal);
    const journal = await readRecords(this.target.store, "journal");
    const { graph } = observed;
    assert.ok(graph !== undefined, "nothing is defined");
    const plan = restartPlan({ graph, observed, services: ["api"], journal });
    assert.ok(plan.ok, plan.ok ? "" : plan.error);
    return await this.#converge({ verb: "restart", graph, plan: plan.value, lease, signal });
  }

  async #goTo(verb: string, wanted: Wanted, signal: AbortSignal): Promise<RolloutOutcome> {
    const graph = aGraph([wanted.unit], { edge: this.#edge });
    await using lease = await take(this.target);
    const observed = await this.target.observe(signal);
    const releases = new Map([["api", wanted.release]]);
    const plan = diff({ graph, observed, releases, provenObjectives: [] });
    return await this.#converge({ verb, graph, plan, lease, signal, wanted });
  }

  async #converge(run: Run): Promise<RolloutOutcome> {
    const { verb, graph, plan, lease, wanted } = run;
    return await converge({
      target: this.target,
      lease,
      graph,
      plan,
      releases: new Map(wanted === undefined ? [] : [["api", wanted]]),
      operation: `${verb}-${freshId(4)}`,
      verb,
      clock: systemClock,
      emit: (body) => this.events.push(body),
      commits: true,
      startLoad: startLoad(loadCommand, systemClock),
      scratch: this.place.home,
      signal: AbortSignal.any([run.signal, lease.lost]),
      stopRequested: () => false,
      inconclusive: () => Promise.resolve("go-back"),
    });
  }

  /** Users of the inner address while `work` goes on: every request, and who answered it. */
  async under(ratePerSecond: number, work: () => Promise<void>): Promise<readonly Sample[]> {
    const { url } = await seeUnit(this.target, "api");
    return await this.#withUsers(url, ratePerSecond, work);
  }

  /** Users of the public address while `work` goes on. */
  async inPublic(ratePerSecond: number, work: () => Promise<void>): Promise<readonly Sample[]> {
    const { edge } = await this.target.observe(AbortSignal.timeout(RUN_MS));
    return await this.#withUsers(edge?.addresses[0], ratePerSecond, work);
  }

  async #withUsers(
    url: string | undefined,
    ratePerSecond: number,
    work: () => Promise<void>,
  ): Promise<readonly Sample[]> {
    assert.ok(url !== undefined, "there is no address");
    const request = { path: "/work", headers: {}, body: undefined, weight: 1 };
    const plan = {
      ...{ url, ratePerSecond, timeoutMs: 5_000, seed: 1, freshConnections: 0.2 },
      mix: [{ ...request, method: "GET", class: "safe" as const }],
      run: `users-${freshId(4)}`,
      durationMsMax: RUN_MS,
      samplesFile: join(this.place.home, `users-${freshId(4)}.ndjson`),
    };
    const start = startLoad(loadCommand, systemClock);
    const users = await start(plan, AbortSignal.timeout(RUN_MS));
    await work();
    return (await users.finish()).samples;
  }

  /** Release → instances that are ready and routed. */
  async serving(): Promise<Readonly<Record<string, number>>> {
    const { instances } = await seeUnit(this.target, "api");
    const counts: Record<string, number> = {};
    for (const { release, state, routed } of instances) {
      const key = state === "ready" && routed ? release : `${release} ${state}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
  }
}

/** For the message of an assertion. */
export function text(outcome: RolloutOutcome): string {
  return `${outcome.outcome}: ${outcome.because}\n${outcome.detail.join("\n")}`;
}

/** What users were not answered well, each as a text. */
export function failed(samples: readonly Sample[]): readonly string[] {
  return samples.filter(({ outcome }) => outcome !== "ok").map((one) => JSON.stringify(one));
}

/** The first release, up and serving; resolves to it. */
export async function begun(yard: Yard): Promise<string> {
  const created = await yard.up(anApp({ VERSION: "1" }));
  assert.equal(created.outcome, "done", text(created));
  return Object.keys(await yard.serving())[0] ?? "";
}
