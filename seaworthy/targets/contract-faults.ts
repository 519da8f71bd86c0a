import assert from "node:assert/strict";
import { systemClock } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { Fault, FaultSight } from "../record/fault.ts";
import { Actor, isCode, soon } from "./contract-actor.ts";
import type { ContractPlace } from "./contract.ts";
import { aGraph, aService } from "./declared.ts";

/** Prepared, it is data; injected, it is told when and what it hit; undone, it is undone. */
export async function preparesFaults(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  const release = await actor.put(aService());
  await actor.must({ action: "start", unit: "api", instance: "api-1", release });
  await actor.must({ action: "await-ready", instance: "api-1", deadlineMs: 30_000 });
  await actor.must({ action: "switch", unit: "api", instances: ["api-1"] });
  const freeze = { kind: "freeze", instance: "api-1", forMs: 30_000 } as const;
  const fault = await actor.target.prepare(freeze, soon());
  assert.deepEqual(JSON.parse(JSON.stringify(fault)), fault);
  assert.equal((await actor.target.witness(fault, soon())).state, "over");
  const detail = await actor.must({ action: "inject", fault });
  const injected: unknown = JSON.parse(detail);
  assert.ok(typeof injected === "object" && injected !== null && "wallMs" in injected);
  assert.ok("inFlight" in injected);
  assert.equal((await actor.unit("api")).instances[0]?.state, "frozen");
  assert.equal((await actor.target.witness(fault, soon())).state, "in-force");
  await actor.twice({ action: "undo", fault });
  assert.equal((await actor.target.witness(fault, soon())).state, "over");
  assert.notEqual((await actor.unit("api")).instances[0]?.state, "frozen");
}

const FOR_MS = 50_000;
const onApi = { instance: "api-1", forMs: FOR_MS } as const;
/** Of one instance, and over when it is undone; what kills has a promise of its own. */
const UNDOABLE: readonly Fault[] = [
  { kind: "freeze", ...onApi },
  { kind: "drop", ...onApi },
  { kind: "slow", ...onApi, runningMs: 10, stoppedMs: 90 },
  { kind: "fill-logs", ...onApi },
];
const ALL: readonly Fault[] = [
  ...UNDOABLE,
  { kind: "exhaust-memory", ...onApi },
  { kind: "fill-volume", unit: "api", volume: "data", forMs: FOR_MS },
  { kind: "kill-edge", part: "worker" },
  { kind: "reload-edge" },
  { kind: "upgrade-edge" },
];

/** Each of them on the same instance: what is undone leaves nothing that hinders the next. */
export async function keepsItsFaults(place: ContractPlace): Promise<void> {
  const service = aService({ health: { ...aService().health, everyMs: 10_000, fall: 10 } });
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 1);
  const { target } = actor;
  for (const fault of UNDOABLE.filter(({ kind }) => target.platform.faults.has(kind))) {
    const handle = await target.prepare(fault, soon());
    const seen = async (state: FaultSight["state"]): Promise<void> => {
      const look = async (): Promise<true | undefined> =>
        (await target.witness(handle, soon())).state === state ? true : undefined;
      await poll(look, { clock: systemClock, everyMs: 50, signal: soon() });
    };
    await seen("over");
    await actor.must({ action: "inject", fault: handle });
    await seen("in-force");
    await actor.twice({ action: "undo", fault: handle });
    await seen("over");
  }
}

/** A gap is said, and never a step that silently does nothing. */
export async function refusesOtherFaults(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  const { target } = actor;
  for (const fault of ALL.filter(({ kind }) => !target.platform.faults.has(kind))) {
    await assert.rejects(target.prepare(fault, soon()), isCode("unsupported"));
  }
}
