import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import { startLoad } from "../load/client.ts";
import { loadCommand } from "../load/own-command.fixture.ts";
import { diff } from "../plan/diff.ts";
import type { ServiceUnit } from "../plan/graph.ts";
import type { EventBody } from "../record/event.ts";
import { aGraph, aService } from "../targets/declared.ts";
import { Rehearsal, seeUnit, take, WAIT_MS } from "../targets/local/fixtures/rehearsal.ts";
import type { Target } from "../targets/target.ts";
import { takeDown } from "./down.ts";
import type { RolloutOutcome } from "./outcome.ts";
import { rollbackGoal } from "./rollback.ts";
import { converge } from "./run.ts";

/** 20 ms of work, a boot that takes its time, and whatever `MODE` says is wrong with it. */
const APP = `
import { createServer } from "node:http";
const { HOST, PORT, MODE, VERSION, READY = "/ready" } = process.env;
let serving = false;
const server = createServer((request, response) => {
  const isReady = MODE !== "never-ready";
  if (request.url === READY) return response.writeHead(isReady ? 200 : 503).end("migrating");
  if (request.url === "/health") return response.end("ok");
  if (request.url !== "/work") return response.writeHead(404).end();
  const end = () => { console.error("out of luck"); process.exit(1); };
  if (MODE === "crashes" && !serving) setTimeout(end, 4_000);
  serving = true;
  setTimeout(() => response.end(VERSION), 20);
});
setTimeout(() => server.listen(Number(PORT), HOST), 500);
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
`;

function anApp(env: Readonly<Record<string, string>>): ServiceUnit {
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
    },
  });
}

class Yard implements AsyncDisposable {
  readonly place: Rehearsal;
  readonly target: Target;
  readonly events: EventBody[] = [];

  constructor(place: Rehearsal, target: Target) {
    this.place = place;
    this.target = target;
  }

  static async begin(): Promise<Yard> {
    const place = await Rehearsal.begin();
    const folder = join(place.home, "system/apps/roll");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), `{ "name": "roll", "type": "module" }\n`);
    await writeFile(join(folder, "main.ts"), APP);
    return new Yard(place, await place.open());
  }

  /** What \`up\` does: describe, plan, converge under a lease. */
  async up(unit: ServiceUnit, signal = AbortSignal.timeout(WAIT_MS)): Promise<RolloutOutcome> {
    const release = await this.target.describe(unit, signal);
    return await this.#converge("up", { release, unit }, signal);
  }

  async rollback(unit: ServiceUnit): Promise<RolloutOutcome> {
    const signal = AbortSignal.timeout(WAIT_MS);
    const described = new Map([
      ["api", { release: await this.target.describe(unit, signal), unit }],
    ]);
    const observed = await this.target.observe(signal);
    const { store } = this.target;
    const goal = await rollbackGoal({ observed, services: ["api"], described, store });
    assert.ok(goal.ok, goal.ok ? "" : goal.error);
    const wanted = goal.value.get("api");
    assert.ok(wanted?.unit.kind === "service");
    return await this.#converge("rollback", { release: wanted.release, unit: wanted.unit }, signal);
  }

  async #converge(
    verb: string,
    wanted: { release: Awaited<ReturnType<Target["describe"]>>; unit: ServiceUnit },
    signal: AbortSignal,
  ): Promise<RolloutOutcome> {
    const graph = aGraph([wanted.unit]);
    await using lease = await take(this.target);
    const observed = await this.target.observe(signal);
    const releases = new Map([["api", wanted.release]]);
    const plan = diff({ graph, observed, releases, provenObjectives: [] });
    return await converge({
      target: this.target,
      lease,
      graph,
      plan,
      releases: new Map([["api", wanted]]),
      operation: `${verb}-${freshId(4)}`,
      verb,
      clock: systemClock,
      emit: (body) => this.events.push(body),
      commits: true,
      startLoad: startLoad(loadCommand, systemClock),
      scratch: this.place.home,
      signal: AbortSignal.any([signal, lease.lost]),
      stopRequested: () => false,
      inconclusive: () => Promise.resolve("go-back"),
    });
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

const V1 = anApp({ VERSION: "1" });

function text(outcome: RolloutOutcome): string {
  return `${outcome.outcome}: ${outcome.because}\n${outcome.detail.join("\n")}`;
}

test("creates, rolls under its own probe with nothing failed, and rolls back", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const first = Object.keys(await yard.serving())[0] ?? "";
  assert.deepEqual(await yard.serving(), { [first]: 3 });
  const rolled = await yard.up(anApp({ VERSION: "2" }));
  assert.equal(rolled.outcome, "done", text(rolled));
  const second = rolled.units[0]?.to ?? "";
  assert.deepEqual(await yard.serving(), { [second]: 3 });
  assert.deepEqual(rolled.probe?.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
  assert.ok((rolled.probe?.sent ?? 0) > 60);
  assert.deepEqual(new Set(Object.keys(rolled.probe?.versions ?? {})), new Set([first, second]));
  const unit = await seeUnit(yard.target, "api");
  assert.equal(unit.committed, second);
  assert.equal(unit.previous, first);
  const again = await yard.up(anApp({ VERSION: "2" }));
  assert.equal(again.outcome, "nothing-to-do", text(again));
  const back = await yard.rollback(anApp({ VERSION: "2" }));
  assert.equal(back.outcome, "done", text(back));
  assert.deepEqual(await yard.serving(), { [first]: 3 });
});

test("a release that never gets ready is taken back, with its last probe and log", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const before = await yard.serving();
  const outcome = await yard.up(anApp({ VERSION: "2", MODE: "never-ready" }));
  assert.equal(outcome.outcome, "rolled-back", text(outcome));
  assert.deepEqual(await yard.serving(), before);
  assert.match(outcome.serving, /still serves all traffic: 3 of 3 ready/);
  assert.match(outcome.detail.join("\n"), /503/);
  assert.equal(outcome.probe?.failed.safe, 0);
});

/** Another ready path, which the release before does not know. */
function anotherPath(env: Readonly<Record<string, string>>): ServiceUnit {
  const unit = anApp({ ...env, READY: "/ready-2" });
  return { ...unit, ready: { ...unit.ready, path: "/ready-2" } };
}

test("each release is judged by its own ready path, there and back", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const before = await yard.serving();
  const bad = await yard.up(anotherPath({ VERSION: "2", MODE: "never-ready" }));
  assert.equal(bad.outcome, "rolled-back", text(bad));
  assert.equal(bad.probe?.failed.safe, 0, "the old release served throughout");
  assert.deepEqual(await yard.serving(), before);
  const rolled = await yard.up(anotherPath({ VERSION: "2" }));
  assert.equal(rolled.outcome, "done", text(rolled));
  assert.equal(rolled.probe?.failed.safe, 0);
  assert.deepEqual(Object.values(await yard.serving()), [3]);
});

test("a release that crashes while it bakes is taken back", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const before = await yard.serving();
  const outcome = await yard.up(anApp({ VERSION: "2", MODE: "crashes" }));
  assert.equal(outcome.outcome, "rolled-back", text(outcome));
  assert.match(outcome.because, /died|restarted/);
  assert.deepEqual(await yard.serving(), before);
  assert.match(outcome.detail.join("\n"), /out of luck/);
});

test("cut short in the middle, the next run finishes; then everything is taken down", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const kill = new AbortController();
  const cutAtSwitch = setInterval(() => {
    const switched = yard.events.filter(
      (body) => body.kind === "step-ended" && body.step.action === "switch",
    );
    if (switched.length >= 3) kill.abort(new Error("second Ctrl-C"));
  }, 20);
  const cut = await yard.up(anApp({ VERSION: "2" }), kill.signal);
  clearInterval(cutAtSwitch);
  assert.equal(cut.outcome, "interrupted", text(cut));
  const finished = await yard.up(anApp({ VERSION: "2" }));
  assert.equal(finished.outcome, "done", text(finished));
  assert.equal(Object.values(await yard.serving()).join(), "3");
  await using lease = await take(yard.target);
  const down = await takeDown({
    target: yard.target,
    lease,
    graph: aGraph([V1]),
    operation: "down-1",
    clock: systemClock,
    emit: () => undefined,
    signal: AbortSignal.any([AbortSignal.timeout(WAIT_MS), lease.lost]),
    deleteVolumes: false,
  });
  assert.equal(down.outcome, "done", text(down));
  assert.equal(down.serving, "nothing runs");
});
