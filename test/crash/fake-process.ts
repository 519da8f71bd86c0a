import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { Server } from "node:net";
import { join } from "node:path";
import { timestamp, type Clock } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import type { Context } from "../../seaworthy/cli/context.ts";
import { runProgram } from "../../seaworthy/cli/program.ts";
import type { LoadResult, LoadRun, Sample, StartLoad } from "../../seaworthy/load/load.ts";
import type { Unit } from "../../seaworthy/plan/graph.ts";
import type { Release } from "../../seaworthy/record/release.ts";
import { canonicalHash } from "../../seaworthy/system/canonical-json.ts";
import type { Target } from "../../seaworthy/targets/target.ts";
import type { FakeMachine } from "./fake-machine.ts";
import { mortalTarget } from "./mortal-target.ts";
import { type CrashPoint, Reaper } from "./reaper.ts";

/** Where the real declaration lies, and what little of state the verbs keep in real files. */
export interface Place {
  readonly folder: string;
  readonly state: string;
  readonly run: string;
}

/** Makes the tool of a process wrong: what it does and sees goes through this. */
export type Spoil = (target: Target) => Target;

/** Where a process dies, and what is wrong with it. */
export interface Fate {
  readonly point: CrashPoint | undefined;
  readonly spoil: Spoil | undefined;
}

export interface Life {
  /** Undefined: it died at its point. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What it changed, in order. */
  readonly changes: readonly string[];
  /** Where it died. */
  readonly struck: string | undefined;
}

/**
 * Runs one verb of the real command line as if in a process of its own, on a fake machine and in
 * its time. At `point` the process dies: nothing of it goes on, what it had asked of the machine
 * may still be done or may not, and its lease is free.
 */
export async function runFake(
  machine: FakeMachine,
  argv: readonly string[],
  options: Fate & { readonly place: Place },
): Promise<Life> {
  const process = new FakeProcess(machine);
  const { place, point, spoil } = options;
  const own = spoil?.(process.target) ?? process.target;
  // A home of its own: the lock of a drill that died here is still held, for we live.
  const state = argv[0] === "drill" ? join(place.state, freshId(4)) : place.state;
  const reaper = new Reaper(point, () => process.die());
  const context = contextOf(process, {
    place: { ...place, state },
    target: mortalTarget(own, reaper),
  });
  const code = await Promise.race([runProgram(argv, context), process.died]);
  return {
    code,
    stdout: process.stdout,
    stderr: process.stderr,
    changes: reaper.changes,
    struck: reaper.struck,
  };
}

/** A lock is a server that keeps its process alive: those of the dead must not keep ours. */
subscribe("tracing:net.server.listen:asyncEnd", (told) => {
  const isServer = typeof told === "object" && told !== null && "server" in told;
  if (isServer && told.server instanceof Server) told.server.unref();
});

/** What a process waits for when it is dead. */
const NEVER = new Promise<never>(() => {});

class FakeProcess {
  readonly died: Promise<undefined>;
  readonly clock: Clock;
  readonly target: Target;
  stdout = "";
  stderr = "";
  readonly #machine: FakeMachine;
  readonly #death = new AbortController();
  /** On their way to the machine, in order: one connection carries them. */
  readonly #asked: (() => void)[] = [];
  #arrived: Promise<void> = Promise.resolve();
  readonly #dies: () => void;

  constructor(machine: FakeMachine) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.died = promise;
    this.#dies = () => resolve(undefined);
    this.#machine = machine;
    const { clock } = machine;
    this.clock = {
      now: () => clock.now(),
      wall: () => clock.wall(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    this.target = this.#asTarget();
  }

  die(): void {
    this.#death.abort();
    // Of what was on its way, the first may still arrive, and is done all the same.
    const arriving = this.#machine.chance.below(this.#asked.length + 1);
    for (const effect of this.#asked.splice(0, arriving)) effect();
    this.#machine.world.leave(this);
    this.#dies();
  }

  /** Time stands still for the dead: none of their sleepers keeps the clock going. */
  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const death = this.#death.signal;
    if (death.aborted) return await NEVER;
    const either = signal === undefined ? death : AbortSignal.any([signal, death]);
    try {
      await this.#machine.clock.sleep(ms, either);
    } catch (error) {
      if (death.aborted) return await NEVER;
      throw error;
    }
    if (death.aborted) return await NEVER;
  }

  /** The machine does it once the call arrived, a moment later. */
  async #ask<Value>(effect: () => Value | Promise<Value>): Promise<Value> {
    if (this.#death.signal.aborted) return await NEVER;
    this.#asked.push(() => void effect());
    const before = this.#arrived;
    const travelled = this.#sleep(this.#machine.callMs());
    const arrived = before.then(() => travelled);
    this.#arrived = arrived;
    await arrived;
    this.#asked.shift();
    const value = await effect();
    return this.#death.signal.aborted ? await NEVER : value;
  }

  #asTarget(): Target {
    const machine = this.#machine;
    const { world } = machine;
    const wait = (ms: number): Promise<void> => this.#sleep(ms);
    return {
      platform: { name: "dry", edge: "none", faults: new Set(["kill", "freeze"]) },
      observe: () => this.#look(() => machine.observed()),
      lease: (owner) => this.#ask(() => world.lease(this, owner)),
      describe: (unit) => this.#look(() => releaseOf(unit, this.clock)),
      put: (release, unit) => this.#ask(() => machine.put(release, versionOf(unit))),
      define: (graph, { epoch }) =>
        this.#ask(() => {
          world.mustHold(this, epoch);
          machine.define(graph);
        }),
      apply: (step, { epoch }) =>
        this.#ask(() => {
          world.mustHold(this, epoch);
          return machine.apply(step, wait);
        }),
      headroom: async () => ({ memoryBytes: 1e12, addresses: 1_000, diskBytes: 1e12 }),
      measure: (unit) => this.#look(() => machine.measure(unit)),
      prepare: (fault) => this.#look(() => machine.prepare(fault)),
      witness: (handle) => this.#look(() => machine.witness(handle)),
      exec: async () => {
        throw new Error("nothing runs here");
      },
      logs: async function* () {
        // Nothing runs, so nothing is said.
      },
      store: {
        append: (kind, body) =>
          this.#ask(() => {
            const copy: unknown = JSON.parse(JSON.stringify(body));
            machine.records(kind).push(copy);
          }),
        read: (kind) => this.#look(() => [...machine.records(kind)]),
      },
      close: async () => world.leave(this),
    };
  }

  async #look<Value>(look: () => Value): Promise<Value> {
    return this.#death.signal.aborted ? await NEVER : look();
  }
}

function versionOf(unit: Unit): string {
  const version = unit.kind === "edge" ? undefined : unit.env["VERSION"];
  return version?.kind === "text" ? version.text : "";
}

/** The same declaration makes the same release: there are no files. */
function releaseOf(unit: Unit, clock: Clock): Release {
  if (unit.kind === "edge") throw new Error("an edge has no release");
  const { name, run, env } = unit;
  return {
    id: `r${canonicalHash({ name, run, env }).slice(0, 12)}`,
    unit: name,
    createdAt: timestamp(clock),
    program: { path: "node", identity: "fake" },
    argv: [...(run.command ?? [])],
    filesHash: "",
    fileCount: 0,
    environmentHash: canonicalHash(env),
    secretVersions: {},
    from: "",
  };
}

function contextOf(
  process: FakeProcess,
  given: { readonly place: Place; readonly target: Target },
): Context {
  const { place, target } = given;
  const never = new AbortController().signal;
  return {
    clock: process.clock,
    cwd: place.folder,
    // A home of its own: the locks of those that died here are held, for we live.
    environment: {
      XDG_STATE_HOME: join(place.state, freshId(4)),
      XDG_RUNTIME_DIR: place.run,
      NO_COLOR: "1",
    },
    terminal: {
      out: (text) => void (process.stdout += text),
      outClosed: () => false,
      say: (text) => void (process.stderr += text),
      interactive: false,
      color: false,
      columns: 100,
      ask: async () => undefined,
    },
    // Nothing is started by it here; a bad release is told by these words of its argv.
    ownCommand: (verb, ...args) => ["seaworthy", verb, ...args],
    interrupts: { stopRequested: () => false, stop: never, abort: never },
    owner: { pid: 1, host: "here", user: "tester" },
    wrapTarget: () => target,
    startLoad: fakeLoad(process.clock),
  };
}

/** Sends on schedule, and everything is answered; the samples' file is written as time goes. */
function fakeLoad(clock: Clock): StartLoad {
  return async (plan): Promise<LoadRun> => {
    const startedMs = clock.now();
    const everyMs = 1_000 / plan.ratePerSecond;
    const samples: Sample[] = [];
    const nowMs = (): number => clock.now() - startedMs;
    const send = (): void => {
      const due = Math.floor(nowMs() / everyMs);
      const sent = samples.length;
      for (let index = sent; index < due; index += 1) samples.push(answered(index, everyMs));
      const lines = samples.slice(sent).map((sample) => `${JSON.stringify(sample)}\n`);
      appendFileSync(plan.samplesFile, lines.join(""));
    };
    return {
      startedWallMs: clock.wall(),
      nowMs,
      until: async (ms, signal) => {
        await clock.sleep(Math.max(0, ms - nowMs()), signal);
        send();
      },
      lastSecond: () => ({ sent: plan.ratePerSecond, failed: 0 }),
      finish: async (): Promise<LoadResult> => {
        send();
        const check = { sendLagP99Ms: 1, cpuRatio: 0.1, loadAverage: 0.1, ok: true };
        return { samples, check };
      },
    };
  };
}

function answered(index: number, everyMs: number): Sample {
  const dueMs = index * everyMs;
  return {
    ...{ index, class: "safe", dueMs, sentMs: dueMs, endMs: dueMs + 15, outcome: "ok" },
    ...{ status: 200, failure: undefined, write: undefined },
    ...{ instance: undefined, release: undefined },
  };
}
