import { systemClock, timestamp, type Clock } from "@seaworthy/std/clock";
import type { Graph, Unit } from "../../plan/graph.ts";
import type { Observed } from "../../plan/observed.ts";
import type { Fault, FaultHandle, FaultSight } from "../../record/fault.ts";
import type { Release } from "../../record/release.ts";
import type { RecordKind, RecordStore } from "../../record/store.ts";
import type { Step, StepResult } from "../../record/step.ts";
import { canonicalHash } from "../../system/canonical-json.ts";
import {
  TargetError,
  type LeaseOutcome,
  type LeaseOwner,
  type ExecEnd,
  type ExecRequest,
  type LogLine,
  type Headroom,
  type Measured,
  type Platform,
  type StepContext,
  type Target,
} from "../target.ts";
import { DryWorld } from "./dry-world.ts";

export interface DryOptions {
  /** What it begins with: nothing, or what a real target saw (`--dry-run`). */
  readonly observed?: Observed;
  /** Reads what a release would be made of; by default a hash of the declaration's part alone. */
  readonly describe?: (unit: Unit, signal: AbortSignal) => Promise<Release>;
  /** A planted outcome for a step; undefined: it goes well. */
  readonly respond?: (step: Step) => StepResult | undefined;
  readonly clock?: Clock;
}

/** A target that changes nothing: it keeps a model of the world and what was asked of it. */
export interface DryTarget extends Target {
  /** In the order they were applied, those that failed included. */
  readonly steps: readonly Step[];
  readonly defined: readonly Graph[];
  readonly releases: ReadonlyMap<string, Release>;
  /** Another client of the same world. */
  again(): DryTarget;
}

const PLATFORM: Platform = {
  name: "dry",
  edge: "none",
  faults: new Set<Fault["kind"]>(["kill", "freeze"]),
};

export function openDry(options: DryOptions = {}): DryTarget {
  const clock = options.clock ?? systemClock;
  return new Dry({ ...options, clock }, new DryWorld(clock, options.observed));
}

class Dry implements DryTarget {
  readonly platform = PLATFORM;
  readonly store: RecordStore;
  readonly #options: DryOptions & { readonly clock: Clock };
  readonly #world: DryWorld;

  constructor(options: DryOptions & { readonly clock: Clock }, world: DryWorld) {
    this.#options = options;
    this.#world = world;
    this.store = memoryStore(world.records);
  }

  get steps(): readonly Step[] {
    return this.#world.steps;
  }

  get defined(): readonly Graph[] {
    return this.#world.defined;
  }

  get releases(): ReadonlyMap<string, Release> {
    return this.#world.releases;
  }

  again(): DryTarget {
    return new Dry(this.#options, this.#world);
  }

  async observe(signal: AbortSignal): Promise<Observed> {
    signal.throwIfAborted();
    return this.#world.observe();
  }

  async lease(owner: LeaseOwner, signal: AbortSignal): Promise<LeaseOutcome> {
    signal.throwIfAborted();
    return this.#world.lease(this, owner);
  }

  async describe(unit: Unit, signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    const describe = this.#options.describe ?? ((one) => describeDry(one, this.#options.clock));
    return await describe(unit, signal);
  }

  async put(release: Release, unit: Unit, signal: AbortSignal): Promise<void> {
    const now = await this.describe(unit, signal);
    if (now.id !== release.id) {
      throw new TargetError("release-changed", `${unit.name} changed since it was looked at`);
    }
    this.#world.releases.set(release.id, release);
  }

  async define(graph: Graph, { signal, epoch }: StepContext): Promise<void> {
    signal.throwIfAborted();
    this.#world.mustHold(this, epoch);
    this.#world.define(graph);
  }

  async apply(step: Step, { signal, epoch }: StepContext): Promise<StepResult> {
    signal.throwIfAborted();
    this.#world.mustHold(this, epoch);
    this.#world.steps.push(step);
    return this.#options.respond?.(step) ?? this.#world.apply(step);
  }

  /** A model has room for everything. */
  async headroom(): Promise<Headroom> {
    return { memoryBytes: Number.MAX_SAFE_INTEGER, addresses: Number.MAX_SAFE_INTEGER };
  }

  async measure(unit: string, signal: AbortSignal): Promise<Measured> {
    signal.throwIfAborted();
    return this.#world.measure(unit);
  }

  async prepare(fault: Fault, signal: AbortSignal): Promise<FaultHandle> {
    signal.throwIfAborted();
    return this.#world.prepare(fault);
  }

  async witness(fault: FaultHandle, signal: AbortSignal): Promise<FaultSight> {
    signal.throwIfAborted();
    return this.#world.witness(fault);
  }

  async exec({ instance }: ExecRequest): Promise<ExecEnd> {
    throw new TargetError("unsupported", `${instance} is a model: nothing runs in it`);
  }

  async *logs(): AsyncIterable<LogLine> {
    // Nothing runs, so nothing is said.
  }

  async close(): Promise<void> {
    this.#world.leave(this);
  }
}

/** Same declaration, same release: its files are not looked at. */
async function describeDry(unit: Unit, clock: Clock): Promise<Release> {
  if (unit.kind === "edge") throw new TargetError("unsupported", "an edge has no release");
  const { name, run, env } = unit;
  const files = unit.kind === "service" ? unit.files : {};
  return {
    id: `r${canonicalHash({ name, run, env, files }).slice(0, 12)}`,
    unit: name,
    createdAt: timestamp(clock),
    program: { path: run.command[0] ?? "", identity: "dry" },
    argv: [...run.command],
    filesHash: canonicalHash(files),
    fileCount: Object.keys(files).length,
    environmentHash: canonicalHash(env),
    secretVersions: {},
    from: run.kind === "folder" ? run.build : run.image,
  };
}

function memoryStore(records: Map<RecordKind, unknown[]>): RecordStore {
  return {
    append: async (kind, body) => {
      const entries = records.get(kind) ?? [];
      // As a reader of files would see it.
      const copy: unknown = JSON.parse(JSON.stringify(body));
      records.set(kind, [...entries, copy]);
    },
    read: async (kind) => records.get(kind) ?? [],
  };
}
