import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { present } from "@seaworthy/std/assert";
import type { Running } from "../e2e/rehearsal.ts";
import { until } from "../e2e/until.ts";
import { Clients } from "./clients.ts";
import { type Marked, markedProcesses } from "./outside.ts";
import { RealStage } from "./real-stage.ts";
import { strike } from "./strike.ts";

/** Who can die: ARCHITECTURE.md says who starts whom again. */
type Victim = "supervisor" | "watchdog" | "worker" | "holder" | "switch" | "command";
type Pair = readonly [Victim, Victim];

/** Between the two deaths: at once, within a restart, after one. `CRASH_OFFSETS` replaces them. */
const OFFSETS_MS = (process.env["CRASH_OFFSETS"] ?? "0,40,300").split(",").map(Number);
/** Every offset with every pair, in either order, instead of one in turn. */
const WHOLE = process.env["CRASH_PAIRS"] === "all";
const ALIVE_AGAIN = 10;
/** The second of two may have ended by itself before its turn: then it is all played again. */
const TRIES_MAX = 3;
/** How a command ends that left the old release, or what it was, as it was. */
const WENT_BACK: readonly (number | undefined)[] = [4, 8];
const JUDGED: readonly (number | undefined)[] = [0, 7, 8];

const IDLE: readonly Victim[] = ["supervisor", "watchdog", "worker", "holder"];
const ROLL: readonly Victim[] = [...IDLE, "command"];
const WITH_SWITCH = ROLL.map((one): Pair => [one, "switch"]);

function pairsOf(victims: readonly Victim[]): readonly Pair[] {
  return victims.flatMap((one, index) =>
    victims.slice(index + 1).map((other): Pair => [one, other]),
  );
}

/** The first one dies, and the other one so much later. */
interface Deaths {
  readonly pair: Pair;
  readonly offsetMs: number;
}

function deathsOf(pair: Pair, index: number): readonly Deaths[] {
  const turned: Pair = [pair[1], pair[0]];
  if (WHOLE) {
    return OFFSETS_MS.flatMap((offsetMs) =>
      (offsetMs === 0 ? [pair] : [pair, turned]).map((one) => ({ pair: one, offsetMs })),
    );
  }
  const offsetMs = OFFSETS_MS[index % OFFSETS_MS.length] ?? 0;
  const isTurned = Math.floor(index / OFFSETS_MS.length) % 2 === 1;
  return [{ pair: isTurned ? turned : pair, offsetMs }];
}

/** What is going on when the two die. */
interface Scene {
  readonly stage: RealStage;
  readonly owner: string;
  readonly url: string;
  /** Undefined while nothing is done. */
  readonly running: Running | undefined;
}

export function killPairsIdle(): void {
  everyPair("idle", pairsOf(IDLE), async (stage, deaths) => {
    const scene = await sceneOf(stage, undefined);
    const before = await instancesOf(scene);
    const clients = new Clients(scene.url);
    await using _clients = clients;
    await settled(clients, 0);
    const isBoth = await kill(scene, deaths);
    await healed(scene, deaths);
    assert.deepEqual(await instancesOf(scene), before, "the same instances serve on");
    return { clients, isBoth };
  });
}

export function killPairsInRoll(): void {
  everyPair("in a roll", pairsOf(ROLL), async (stage, deaths) => {
    await stage.declareNext();
    const running = stage.start(["deploy"]);
    const scene = await sceneOf(stage, running);
    const clients = new Clients(scene.url);
    await using _clients = clients;
    await until("the roll to switch", () => {
      assert.equal(running.child.exitCode, null, running.printed());
      return / switch → /.test(running.printed());
    });
    const isBoth = await kill(scene, deaths);
    const { code } = await running.ended;
    await healed(scene, deaths);
    const { version } = stage;
    if (code === 0) await stage.runsExactly({ version, web: 2 });
    if (WENT_BACK.includes(code)) await stage.runsExactly({ version: version - 1, web: 2 });
    return { clients, isBoth };
  });
}

export function killPairsInFreeze(): void {
  everyPair("in a freeze", pairsOf(ROLL), playFreeze);
}

/** A file of its own: all of a freeze's pairs take longer than one may. */
export function killPairsWithSwitch(): void {
  everyPair("in a freeze, with its switch", WITH_SWITCH, playFreeze);
}

async function playFreeze(stage: RealStage, deaths: Deaths): Promise<Played> {
  // One that is frozen until the deadline fails its health checks: it is replaced, as declared.
  stage.mayRestart = true;
  const running = stage.start(["drill", "freeze-instance", "--seed", "7"]);
  const scene = await sceneOf(stage, running);
  const clients = new Clients(scene.url);
  await using _clients = clients;
  await until("an instance to be frozen", async () => {
    assert.equal(running.child.exitCode, null, running.printed());
    return (await markedProcesses(scene.owner)).some(({ stopped }) => stopped);
  });
  const isBoth = await kill(scene, deaths);
  // No verb helps: by its deadline the freeze is over, whoever is dead.
  await until("the freeze to be over by its deadline", async () =>
    (await markedProcesses(scene.owner)).every(({ stopped }) => !stopped),
  );
  const { code } = await running.ended;
  await healed(scene, deaths);
  if (JUDGED.includes(code)) await stage.runsExactly({ version: stage.version, web: 2 });
  return { clients, isBoth };
}

type Play = (stage: RealStage, deaths: Deaths) => Promise<Played>;

interface Played {
  readonly clients: Clients;
  /** The second one still lived when it was its turn. */
  readonly isBoth: boolean;
}

/** One system; each pair dies in it in turn, and the next `up` finds it whole. */
function everyPair(when: string, pairs: readonly Pair[], play: Play): void {
  const victims = [...new Set(pairs.flat())];
  test(`${when}: ${pairs.length} pairs of ${victims.join(", ")} killed`, async (t) => {
    await using stage = await RealStage.open({ repeats: true });
    await stage.declareNext();
    await stage.must(["up"]);
    const killed = new Set<Pair>();
    for (const [index, pair] of pairs.entries()) {
      for (const deaths of deathsOf(pair, index)) {
        const name = `${deaths.pair.join(" and ")}, ${deaths.offsetMs} ms apart`;
        await t.test(name, async (each) => {
          await playUntilBoth(each, () => playOnce(each, { stage, deaths, play }));
          killed.add(pair);
        });
      }
    }
    assert.equal(killed.size, pairs.length, "both of each pair were killed");
    t.diagnostic(`${when}: ${killed.size} of ${pairs.length} pairs`);
  });
}

async function playUntilBoth(t: TestContext, play: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; !(await play()); tries += 1) {
    t.diagnostic("the second one had ended by itself");
    assert.ok(tries < TRIES_MAX, `only one of them was killed, ${TRIES_MAX} times`);
  }
}

/** False: only the first of the two was killed. */
async function playOnce(
  t: TestContext,
  given: { readonly stage: RealStage; readonly deaths: Deaths; readonly play: Play },
): Promise<boolean> {
  const { stage, deaths, play } = given;
  const { clients, isBoth } = await play(stage, deaths);
  const up = await stage.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await stage.runsExactly({ version: stage.version, web: 2 });
  judge(t, deaths.pair, clients);
  return isBoth;
}

/**
 * The holder and the worker both have the sockets: only when both die can a connection be refused.
 * Only the worker has requests that can be cut, and no more than were open. Anything else is lost
 * for no reason.
 */
function judge(t: TestContext, pair: Pair, clients: Clients): void {
  const { ok, refused, reset, timeout, wrong } = clients.saw;
  const said = `ok ${ok}, refused ${refused}, reset ${reset}, timeout ${timeout}, wrong ${wrong}`;
  t.diagnostic(`clients: ${said}; open at most ${clients.openMax}`);
  assert.ok(ok > 0, "the clients asked nothing");
  const losesRequests = pair.includes("worker");
  const losesSockets = losesRequests && pair.includes("holder");
  if (!losesSockets) assert.equal(refused, 0, said);
  if (!losesRequests) assert.equal(reset, 0, said);
  else if (!losesSockets) assert.ok(reset <= clients.openMax, said);
  assert.equal(wrong, 0, said);
  assert.equal(timeout, 0, said);
}

async function sceneOf(stage: RealStage, running: Running | undefined): Promise<Scene> {
  const state = present(await stage.state(), "the state");
  const port = present(state.ports.public[0], "the edge's port");
  return { stage, owner: state.owner, url: `http://127.0.0.1:${port}/`, running };
}

/** False: the second one had ended by itself before its turn. */
async function kill(scene: Scene, { pair, offsetMs }: Deaths): Promise<boolean> {
  const [first, second] = pair;
  const [one, other] = [await pidsOf(scene, first), await pidsOf(scene, second)];
  assert.ok(one.length > 0, `there is no ${first} to kill`);
  assert.ok(other.length > 0, `there is no ${second} to kill`);
  assert.ok(strike(one), `the ${first} was gone already`);
  if (offsetMs > 0) await pause(offsetMs);
  return strike(other);
}

async function pidsOf({ owner, running }: Scene, victim: Victim): Promise<readonly number[]> {
  if (victim === "command") {
    const { pid, exitCode } = running?.child ?? {};
    return pid === undefined || exitCode !== null ? [] : [pid];
  }
  const marked = await markedProcesses(owner);
  const ofEdge = ({ instance }: Marked): boolean => instance === "edge";
  const isLeader = ({ pid, session }: Marked): boolean => pid === session;
  const found: Readonly<Record<Exclude<Victim, "command">, (one: Marked) => boolean>> = {
    supervisor: ({ instance }) => instance === "_supervise",
    watchdog: ({ instance }) => instance === "_watch",
    switch: ({ instance }) => instance === "_undo",
    holder: (one) => ofEdge(one) && isLeader(one),
    worker: (one) => ofEdge(one) && !isLeader(one),
  };
  return marked.filter(found[victim]).map(({ pid }) => pid);
}

async function instancesOf({ owner }: Scene): Promise<readonly string[]> {
  const marked = await markedProcesses(owner);
  const web = marked.filter(({ instance }) => instance.startsWith("web-"));
  return web.map(({ instance, pid }) => `${instance} ${pid}`).toSorted();
}

/** By itself, unless both died who start each other: then the next command does it. */
async function healed(scene: Scene, { pair }: Deaths): Promise<void> {
  const nobodyLooks = pair.includes("supervisor") && pair.includes("watchdog");
  if (!nobodyLooks) {
    await until("all of ours to run again", async () => {
      const wanted = ["supervisor", "watchdog", "holder", "worker"] as const;
      const counts = await Promise.all(wanted.map((one) => pidsOf(scene, one)));
      return counts.every(({ length }) => length === 1);
    });
  }
  const probe = new Clients(scene.url);
  await using _probe = probe;
  await settled(probe, 0);
}

/** So many answers since it began: the edge serves. */
async function settled(clients: Clients, from: number): Promise<void> {
  await until("the edge to answer", () => clients.saw.ok >= from + ALIVE_AGAIN);
}
