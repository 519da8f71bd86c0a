import type { ClassCounts, EndpointStatus } from "@seaworthy/gateway/control";
import { rm } from "node:fs/promises";
import { deadline } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { FaultHandle, ProcessIdentity } from "../../../record/fault.ts";
import type { StepResult } from "../../../record/step.ts";
import { writeDurably } from "../durable-file.ts";
import { isAlive, isStopped, seeSame, signalGroup, signalOne } from "../identity.ts";
import { readLiveIdentity } from "../identity-file.ts";
import { spawnDetached } from "../spawn-detached.ts";
import { armedFile, handleFileOf, pendingHandles, thaw } from "../undo.ts";
import type { EdgeKeeper } from "./edge-keeper.ts";
import { markedEnvironment, type World } from "./world.ts";

/** In processes of our own, where instances have their id. */
const SWITCH_INSTANCE = "_undo";
/** A cold start of Node on a busy machine. */
const SWITCH_BOOT_MS = 20_000;
/** A signal takes effect at the next scheduling; longer means it was not delivered. */
const FREEZE_SEEN_MS = 2_000;
const GONE_SEEN_MS = 10_000;
const LOOK_MS = 5;

/** Breaks what was prepared, and says what another observation saw of it. */
export async function inject(
  world: World,
  edge: EdgeKeeper,
  fault: FaultHandle,
): Promise<StepResult> {
  if (!("instance" in fault.fault)) return failed(`there is no ${fault.fault.kind} here yet`);
  const { instance } = fault.fault;
  const leader = world.ledger.state.instances[instance]?.identity;
  if (leader === undefined || !isPrepared(fault, leader)) {
    return failed(`${instance} is not the process that was prepared any more`);
  }
  switch (fault.fault.kind) {
    case "kill":
      return await injectKill(world, edge, { fault, leader, instance });
    case "freeze":
      return await injectFreeze(world, edge, { fault, leader, instance });
    case "drop":
    case "slow":
    case "fill-logs":
    case "exhaust-memory":
      return failed(`there is no ${fault.fault.kind} here yet`);
  }
}

interface Injection {
  readonly fault: FaultHandle;
  readonly leader: ProcessIdentity;
  readonly instance: string;
}

async function injectKill(
  world: World,
  edge: EdgeKeeper,
  { fault, leader, instance }: Injection,
): Promise<StepResult> {
  const before = await tallyOf(edge, instance);
  const wallMs = world.clock.wall();
  // At once, not member by member: a survivor could still answer for the victim.
  signalGroup(leader, "SIGKILL");
  for (const identity of fault.processes) signalOne(identity, "SIGKILL");
  const sinceMs = world.clock.now();
  while (fault.processes.some(isAlive) && world.clock.now() - sinceMs < GONE_SEEN_MS) {
    await world.clock.sleep(LOOK_MS);
  }
  if (fault.processes.some(isAlive)) return failed(`pid ${leader.pid} outlives SIGKILL`);
  const observed = `pid ${leader.pid} is gone`;
  const inFlight = inFlightAtMost(before, await tallyOf(edge, instance));
  return { outcome: "done", detail: JSON.stringify({ wallMs, inFlight, observed }) };
}

async function injectFreeze(
  world: World,
  edge: EdgeKeeper,
  { fault, leader, instance }: Injection,
): Promise<StepResult> {
  await armSwitch(world, fault);
  const before = await tallyOf(edge, instance);
  const wallMs = world.clock.wall();
  signalGroup(leader, "SIGSTOP");
  for (const identity of fault.processes) signalOne(identity, "SIGSTOP");
  const sinceMs = world.clock.now();
  while (!fault.processes.every(isFrozenOrGone) && world.clock.now() - sinceMs < FREEZE_SEEN_MS) {
    await world.clock.sleep(LOOK_MS);
  }
  if (!isStopped(leader)) {
    const state = seeSame(leader)?.state ?? "gone";
    return failed(`pid ${leader.pid} is not stopped after SIGSTOP: state ${state}`);
  }
  const observed = `pid ${leader.pid} is in state T`;
  const inFlight = inFlightAtMost(before, await tallyOf(edge, instance));
  return { outcome: "done", detail: JSON.stringify({ wallMs, inFlight, observed }) };
}

/** Undoes a freeze; of a kill there is nothing to undo but to say what stands there now. */
export async function undo(world: World, fault: FaultHandle): Promise<StepResult> {
  const file = handleFileOf(world.folder.faults, fault.id);
  if (!("instance" in fault.fault)) return failed(`there is no ${fault.fault.kind} here yet`);
  const { instance } = fault.fault;
  const now = world.ledger.state.instances[instance]?.identity;
  const replaced = now !== undefined && !isPrepared(fault, now);
  if (fault.fault.kind === "kill") {
    return { outcome: "done", detail: replaced ? `${instance} runs again` : "nothing to undo" };
  }
  const seen = await thaw(fault.processes, world.clock);
  if (seen.stopped > 0) return failed(`${seen.stopped} processes of ${instance} stay stopped`);
  // The switch sees the file gone and ends.
  await rm(file, { force: true });
  const leader = fault.processes[0];
  const thawed = `pid ${leader?.pid} runs again (not in state T)`;
  const successor = replaced ? `: ${instance} was replaced by pid ${now.pid}` : "";
  const gone = `pid ${leader?.pid} is gone${successor}`;
  return {
    outcome: "done",
    detail: leader !== undefined && isAlive(leader) ? thawed : gone,
  };
}

/** A supervisor that starts gives every fault that is still open a switch again. */
export async function rearmSwitches(world: World): Promise<void> {
  for (const file of await pendingHandles(world.folder.faults)) {
    if ((await readLiveIdentity(armedFile(file))) === undefined) await startSwitch(world, file);
  }
}

/** The handle is on disk and the switch watches it before anything is broken. */
async function armSwitch(world: World, fault: FaultHandle): Promise<void> {
  const file = handleFileOf(world.folder.faults, fault.id);
  await writeDurably(file, JSON.stringify(fault));
  await startSwitch(world, file);
  await poll(async () => await readLiveIdentity(armedFile(file)), {
    clock: world.clock,
    everyMs: 10,
    signal: deadline(SWITCH_BOOT_MS, "the dead man's switch"),
  });
}

async function startSwitch(world: World, file: string): Promise<void> {
  await spawnDetached({
    command: world.ownCommand("_undo", file),
    cwd: world.folder.faults,
    environment: markedEnvironment(world, SWITCH_INSTANCE),
    stdout: "ignore",
    stderr: "ignore",
  });
}

async function tallyOf(edge: EdgeKeeper, instance: string): Promise<Tally | undefined> {
  const status = await edge.status();
  return status?.endpoints.find((endpoint) => endpoint.id === instance);
}

type Tally = Pick<EndpointStatus, "begun" | "inFlight">;

/**
 * How many requests the victim can have had when it was struck: those in flight at the look
 * before, and those begun until the look after. A look and a signal are not one moment: seen, a
 * stream that was sent in the milliseconds between them.
 */
function inFlightAtMost(before: Tally | undefined, after: Tally | undefined) {
  if (before === undefined || after === undefined) return before?.inFlight;
  const of = (name: keyof ClassCounts): number =>
    before.inFlight[name] + Math.max(0, after.begun[name] - before.begun[name]);
  return {
    safe: of("safe"),
    idempotent: of("idempotent"),
    unsafe: of("unsafe"),
    stream: of("stream"),
  };
}

function isFrozenOrGone(identity: ProcessIdentity): boolean {
  return isStopped(identity) || !isAlive(identity);
}

function isPrepared(fault: FaultHandle, identity: ProcessIdentity): boolean {
  return fault.processes.some(
    ({ pid, startTicks, bootId }) =>
      pid === identity.pid && startTicks === identity.startTicks && bootId === identity.bootId,
  );
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
