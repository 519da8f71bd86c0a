import { assertNever, present } from "@seaworthy/std/assert";
import { timestamp, type Clock } from "@seaworthy/std/clock";
import { definitionOf } from "../../plan/definition.ts";
import { EDGE_UNIT_NAME, type Graph, type Unit } from "../../plan/graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "../../plan/observed.ts";
import { lastsMs, type Fault, type FaultHandle, type FaultSight } from "../../record/fault.ts";
import type { Release } from "../../record/release.ts";
import type { RecordKind } from "../../record/store.ts";
import type { Step, StepResult } from "../../record/step.ts";
import { basisOf } from "../basis.ts";
import { weightsOf } from "../weights.ts";
import { TargetError, type LeaseOutcome, type LeaseOwner, type Measured } from "../target.ts";

/** A pid no system gives out (pid_max is at most 2²², proc(5)): nothing is there to signal. */
const NO_PID = 4_194_305;
const NO_REQUESTS = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
const DONE: StepResult = { outcome: "done" };

/** The model: what a real target would show if every step went well. */
export class DryWorld {
  readonly steps: Step[] = [];
  readonly defined: Graph[] = [];
  readonly releases = new Map<string, Release>();
  readonly records = new Map<RecordKind, unknown[]>();
  readonly #inForce = new Set<string>();
  readonly #clock: Clock;
  readonly #since: string;
  readonly #units = new Map<string, ObservedUnit>();
  readonly #jobs = new Set<string>();
  #edge: Observed["edge"];
  #exists: boolean;
  #epoch = 0;
  #held: { readonly by: object; readonly owner: LeaseOwner; readonly sinceMs: number } | undefined;

  constructor(clock: Clock, observed: Observed | undefined) {
    this.#clock = clock;
    this.#since = timestamp(clock);
    this.#exists = observed?.exists ?? false;
    this.#edge = observed?.edge;
    for (const unit of observed?.units ?? []) {
      this.#units.set(unit.name, unit);
      for (const { release } of unit.instances) this.#know(release, unit.name);
      if (unit.committed !== undefined) this.#know(unit.committed, unit.name);
      if (unit.previous !== undefined) this.#know(unit.previous, unit.name);
    }
  }

  observe(): Observed {
    const units = [...this.#units.values()];
    const edge = this.#edge;
    return { basis: basisOf(units, edge), exists: this.#exists, units, edge };
  }

  lease(by: object, owner: LeaseOwner): LeaseOutcome {
    const held = this.#held;
    if (held !== undefined) {
      return { held: false, by: held.owner, sinceMs: this.#clock.now() - held.sinceMs };
    }
    this.#held = { by, owner, sinceMs: this.#clock.now() };
    this.#epoch += 1;
    const release = async (): Promise<void> => this.leave(by);
    const lost = new AbortController().signal;
    return { held: true, lease: { epoch: this.#epoch, lost, [Symbol.asyncDispose]: release } };
  }

  leave(by: object): void {
    if (this.#held?.by === by) this.#held = undefined;
  }

  mustHold(by: object, epoch: number): void {
    if (this.#held?.by === by && this.#epoch === epoch) return;
    throw new TargetError("fenced", `epoch ${epoch} holds the lease no longer`);
  }

  define(graph: Graph): void {
    this.defined.push(graph);
    this.#exists = true;
    for (const unit of graph.units) this.#units.set(unit.name, this.#defineUnit(unit, graph));
    const listen = graph.edge?.listen ?? [];
    const addresses = listen.map(({ host, port }) => `http://${host}:${port}`);
    this.#edge = listen.length === 0 ? undefined : { addresses, ready: true };
  }

  apply(step: Step): StepResult {
    switch (step.action) {
      case "start":
        return this.#start(step);
      case "await-ready":
        return this.#onInstance(step.instance, (one) => ({ ...one, state: "ready" }));
      case "switch":
        return this.#switch(step);
      case "isolate":
        return this.#onInstance(step.instance, (one) => ({
          ...{ ...one, isolated: step.because, routed: false },
        }));
      case "rejoin":
        return this.#onInstance(step.instance, (one) =>
          one.isolated === undefined ? one : { ...one, isolated: undefined, routed: true },
        );
      case "drain":
        return DONE;
      case "stop":
        return this.#stop(step.instance);
      case "run-job":
        this.#jobs.add(`${step.job} ${step.release}`);
        return this.#units.get(step.job)?.kind === "job" ? DONE : failed(`no job ${step.job}`);
      case "settle-job":
        return DONE;
      case "commit":
        return this.#commit(step.unit, step.release);
      case "scale-override":
        return this.#change(step.unit, (unit) => ({ ...unit, scaleOverride: step.replicas }));
      case "inject":
        return this.#inject(step.fault);
      case "undo":
        return this.#undo(step.fault);
      case "remove":
        return this.#remove(step.unit);
      case "delete-volumes":
        return this.#units.size === 0 ? DONE : failed("units are left");
      default:
        return assertNever(step);
    }
  }

  measure(unit: string): Measured {
    const instances = (this.#units.get(unit)?.instances ?? []).map(({ id, release }) => ({
      instance: id,
      release,
      requests: 0,
      failed: NO_REQUESTS,
      inFlight: NO_REQUESTS,
      latency: { boundsMs: [Number.POSITIVE_INFINITY], counts: [0] },
      lastRequestWallMs: undefined,
    }));
    return { since: this.#since, instances };
  }

  prepare(fault: Fault): FaultHandle {
    if (fault.kind !== "kill" && fault.kind !== "freeze") {
      throw new TargetError("unsupported", `a model has no ${fault.kind}`);
    }
    if (this.#find(fault.instance) === undefined) {
      throw new TargetError("no-such-instance", `${fault.instance} does not run here`);
    }
    return {
      id: `dry-${this.steps.length}`,
      fault,
      processes: [{ pid: NO_PID, startTicks: "0", bootId: "dry" }],
      undoByWallMs: this.#clock.wall() + lastsMs(fault),
    };
  }

  witness({ id }: FaultHandle): FaultSight {
    const inForce = this.#inForce.has(id);
    const seen = inForce ? "in the model" : "not in the model";
    return { state: inForce ? "in-force" : "over", seen };
  }

  #know(release: string, unit: string): void {
    this.releases.set(release, {
      ...{ id: release, unit, createdAt: this.#since, argv: [], filesHash: "", fileCount: 0 },
      ...{ program: { path: "", identity: "dry" }, environmentHash: "", secretVersions: {} },
      from: "",
    });
  }

  #defineUnit(unit: Unit, graph: Graph): ObservedUnit {
    const known = this.#units.get(unit.name);
    return {
      name: unit.name,
      kind: unit.kind,
      desired: unit.kind === "service" ? unit.replicas : 0,
      scaleOverride: known?.scaleOverride,
      committed: known?.committed,
      previous: known?.previous,
      instances: known?.instances ?? [],
      nextInstance: known?.nextInstance ?? 1,
      url: known?.url,
      definition: definitionOf(unit, graph),
    };
  }

  #start({ unit, instance, release }: Extract<Step, { action: "start" }>): StepResult {
    const known = this.#units.get(unit);
    if (known === undefined) return failed(`${unit} is not defined here`);
    if (!this.releases.has(release)) {
      throw new TargetError("no-such-release", `there is no release ${release}`);
    }
    const existing = known.instances.find(({ id }) => id === instance);
    if (existing !== undefined) {
      return existing.release === release ? DONE : failed(`${instance} is ${existing.release}`);
    }
    const number = Number(instance.slice(unit.length + 1));
    if (!(number >= known.nextInstance)) return failed(`${instance} was used before`);
    const started: ObservedInstance = {
      ...{ id: instance, unit, release, state: "starting", routed: false, restarts: 0 },
      ...{ weight: 1, isolated: undefined },
      ...{ address: undefined, pid: undefined, because: undefined },
      since: timestamp(this.#clock),
    };
    const instances = [...known.instances, started];
    this.#units.set(unit, { ...known, instances, nextInstance: number + 1 });
    return DONE;
  }

  #switch({ unit, instances, shares }: Extract<Step, { action: "switch" }>): StepResult {
    const known = this.#units.get(unit)?.instances ?? [];
    const wanted = known.filter(({ id }) => instances.includes(id));
    const missing = instances.find((id) => !wanted.some((one) => one.id === id));
    if (missing !== undefined) return failed(`there is no instance ${missing}`);
    const apart = wanted.find(({ isolated }) => isolated !== undefined);
    if (apart !== undefined) return failed(`${apart.id} is isolated: ${apart.isolated}`);
    const weights = weightsOf(wanted, shares);
    return this.#change(unit, (one) => ({
      ...one,
      instances: one.instances.map((each) => {
        const weight = weights.get(each.id);
        return { ...each, routed: weight !== undefined, weight: weight ?? 1 };
      }),
    }));
  }

  #stop(instance: string): StepResult {
    const found = this.#find(instance);
    if (found === undefined) return DONE;
    return this.#change(found.unit, (unit) => ({
      ...unit,
      instances: unit.instances.filter(({ id }) => id !== instance),
    }));
  }

  #commit(unit: string, release: string): StepResult {
    return this.#change(unit, (known) =>
      known.committed === release
        ? known
        : { ...known, committed: release, previous: known.committed },
    );
  }

  #inject({ id, fault }: FaultHandle): StepResult {
    const detail = JSON.stringify({ wallMs: this.#clock.wall(), inFlight: NO_REQUESTS });
    if (fault.kind !== "kill" && fault.kind !== "freeze") return failed("there is none here");
    this.#inForce.add(id);
    const broken = this.#onInstance(fault.instance, (one) =>
      fault.kind === "kill" ? { ...one, restarts: one.restarts + 1 } : { ...one, state: "frozen" },
    );
    return broken.outcome === "done" ? { outcome: "done", detail } : broken;
  }

  #undo({ id, fault }: FaultHandle): StepResult {
    this.#inForce.delete(id);
    if (fault.kind !== "freeze" || this.#find(fault.instance)?.state !== "frozen") return DONE;
    return this.#onInstance(fault.instance, (one) => ({ ...one, state: "ready" }));
  }

  #remove(unit: string): StepResult {
    this.#units.delete(unit);
    if (unit === EDGE_UNIT_NAME || this.#units.size === 0) this.#edge = undefined;
    return DONE;
  }

  #find(instance: string): ObservedInstance | undefined {
    for (const unit of this.#units.values()) {
      const found = unit.instances.find(({ id }) => id === instance);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #onInstance(instance: string, change: (one: ObservedInstance) => ObservedInstance): StepResult {
    const found = this.#find(instance);
    if (found === undefined) return failed(`there is no instance ${instance}`);
    return this.#change(found.unit, (unit) => ({
      ...unit,
      instances: unit.instances.map((one) => (one.id === instance ? change(one) : one)),
    }));
  }

  #change(name: string, change: (unit: ObservedUnit) => ObservedUnit): StepResult {
    if (!this.#units.has(name)) return failed(`${name} is not defined here`);
    this.#units.set(name, change(present(this.#units.get(name), name)));
    return DONE;
  }
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
