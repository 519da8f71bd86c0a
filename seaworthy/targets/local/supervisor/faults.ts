import type { ClassCounts, EndpointStatus } from "@seaworthy/gateway/control";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { poll } from "@seaworthy/std/retry";
import { subjectOf, type FaultHandle, type ProcessIdentity } from "../../../record/fault.ts";
import type { StepResult } from "../../../record/step.ts";
import { companionOf, handleFileOf, isFaultId, type FaultSite } from "../faults/fault-site.ts";
import { sendAll } from "../faults/freeze.ts";
import { pendingHandles, removeHandle, writeHandle } from "../faults/handle-file.ts";
import { isLasting, MEANS, type LastingKind } from "../faults/means.ts";
import { isAlive, signalOne } from "../identity.ts";
import { readLiveIdentity } from "../identity-file.ts";
import { spawnDetached } from "../spawn-detached.ts";
import type { EdgeKeeper } from "./edge-keeper.ts";
import { markedEnvironment, type World } from "./world.ts";

/** In processes of our own, where instances have their id. */
const SWITCH_INSTANCE = "_undo";
const BREAKER_INSTANCE = "_break";
/** A cold start of Node on a busy machine. */
const BOOT_MS = 20_000;
/** SIGKILL needs the kernel's attention only. */
const GONE_SEEN_MS = 10_000;
const LOOK_MS = 5;
const TOO_LATE = "its deadline came before it was in force";

/** Breaks what was prepared, and says what another observation saw of it. */
export async function inject(
  world: World,
  edge: EdgeKeeper,
  handle: FaultHandle,
): Promise<StepResult> {
  const { fault } = handle;
  if (!isFaultId(handle.id)) return failed(`${handle.id} names no fault`);
  if ("instance" in fault) {
    const leader = world.ledger.state.instances[fault.instance]?.identity;
    if (leader === undefined || !isPrepared(handle, leader)) {
      return failed(`${fault.instance} is not the process that was prepared any more`);
    }
  }
  const broken = { world, edge, handle };
  switch (fault.kind) {
    case "kill":
    case "kill-edge":
      return await struck(broken, () => kill(broken));
    case "reload-edge":
      return await struck(broken, () => reload(edge));
    case "upgrade-edge":
      return await struck(broken, () => upgrade(edge));
    case "freeze":
    case "drop":
    case "slow":
    case "fill-volume":
    case "fill-logs":
    case "exhaust-memory":
      return await injectLasting(broken, fault.kind);
  }
}

interface Breaking {
  readonly world: World;
  readonly edge: EdgeKeeper;
  readonly handle: FaultHandle;
}

/** The switch watches before anything is broken; what broke half-way is undone at once. */
async function injectLasting(breaking: Breaking, kind: LastingKind): Promise<StepResult> {
  const { world, handle } = breaking;
  const means = MEANS[kind];
  const file = await writeHandle(world.folder, handle);
  await startSwitch(world, file);
  // One whose deadline has passed already undoes, and is gone again.
  await until(world, () =>
    existsSync(companionOf(file, "switch")) || !existsSync(file) ? true : undefined,
  );
  // A switch that was sooner than the fault will not come again: then it must not stay.
  const isLate = (): boolean => world.clock.wall() >= handle.undoByWallMs || !existsSync(file);
  const strike = async () => {
    if (isLate()) return refuse(TOO_LATE);
    const broken = await means.break(handle, siteOf(world));
    const isKept = broken.ok && (!means.hasBreaker || (await startBreaker(world, file)));
    return broken.ok && (!isKept || isLate()) ? refuse(TOO_LATE) : broken;
  };
  const result = await struck(breaking, strike, means.hasBreaker ? "after" : "before");
  if (result.outcome === "failed") await undoOrHandOn(breaking);
  return result;
}

/** What cannot be undone now is a switch's again, which tries more than once. */
async function undoOrHandOn({ world, edge, handle }: Breaking): Promise<void> {
  const undone = await undo(world, edge, handle);
  if (undone.outcome === "done") return;
  await startSwitch(world, await writeHandle(world.folder, handle));
}

async function kill({ world, handle }: Breaking): Promise<Result<string, string>> {
  const { clock } = world;
  const { processes } = handle;
  // At once, not member by member: a survivor could still answer for the victim.
  if (handle.fault.kind === "kill") sendAll(processes, "SIGKILL");
  // A holder leads the group of its workers: what is to die here is it alone.
  else for (const identity of processes) signalOne(identity, "SIGKILL");
  const sinceMs = clock.now();
  while (processes.some(isAlive) && clock.now() - sinceMs < GONE_SEEN_MS) {
    await clock.sleep(LOOK_MS);
  }
  const all = processes.map(({ pid }) => pid).join(", ");
  return processes.some(isAlive) ? refuse(`pid ${all} outlives SIGKILL`) : ok(`pid ${all} is gone`);
}

async function reload(edge: EdgeKeeper): Promise<Result<string, string>> {
  const { generation } = await edge.reload();
  return ok(`the edge routes by generation ${generation}`);
}

async function upgrade(edge: EdgeKeeper): Promise<Result<string, string>> {
  await edge.upgrade(deadline(BOOT_MS, "the edge's next worker"));
  return ok(`worker pid ${(await edge.status())?.workerPid ?? "unknown"} took over`);
}

/**
 * Does it between two looks at the edge, and says when, and what was in flight on the victim. What
 * a process of ours keeps broken is broken when that one has started.
 */
async function struck(
  { world, edge, handle }: Breaking,
  strike: () => Promise<Result<string, string>>,
  begins: "before" | "after" = "before",
): Promise<StepResult> {
  const before = await tallyOf(edge, handle);
  const beforeMs = world.clock.wall();
  const done = await strike();
  if (!done.ok) return failed(done.error);
  const doneMs = world.clock.wall();
  const wallMs = begins === "before" ? beforeMs : doneMs;
  const tookMs = Math.max(0, doneMs - wallMs);
  const inFlight = inFlightAtMost(before, await tallyOf(edge, handle));
  return {
    outcome: "done",
    detail: JSON.stringify({ wallMs, tookMs, inFlight, observed: done.value }),
  };
}

/** Undoes what lasts; of the rest it says what stands there now. */
export async function undo(
  world: World,
  edge: EdgeKeeper,
  handle: FaultHandle,
): Promise<StepResult> {
  const { kind } = handle.fault;
  if (!isFaultId(handle.id)) return failed(`${handle.id} names no fault`);
  if (!isLasting(kind)) return { outcome: "done", detail: await standing(world, edge, handle) };
  const mended = await MEANS[kind].mend(handle, siteOf(world));
  if (!mended.ok) return failed(mended.error);
  await removeHandle(handleFileOf(world.folder, handle.id));
  const successor = successorOf(world, handle);
  const replaced = successor === undefined ? "" : `: it was replaced by pid ${successor.pid}`;
  return { outcome: "done", detail: `${mended.value}${replaced}` };
}

async function standing(world: World, edge: EdgeKeeper, handle: FaultHandle): Promise<string> {
  const { fault } = handle;
  if (fault.kind === "kill") {
    const successor = successorOf(world, handle);
    return successor === undefined ? "nothing to undo" : `${subjectOf(fault)} runs again`;
  }
  const now = await edge.status();
  if (now === undefined) return "the edge does not answer";
  return `the edge routes by generation ${now.generation}, worker pid ${now.workerPid}`;
}

/** What runs in the place of the victim; undefined where it is the victim, or nothing. */
function successorOf(world: World, handle: FaultHandle): ProcessIdentity | undefined {
  const { fault } = handle;
  if (!("instance" in fault)) return undefined;
  const now = world.ledger.state.instances[fault.instance]?.identity;
  return now === undefined || isPrepared(handle, now) ? undefined : now;
}

/** A supervisor that starts gives every fault that is still open a switch again. */
export async function rearmSwitches(world: World): Promise<void> {
  for (const file of await pendingHandles(world.folder.faults)) {
    if ((await readLiveIdentity(companionOf(file, "switch"))) === undefined) {
      await startSwitch(world, file);
    }
  }
}

/**
 * The same for one that said who it is and died since. One that has not said so yet is just being
 * started: the wait for its name is another's.
 */
export async function replaceDeadSwitches(world: World): Promise<void> {
  for (const file of await pendingHandles(world.folder.faults)) {
    const named = companionOf(file, "switch");
    if (!existsSync(named) || (await readLiveIdentity(named)) !== undefined) continue;
    await rm(named, { force: true });
    await startSwitch(world, file);
  }
}

async function startSwitch(world: World, file: string): Promise<void> {
  await startBeside(world, { verb: "_undo", instance: SWITCH_INSTANCE, file });
}

/** Resolves when it says who it is: from then on it can be ended. False: the switch was sooner. */
async function startBreaker(world: World, file: string): Promise<boolean> {
  await startBeside(world, { verb: "_break", instance: BREAKER_INSTANCE, file });
  const breaker = companionOf(file, "breaker");
  return (
    (await until(world, () => {
      if (existsSync(breaker)) return "named";
      return existsSync(file) ? undefined : "undone";
    })) === "named"
  );
}

async function startBeside(
  world: World,
  ours: { readonly verb: string; readonly instance: string; readonly file: string },
): Promise<void> {
  await spawnDetached({
    command: world.ownCommand(ours.verb, ours.file),
    cwd: world.folder.faults,
    environment: markedEnvironment(world, ours.instance),
    stdout: "ignore",
    stderr: "ignore",
  });
}

async function until<Seen>(world: World, look: () => Seen | undefined): Promise<Seen> {
  return await poll(async () => look(), {
    clock: world.clock,
    everyMs: 10,
    signal: deadline(BOOT_MS, "a process of ours beside the fault"),
  });
}

function siteOf({ clock, folder }: World): FaultSite {
  return { clock, faults: folder.faults, volumes: folder.volumes, logs: folder.logs };
}

/** Of the victim; of all together where the edge itself is struck. */
async function tallyOf(edge: EdgeKeeper, { fault }: FaultHandle): Promise<Tally | undefined> {
  const endpoints = (await edge.status())?.endpoints;
  if (endpoints === undefined) return undefined;
  if ("instance" in fault) return endpoints.find(({ id }) => id === fault.instance);
  const sum = (counts: readonly ClassCounts[]): ClassCounts => ({
    safe: counts.reduce((all, one) => all + one.safe, 0),
    idempotent: counts.reduce((all, one) => all + one.idempotent, 0),
    unsafe: counts.reduce((all, one) => all + one.unsafe, 0),
    stream: counts.reduce((all, one) => all + one.stream, 0),
  });
  return {
    begun: sum(endpoints.map(({ begun }) => begun)),
    inFlight: sum(endpoints.map(({ inFlight }) => inFlight)),
  };
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

function isPrepared(fault: FaultHandle, identity: ProcessIdentity): boolean {
  return fault.processes.some(
    ({ pid, startTicks, bootId }) =>
      pid === identity.pid && startTicks === identity.startTicks && bootId === identity.bootId,
  );
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
