import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { present } from "@seaworthy/std/assert";
import type { Running } from "../e2e/rehearsal.ts";
import { until } from "../e2e/until.ts";
import { Clients } from "./clients.ts";
import { type Marked, markedProcesses } from "./outside.ts";
import { RealStage } from "./real-stage.ts";

/** Who can die: ARCHITECTURE.md says who starts whom again. */
type Victim = "supervisor" | "watchdog" | "worker" | "holder" | "switch" | "command";
type Pair = readonly [Victim, Victim];

/** Between the two deaths: at once, within a restart, after one. `CRASH_OFFSETS` replaces them. */
const OFFSETS_MS = (process.env["CRASH_OFFSETS"] ?? "0,40,300").split(",").map(Number);
/** Every offset with every pair, instead of one in turn. */
const WHOLE = process.env["CRASH_PAIRS"] === "all";
const ALIVE_AGAIN = 10;

const IDLE: readonly Victim[] = ["supervisor", "watchdog", "worker", "holder"];
const ROLL: readonly Victim[] = [...IDLE, "command"];
const FREEZE: readonly Victim[] = [...ROLL, "switch"];

function pairsOf(victims: readonly Victim[]): readonly Pair[] {
  return victims.flatMap((one, index) =>
    victims.slice(index + 1).map((other): Pair => [one, other]),
  );
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
  everyPair("idle", IDLE, async (stage, pair, offsetMs) => {
    const scene = await sceneOf(stage, undefined);
    const before = await instancesOf(scene);
    const clients = new Clients(scene.url);
    await using _clients = clients;
    await settled(clients, 0);
    await kill(scene, pair, offsetMs);
    await healed(scene, pair);
    assert.deepEqual(await instancesOf(scene), before, "the same instances serve on");
    return clients;
  });
}

export function killPairsInRoll(): void {
  everyPair("in a roll", ROLL, async (stage, pair, offsetMs) => {
    await stage.declareNext();
    const running = stage.start(["deploy"]);
    const scene = await sceneOf(stage, running);
    const clients = new Clients(scene.url);
    await using _clients = clients;
    await until("the roll to switch", () => {
      assert.equal(running.child.exitCode, null, running.printed());
      return / switch → /.test(running.printed());
    });
    await kill(scene, pair, offsetMs);
    await running.ended;
    await healed(scene, pair);
    return clients;
  });
}

export function killPairsInFreeze(): void {
  everyPair("in a freeze", FREEZE, async (stage, pair, offsetMs) => {
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
    await kill(scene, pair, offsetMs);
    // No verb helps: by its deadline the freeze is over, whoever is dead.
    await until("the freeze to be over by its deadline", async () =>
      (await markedProcesses(scene.owner)).every(({ stopped }) => !stopped),
    );
    await running.ended;
    await healed(scene, pair);
    return clients;
  });
}

type Play = (stage: RealStage, pair: Pair, offsetMs: number) => Promise<Clients>;

/** One system; each pair dies in it in turn, and the next `up` finds it whole. */
function everyPair(when: string, victims: readonly Victim[], play: Play): void {
  const pairs = pairsOf(victims);
  test(`${when}: every two of ${victims.join(", ")} killed`, async (t) => {
    await using stage = await RealStage.open({ repeats: true });
    await stage.declareNext();
    await stage.must(["up"]);
    let played = 0;
    for (const [index, pair] of pairs.entries()) {
      const turn = OFFSETS_MS[index % OFFSETS_MS.length] ?? 0;
      for (const offsetMs of WHOLE ? OFFSETS_MS : [turn]) {
        await t.test(`${pair.join(" and ")}, ${offsetMs} ms apart`, async (each) => {
          const clients = await play(stage, pair, offsetMs);
          const up = await stage.run(["up"]);
          assert.equal(up.code, 0, up.stderr);
          await stage.runsExactly({ version: stage.version, web: 2 });
          judge(each, pair, clients);
        });
        played += 1;
      }
    }
    assert.equal(played, pairs.length * (WHOLE ? OFFSETS_MS.length : 1));
    t.diagnostic(`${when}: ${pairs.length} of ${pairs.length} pairs`);
  });
}

/**
 * Only whoever holds the sockets can refuse a connection by dying; only the worker has requests
 * that can be cut, and no more than were open. Anything else is lost for no reason.
 */
function judge(t: TestContext, pair: Pair, clients: Clients): void {
  const { ok, refused, reset, timeout, wrong } = clients.saw;
  const said = `ok ${ok}, refused ${refused}, reset ${reset}, timeout ${timeout}, wrong ${wrong}`;
  t.diagnostic(`clients: ${said}; open at most ${clients.openMax}`);
  const losesSockets = pair.includes("holder");
  const losesRequests = losesSockets || pair.includes("worker");
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

async function kill(scene: Scene, [first, second]: Pair, offsetMs: number): Promise<void> {
  const [one, other] = [await pidsOf(scene, first), await pidsOf(scene, second)];
  assert.ok(one.length > 0, `there is no ${first} to kill`);
  assert.ok(other.length > 0, `there is no ${second} to kill`);
  signal(one);
  if (offsetMs > 0) await pause(offsetMs);
  signal(other);
}

function signal(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // The death of the first one ended it already.
    }
  }
}

async function pidsOf({ owner, running }: Scene, victim: Victim): Promise<readonly number[]> {
  if (victim === "command") return running?.child.pid === undefined ? [] : [running.child.pid];
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
async function healed(scene: Scene, pair: Pair): Promise<void> {
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
