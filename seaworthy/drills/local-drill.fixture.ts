import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { present } from "@seaworthy/std/assert";
import { systemClock } from "@seaworthy/std/clock";
import { startLoad } from "../load/client.ts";
import { loadCommand } from "../load/own-command.fixture.ts";
import type { Graph, ServiceUnit } from "../plan/graph.ts";
import type { Evidence } from "../record/evidence.ts";
import type { Edge, Load, LoadRequest, Objectives } from "../system/system.ts";
import { aGraph, anEdge } from "../targets/declared.ts";
import type { Lease, Target } from "../targets/target.ts";
import { Hand, Rehearsal, take } from "../targets/local/fixtures/rehearsal.ts";
import type { DrillName } from "./catalogue.ts";
import { runDrill } from "./drill.ts";
import { impairCommand } from "./impair-command.fixture.ts";
import { undoLeftovers } from "./leftovers.ts";
import { aParsed, believed, OBJECTIVES } from "./planted.fixture.ts";

const OPERATION = "drill-local";

export const GET: LoadRequest = {
  ...{ method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" },
};

export interface LocalDrill {
  readonly load?: Partial<Load>;
  readonly objectives?: Partial<Objectives>;
}

export interface LocalParts {
  readonly edge?: Partial<Edge>;
  /** Beside the one that is drilled. */
  readonly others?: readonly ServiceUnit[];
}

/** A system of real processes behind the real edge, under a real lease; short windows. */
export class LocalSystem implements AsyncDisposable {
  readonly #rehearsal: Rehearsal;
  readonly #target: Target;
  readonly #lease: Lease;
  readonly #graph: Graph;
  readonly #unit: ServiceUnit;
  #drills = 0;

  private constructor(
    place: { readonly rehearsal: Rehearsal; readonly target: Target; readonly lease: Lease },
    system: { readonly graph: Graph; readonly unit: ServiceUnit },
  ) {
    this.#rehearsal = place.rehearsal;
    this.#target = place.target;
    this.#lease = place.lease;
    this.#graph = system.graph;
    this.#unit = system.unit;
  }

  static async begin(unit: ServiceUnit, parts: LocalParts = {}): Promise<LocalSystem> {
    const rehearsal = await Rehearsal.begin();
    const target = await rehearsal.open();
    const lease = await take(target);
    const edge = anEdge(parts.edge);
    const graph = aGraph([...(parts.others ?? []), unit], { edge });
    await new Hand(target, lease).up(graph);
    return new LocalSystem({ rehearsal, target, lease }, { graph, unit });
  }

  async drill(name: DrillName, given: LocalDrill = {}): Promise<readonly Evidence[]> {
    this.#drills += 1;
    const operation = `${OPERATION}-${this.#drills}`;
    const scratch = join(this.#rehearsal.home, operation);
    await mkdir(scratch);
    const target = this.#target;
    const lease = this.#lease;
    const load = {
      ...{ ratePerSecond: 100, mix: [GET], timeoutMs: 5_000, history: undefined },
      ...given.load,
    };
    const objectives = { ...OBJECTIVES, ...given.objectives };
    const { edge } = this.#graph;
    const evidence = await runDrill({
      name,
      unit: undefined,
      target,
      lease,
      parsed: aParsed(this.#unit, { load, drills: WINDOWS, objectives, edge }),
      graph: this.#graph,
      startLoad: believed(startLoad(loadCommand, systemClock)),
      roll: () => Promise.reject(new Error("no roll in this drill")),
      restart: () => Promise.reject(new Error("no restart in this drill")),
      ownCommand: impairCommand,
      clock: systemClock,
      seed: 4711,
      runs: 1,
      isDue: false,
      tierMax: "T3",
      allowOutage: true,
      operation,
      scratch,
      raw: "raw",
      emit: () => {},
      signal: new AbortController().signal,
    });
    const emit = (): void => {};
    const { signal } = new AbortController();
    const left = await undoLeftovers({ id: operation, target, lease, emit, signal });
    assert.deepEqual(left, [], "nothing is left broken");
    return evidence;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease[Symbol.asyncDispose]();
    await this.#rehearsal[Symbol.asyncDispose]();
  }
}

const WINDOWS = {
  warmUpMs: 1_000,
  baselineMs: 1_500,
  windowMs: 6_000,
  freezeMs: 3_000,
  everyMs: undefined,
};

/** One drill of a system of its own. */
export async function drillOn(
  unit: ServiceUnit,
  name: DrillName,
  given: LocalDrill & LocalParts = {},
): Promise<readonly Evidence[]> {
  await using system = await LocalSystem.begin(unit, given);
  return await system.drill(name, given);
}

export function on(evidence: readonly Evidence[], objective: Evidence["objective"]): Evidence {
  return present(
    evidence.find((one) => one.objective === objective),
    objective,
  );
}
