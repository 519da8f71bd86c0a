import assert from "node:assert/strict";
import type { Graph, ServiceUnit, Unit } from "../plan/graph.ts";
import type { Step, StepResult } from "../record/step.ts";
import type { ContractPlace } from "./contract.ts";
import { TargetError, type Lease, type LeaseOwner, type Target } from "./target.ts";

/** Generous: real targets start real processes on busy machines. */
const WAIT_MS = 60_000;
export const OWNER: LeaseOwner = { verb: "up", pid: 1, host: "here", user: "tester" };

export const soon = (): AbortSignal => AbortSignal.timeout(WAIT_MS);

/** A client with the lease. */
export class Actor implements AsyncDisposable {
  readonly target: Target;
  readonly #lease: Lease;

  private constructor(target: Target, lease: Lease) {
    this.target = target;
    this.#lease = lease;
  }

  static async begin(place: ContractPlace, graph: Graph): Promise<Actor> {
    const target = await place.open();
    const actor = new Actor(target, await holds(target, OWNER));
    await actor.define(graph);
    return actor;
  }

  async define(graph: Graph): Promise<void> {
    await this.target.define(graph, { signal: soon(), epoch: this.#lease.epoch });
  }

  async apply(step: Step): Promise<StepResult> {
    return await this.target.apply(step, { signal: soon(), epoch: this.#lease.epoch });
  }

  async must(step: Step): Promise<string> {
    const result = await this.apply(step);
    if (result.outcome === "done") return result.detail ?? "";
    throw new Error(`${step.action}: ${result.because}\n${result.detail.join("\n")}`);
  }

  async twice(step: Step): Promise<void> {
    await this.must(step);
    await this.must(step);
  }

  async fails(step: Step): Promise<void> {
    const result = await this.apply(step);
    assert.equal(result.outcome, "failed", `${step.action} went well`);
  }

  async put(unit: Unit): Promise<string> {
    const release = await this.target.describe(unit, soon());
    await this.target.put(release, unit, soon());
    return release.id;
  }

  async bring(service: ServiceUnit, count: number): Promise<void> {
    const release = await this.put(service);
    const instances = Array.from({ length: count }, (_, index) => `${service.name}-${index + 1}`);
    for (const instance of instances) {
      await this.must({ action: "start", unit: service.name, instance, release });
      await this.must({ action: "await-ready", instance, deadlineMs: 30_000 });
    }
    await this.must({ action: "switch", unit: service.name, instances });
  }

  async unit(name: string) {
    return await unitOf(this.target, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease[Symbol.asyncDispose]();
  }
}

export async function unitOf(target: Target, name: string) {
  const { units } = await target.observe(soon());
  const found = units.find((unit) => unit.name === name);
  assert.ok(found, `${name} is not there`);
  return found;
}

export async function holds(target: Target, owner: LeaseOwner): Promise<Lease> {
  const outcome = await target.lease(owner, soon());
  assert.ok(outcome.held, "somebody else holds the lease");
  return outcome.lease;
}

export function isCode(code: TargetError["code"]) {
  return (error: unknown): boolean => error instanceof TargetError && error.code === code;
}

export const isFenced = isCode("fenced");
