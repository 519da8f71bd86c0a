import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { systemClock } from "@seaworthy/std/clock";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Observed, ObservedInstance } from "../plan/observed.ts";
import { subjectOf, type Fault, type FaultHandle, type FaultSight } from "../record/fault.ts";
import type { Release } from "../record/release.ts";
import type { RecordStore } from "../record/store.ts";
import type { Step, StepResult } from "../record/step.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import { TargetError, type Target } from "../targets/target.ts";
import {
  freePort,
  heldBytes,
  isStopped,
  signalGroup,
  slowDown,
  start,
} from "./toy-process.fixture.ts";
import { type Backend, ToyProxy } from "./toy-proxy.fixture.ts";

/** What is wrong with a planted system; all false: nothing. */
export interface Planted {
  /** The proxy repeats writes that did not answer in time. */
  readonly repeatsWrites: boolean;
  /** The service ends at once on SIGTERM, and is told so before it left the routes. */
  readonly rude: boolean;
  /** A roll routes to a new instance without asking whether it is ready. */
  readonly trusting: boolean;
  /** Injections say that they are done, and do nothing. */
  readonly harmless: boolean;
  /** An undo says that it is done, and does nothing. */
  readonly stuck: boolean;
}

const SERVICE = fileURLToPath(new URL("./toy-service.fixture.ts", import.meta.url));
const WORK_MS = 30;
/** So many are in flight that ending at once is sure to cut some. */
const RUDE_WORK_MS = 150;
const RESTART_MS = 700;
const TRUSTING_BOOT_MS = 5_000;
const TRUSTING_BAKE_MS = 2_500;

interface Running {
  readonly backend: Backend;
  readonly release: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  child: ChildProcess;
  restarts: number;
  wanted: boolean;
}

/**
 * A hand-driven target with real processes, sockets and signals, for faults that no real target
 * has: a proxy that repeats writes, a roll that trusts.
 */
export class ToyTarget {
  readonly target: Target;
  readonly journal: unknown[] = [];
  readonly #unit: ServiceUnit;
  readonly #planted: Planted;
  readonly #proxy: ToyProxy;
  readonly #running: Running[] = [];
  readonly #slowed = new Map<Running | undefined, () => void>();
  readonly #ledger = new Map<string, number>();
  readonly #store = createServer((incoming, response) => {
    const id = /^\/applied\/(.+)$/.exec(incoming.url ?? "")?.[1];
    incoming.resume();
    if (id !== undefined) {
      const name = decodeURIComponent(id);
      this.#ledger.set(name, (this.#ledger.get(name) ?? 0) + 1);
      return void response.end();
    }
    for (const [name, times] of this.#ledger) {
      response.write(`${JSON.stringify({ id: name, times })}\n`);
    }
    response.end();
  });
  #url = "";
  #storeUrl = "";
  #next = 1;

  constructor(unit: ServiceUnit, planted: Planted) {
    this.#unit = unit;
    this.#planted = planted;
    this.#proxy = new ToyProxy(planted);
    this.target = this.#asTarget();
  }

  async open(): Promise<void> {
    this.#url = await this.#proxy.open();
    this.#store.listen(0, "127.0.0.1");
    await once(this.#store, "listening");
    const address = this.#store.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    this.#storeUrl = `http://127.0.0.1:${address.port}`;
    for (let at = 0; at < this.#unit.replicas; at += 1) {
      const running = await this.#start(this.#unit);
      await this.#untilReady(running, 20_000);
      running.backend.routed = true;
    }
  }

  async close(): Promise<void> {
    for (const running of this.#running.slice()) await this.#end(running, "SIGKILL");
    this.#proxy.close();
    this.#store.closeAllConnections();
    this.#store.close();
  }

  async #start(unit: ServiceUnit): Promise<Running> {
    const port = await freePort();
    const seed = unit.env["SEAWORTHY_DRILL"];
    const release = releaseOf(unit).id;
    const backend: Backend = {
      id: `${unit.name}-${this.#next++}`,
      release,
      port,
      routed: false,
      healthy: false,
      lastRequestWallMs: undefined,
      inFlight: 0,
    };
    const env = {
      PORT: `${port}`,
      SEAWORTHY_INSTANCE: backend.id,
      STORE: this.#storeUrl,
      WORK_MS: `${this.#planted.rude ? RUDE_WORK_MS : WORK_MS}`,
      RUDE: this.#planted.rude ? "yes" : "no",
      ...(seed?.kind === "text" ? { SEAWORTHY_DRILL: seed.text } : {}),
    };
    const [, ...args] = unit.run.kind === "folder" ? unit.run.command : [""];
    // A bad release runs the tool, which then runs the service.
    const own = args.map((argument) => (argument === "main.ts" ? SERVICE : argument));
    const command = [execPath, ...own] as const;
    const child = start(command, env);
    const running = { backend, release, command, env, child, restarts: 0, wanted: true };
    this.#running.push(running);
    this.#proxy.backends.push(backend);
    this.#keepAlive(running);
    return running;
  }

  /** The supervisor: what ends unasked is started again. */
  #keepAlive(running: Running): void {
    running.child.once("exit", () => {
      running.backend.healthy = false;
      void this.#restart(running);
    });
  }

  async #restart(running: Running): Promise<void> {
    await systemClock.sleep(RESTART_MS);
    if (!running.wanted) return;
    running.restarts += 1;
    const { command, env } = running;
    running.child = start(command, env);
    this.#keepAlive(running);
  }

  async #untilReady(running: Running, ms: number): Promise<boolean> {
    for (let waited = 0; waited < ms; waited += 50) {
      if (running.backend.healthy) return true;
      await systemClock.sleep(50);
    }
    return false;
  }

  async #end(running: Running, signal: NodeJS.Signals): Promise<void> {
    running.wanted = false;
    const { child } = running;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      signalGroup(child, signal);
      await gone;
    }
    running.backend.routed = false;
    this.#proxy.backends.splice(this.#proxy.backends.indexOf(running.backend), 1);
    this.#running.splice(this.#running.indexOf(running), 1);
  }

  /** Start one, wait, switch, drain, stop one; back at once when one never gets ready. */
  readonly roll = async (unit: ServiceUnit): Promise<RolloutOutcome> =>
    await this.#replace(
      this.#running.filter(({ release }) => release !== releaseOf(unit).id),
      unit,
    );

  readonly restart = async (): Promise<RolloutOutcome> =>
    await this.#replace(this.#running.slice(), this.#unit);

  async #replace(old: readonly Running[], unit: ServiceUnit): Promise<RolloutOutcome> {
    const beganMs = systemClock.now();
    const ended = (outcome: RolloutOutcome["outcome"], because: string): RolloutOutcome => ({
      outcome,
      because,
      units: [],
      seconds: (systemClock.now() - beganMs) / 1_000,
      ...{ probe: undefined, serving: "", detail: [] },
    });
    for (const leaving of old) {
      const coming = await this.#start(unit);
      const ready = this.#planted.trusting || (await this.#untilReady(coming, unit.bootMs));
      if (!ready) {
        await this.#end(coming, "SIGKILL");
        return ended("rolled-back", "not ready in time");
      }
      coming.backend.routed = true;
      leaving.backend.routed = this.#planted.rude;
      const drainedByMs = systemClock.now() + (this.#planted.rude ? 0 : unit.drainMs);
      while (leaving.backend.inFlight > 0 && systemClock.now() < drainedByMs) {
        await systemClock.sleep(10);
      }
      await this.#end(leaving, "SIGTERM");
    }
    // A bake that judges nothing: what is bad has the time to start, and to show.
    const [last] = this.#running.slice(-1);
    if (this.#planted.trusting && last !== undefined) {
      await this.#untilReady(last, TRUSTING_BOOT_MS);
      await systemClock.sleep(TRUSTING_BAKE_MS);
    }
    return ended("done", "");
  }

  #observe(): Observed {
    const { name } = this.#unit;
    return {
      basis: "toy",
      exists: true,
      edge: { addresses: [this.#url], ready: true },
      units: [
        {
          name,
          kind: "service",
          desired: this.#unit.replicas,
          scaleOverride: undefined,
          committed: undefined,
          previous: undefined,
          instances: this.#running.map((running) => observedInstance(name, running)),
          nextInstance: this.#next,
          url: this.#storeUrl,
          definition: "toy",
        },
      ],
    };
  }

  #apply(step: Step): StepResult {
    if (step.action !== "inject" && step.action !== "undo") throw unsupported();
    const { fault } = step.fault;
    const running = this.#struck(fault);
    const broken = step.action === "inject" ? this.#planted.harmless : this.#planted.stuck;
    const unsafe = running?.backend.inFlight ?? 0;
    const wallMs = systemClock.wall();
    if (step.action === "undo") {
      if (!broken) {
        this.#slowed.get(running)?.();
        this.#slowed.delete(running);
        running?.child.kill("SIGCONT");
      }
      return { outcome: "done", detail: "nothing is left to undo" };
    }
    if (!broken && running !== undefined) {
      if (fault.kind === "slow") this.#slowed.set(running, slowDown(running.child, fault));
      // Here what is dropped is what is frozen: neither answers, and no kernel refuses for it.
      else running.child.kill(fault.kind === "kill" ? "SIGKILL" : "SIGSTOP");
    }
    const inFlight = { safe: 0, idempotent: 0, unsafe, stream: 0 };
    return { outcome: "done", detail: JSON.stringify({ wallMs, inFlight }) };
  }

  #struck(fault: Fault): Running | undefined {
    if (!("instance" in fault)) return undefined;
    return this.#running.find(({ backend }) => backend.id === fault.instance);
  }

  #witness({ fault, processes }: FaultHandle): FaultSight {
    const pid = processes[0]?.pid;
    const child = this.#struck(fault)?.child;
    const subject = subjectOf(fault);
    if (fault.kind === "kill") {
      const isAlive = child?.exitCode === null && child.signalCode === null;
      const inForce = !isAlive || child.pid !== pid;
      const seen = `${subject} ${inForce ? "is not" : "is still"} pid ${pid}`;
      return { state: inForce ? "in-force" : "over", seen };
    }
    const isSlowed = this.#slowed.has(this.#struck(fault));
    const inForce = fault.kind === "slow" ? isSlowed : isStopped(pid);
    const seen = `${subject} (pid ${pid}) ${inForce ? "is stopped" : "runs again"}`;
    return { state: inForce ? "in-force" : "over", seen };
  }

  #asTarget(): Target {
    const journal = this.journal;
    const store: RecordStore = {
      append: async (kind, body) => void (kind === "journal" && journal.push(body)),
      read: async (kind) => (kind === "journal" ? journal : []),
    };
    return {
      platform: { name: "dry", edge: "none", faults: new Set(["kill", "freeze", "drop", "slow"]) },
      store,
      observe: async () => this.#observe(),
      describe: async (unit) => {
        if (unit.kind !== "service") throw unsupported();
        return releaseOf(unit);
      },
      apply: async (step) => this.#apply(step),
      prepare: async (fault) => ({
        id: `f-${subjectOf(fault)}-${this.journal.length}`,
        fault,
        processes: identities(this.#struck(fault)),
        undoByWallMs: systemClock.wall() + 60_000,
      }),
      witness: async (handle) => this.#witness(handle),
      headroom: async () => ({ memoryBytes: 1e12, addresses: 1_000 }),
      measure: async () => ({
        since: "start",
        instances: this.#running.map(({ backend, release, child }) => ({
          ...heldBytes(child.pid),
          instance: backend.id,
          release,
          requests: 0,
          failed: { safe: 0, idempotent: 0, unsafe: 0, stream: 0 },
          inFlight: { safe: backend.inFlight, idempotent: 0, unsafe: 0, stream: 0 },
          latency: { boundsMs: [], counts: [] },
          lastRequestWallMs: backend.lastRequestWallMs,
        })),
      }),
      lease: () => Promise.reject(unsupported()),
      put: () => Promise.reject(unsupported()),
      define: () => Promise.reject(unsupported()),
      exec: () => Promise.reject(unsupported()),
      logs: () => {
        throw unsupported();
      },
      close: async () => {},
    };
  }
}

function observedInstance(unit: string, running: Running): ObservedInstance {
  const { backend, release, child, restarts } = running;
  const alive = child.exitCode === null && child.signalCode === null;
  const state = alive ? (isStopped(child.pid) ? "frozen" : "ready") : "backing-off";
  return {
    id: backend.id,
    unit,
    release,
    state: state === "ready" && !backend.healthy ? "unready" : state,
    routed: backend.routed,
    weight: 1,
    isolated: undefined,
    address: { host: "127.0.0.1", port: backend.port },
    pid: alive ? child.pid : undefined,
    since: "",
    restarts,
    because: undefined,
  };
}

function identities(running: Running | undefined): FaultHandle["processes"] {
  const pid = running?.child.pid;
  return pid === undefined ? [] : [{ pid, startTicks: "", bootId: "" }];
}

function releaseOf(unit: ServiceUnit): Release {
  const seed = unit.env["SEAWORTHY_DRILL"];
  const argv = unit.run.kind === "folder" ? unit.run.command : [];
  const kind = argv[1] === "main.ts" ? "live" : "bad";
  const id = `r-${kind}-${seed?.kind === "text" ? seed.text : "own"}`;
  return {
    id,
    unit: unit.name,
    createdAt: "2026-01-01T00:00:00.000Z",
    program: { path: execPath, identity: "node" },
    argv,
    filesHash: "",
    fileCount: 0,
    environmentHash: "",
    secretVersions: {},
    from: "",
  };
}

function unsupported(): TargetError {
  return new TargetError("unsupported", "not in this planted system");
}
