import { formatBytes } from "@seaworthy/std/bytes";
import { extraInstances } from "../plan/expectation.ts";
import type { ServiceUnit, UnitName } from "../plan/graph.ts";
import type { Headroom, Observed } from "../targets/target.ts";
import type { ConvergeRequest } from "./request.ts";
import type { Operation } from "./steps.ts";
import { bounded } from "./wait.ts";

const MEBIBYTE = 1_048_576;
/** No program of any language needs less. */
const INSTANCE_BYTES_MIN = 16 * MEBIBYTE;
/** The kernel and the edge answer at once. */
const LOOK_MS = 10_000;

/** What is free here, and what an instance of each unit holds of it. */
export interface Room extends Headroom {
  /** The heaviest instance of each unit now; a unit without one is missing. */
  readonly heldBytes: ReadonlyMap<UnitName, number>;
}

export async function lookForRoom(request: ConvergeRequest): Promise<Room> {
  const { target, plan, graph, signal } = request;
  const limits = { what: "what is free here", ms: LOOK_MS, signal };
  const headroom = await bounded(request, limits, (inner) => target.headroom(inner));
  const units = new Set(plan.steps.map(({ unit }) => unit));
  const services = graph.units.filter(({ name, kind }) => kind === "service" && units.has(name));
  const held = await Promise.all(
    services.map(async ({ name }) => [name, await heaviest(request, name)] as const),
  );
  const known = held.flatMap(([name, bytes]) =>
    bytes === undefined ? [] : [[name, bytes] as const],
  );
  return { ...headroom, heldBytes: new Map(known) };
}

async function heaviest(operation: Operation, unit: UnitName): Promise<number | undefined> {
  const { target, signal } = operation;
  const limits = { what: `the memory of ${unit}`, ms: LOOK_MS, signal };
  try {
    const { instances } = await bounded(operation, limits, (inner) => target.measure(unit, inner));
    const bytes = instances.flatMap(({ memoryBytes }) => memoryBytes ?? []);
    return bytes.length === 0 ? undefined : Math.max(...bytes);
  } catch (error) {
    if (signal.aborted) throw error;
    // What an edge that is away cannot say is taken from the declaration.
    return undefined;
  }
}

/**
 * Whether what runs at once during the operation would fit; undefined when it does. Content has
 * its own budget: a target refuses to `put` what the disk cannot hold.
 */
export function overBudget(request: ConvergeRequest, room: Room): string | undefined {
  const { count, bytes } = extraOf(request, room);
  if (count === 0) return undefined;
  if (room.memoryBytes < bytes) {
    const free = formatBytes(Math.floor(room.memoryBytes / MEBIBYTE) * MEBIBYTE);
    const least = `at least ${formatBytes(Math.ceil(bytes / MEBIBYTE) * MEBIBYTE)} of memory`;
    return `${count} more instances need ${least}; ${free} is free`;
  }
  if (room.addresses < count) {
    return `${count} more instances need a port each; ${room.addresses} are free`;
  }
  return undefined;
}

/** Units roll one after the other, so the widest surge counts; what grows comes on top. */
function extraOf(
  { plan, graph }: ConvergeRequest,
  room: Room,
): { readonly count: number; readonly bytes: number } {
  const grown = { count: 0, bytes: 0 };
  const widest = { count: 0, bytes: 0 };
  for (const step of plan.steps) {
    const unit = graph.units.find((one) => one.name === step.unit);
    if (unit?.kind !== "service") continue;
    const eachBytes = instanceBytes(unit, room);
    const growth = Math.max(0, step.replicas.to - step.replicas.from);
    grown.count += growth;
    grown.bytes += growth * eachBytes;
    const surge = step.action === "repair" ? 0 : extraInstances(step, unit);
    widest.count = Math.max(widest.count, surge);
    widest.bytes = Math.max(widest.bytes, surge * eachBytes);
  }
  return { count: grown.count + widest.count, bytes: grown.bytes + widest.bytes };
}

/** What one more may come to hold: what is declared, or what those that run hold, if more. */
function instanceBytes({ name, memoryBytes = 0 }: ServiceUnit, { heldBytes }: Room): number {
  return Math.max(INSTANCE_BYTES_MIN, memoryBytes, heldBytes.get(name) ?? 0);
}

/** Why nothing is begun, or undefined. Looks only; nothing was journalled yet. */
export function preflight(request: ConvergeRequest, observed: Observed): string | undefined {
  const { plan, graph, releases } = request;
  if (plan.basis.declaration !== graph.declarationHash) {
    return "the declaration changed since the plan was made";
  }
  if (plan.basis.observed !== observed.basis) return "what runs changed since the plan was made";
  const known = new Set(
    observed.units.flatMap((unit) => [
      unit.committed,
      unit.previous,
      ...unit.instances.map((one) => one.release),
    ]),
  );
  const given = new Set([...releases.values()].map(({ release }) => release.id));
  for (const { unit, from, to, action } of plan.steps) {
    if (to !== undefined && !known.has(to) && !given.has(to)) {
      return `${unit}: release ${to} is not known here`;
    }
    // Without the way back, a failure could only be left as it is.
    const isTakeover = action === "roll" || action === "restart";
    if (isTakeover && from !== undefined && !known.has(from)) {
      return `${unit}: release ${from}, the way back, is no longer there`;
    }
  }
  return undefined;
}
