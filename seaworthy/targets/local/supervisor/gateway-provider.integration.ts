import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { GATEWAY_VERSION } from "@seaworthy/gateway/version";
import { startLoad } from "../../../load/client.ts";
import type { LoadRun } from "../../../load/load.ts";
import { loadCommand } from "../../../load/own-command.fixture.ts";
import type { EdgeParts } from "../../../renderers/edge-parts.ts";
import { aService, anEdge } from "../../declared.ts";
import { gatewayCommand, ownCommand } from "../fixtures/hidden-main.ts";
import { until } from "../fixtures/rehearsal.ts";
import { isAlive, markedBy, signalOne } from "../identity.ts";
import { openRecordFiles } from "../record-files.ts";
import { openStateFolder } from "../state-folder.ts";
import { Chronicle } from "./chronicle.ts";
import { GatewayProvider } from "./gateway-provider.ts";
import { Ledger } from "./ledger.ts";
import { stateFile } from "./paths.ts";
import { Ports } from "./ports.ts";
import { emptyState } from "./state.ts";
import { Volumes } from "./volumes.ts";
import type { World } from "./world.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const [NODE, MAIN = ""] = gatewayCommand;
/** What it starts says that it is of another version than the one that runs. */
const OTHER: Command = [NODE, "--import", fixture("next-version.ts"), MAIN];
const OLDEST: Command = [NODE, fixture("oldest-gateway.ts")];

/** A supervisor's edge alone: a service behind it, and clients before it. */
class Stage implements AsyncDisposable {
  readonly world: World;
  readonly port: number;
  readonly #home: string;
  readonly #service: Server;
  readonly #kill = new AbortController();
  #generation = 0;

  private constructor(world: World, home: string, made: { service: Server; port: number }) {
    this.world = world;
    this.#home = home;
    this.#service = made.service;
    this.port = made.port;
  }

  static async begin(command: Command): Promise<Stage> {
    const home = await mkdtemp(join(tmpdir(), "sw-"));
    const place = { stateHome: join(home, "state"), runtimeHome: home, systemPath: home };
    const folder = await openStateFolder({ ...place, system: "edge", environment: undefined });
    const clock = systemClock;
    const ports = new Ports(folder.id, clock);
    const port = await ports.choose(new Set());
    const service = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.end("ok"));
    });
    service.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const world: World = {
      ...{ folder, clock, ownCommand, ports, environment: process.env, gatewayCommand: command },
      ledger: new Ledger(stateFile(folder), emptyState(folder.id)),
      volumes: new Volumes(clock),
      chronicle: new Chronicle(openRecordFiles(folder.record), clock),
    };
    return new Stage(world, home, { service, port });
  }

  /** What a supervisor that starts gateways by `command` makes of the edge that there is. */
  async next(command: Command): Promise<GatewayProvider> {
    const provider = new GatewayProvider({ ...this.world, gatewayCommand: command });
    await provider.apply(this.#parts());
    return provider;
  }

  /** As the state says of one that another version of the tool has started. */
  async isOlder(version: number | undefined): Promise<void> {
    await this.world.ledger.record((state) => ({
      ...state,
      gateway: { ...state.gateway, version },
    }));
  }

  /** Half of it writes, a fifth of it on new connections. */
  async load(): Promise<LoadRun> {
    const start = startLoad(loadCommand, systemClock);
    const common = { path: "/", headers: {}, weight: 1 } as const;
    return await start(
      {
        ...{ url: `http://127.0.0.1:${this.port}`, ratePerSecond: 100, timeoutMs: 10_000 },
        mix: [
          { ...common, method: "GET", body: undefined, class: "safe" },
          { ...common, method: "POST", body: "{}", class: "unsafe" },
        ],
        ...{ seed: 1, run: "next", durationMsMax: 120_000, freshConnections: 0.2 },
        samplesFile: join(this.#home, "samples.ndjson"),
      },
      this.#kill.signal,
    );
  }

  #parts(): EdgeParts {
    this.#generation += 1;
    const address = this.#service.address();
    assert.ok(address !== null && typeof address === "object");
    const api = { id: "api-1", unit: "api", release: "r1", port: address.port };
    return {
      ...{ edge: anEdge(), tls: undefined, innerRoutes: [], services: [aService()] },
      instances: [{ ...api, routed: true, weight: 1 }],
      ports: { public: [this.port], inner: {} },
      generation: this.#generation,
      accessLog: join(this.world.folder.logs, "access.log"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill.abort();
    await new GatewayProvider(this.world).stop();
    const left = markedBy(this.world.folder.id).map(({ process }) => process.identity);
    for (const identity of left) signalOne(identity, "SIGKILL");
    this.#service.closeAllConnections();
    await new Promise((resolve) => this.#service.close(resolve));
    await rm(this.#home, { recursive: true, force: true });
    assert.deepEqual(left, [], "left behind");
  }
}

async function processesOf(provider: GatewayProvider) {
  const { holder, workerPid } = await seen(provider);
  return { holder: holder?.pid, worker: workerPid };
}

async function seen(provider: GatewayProvider) {
  return await until("the edge", async () => {
    const status = await provider.status();
    const sight = await provider.look();
    const isServing = status !== undefined && status.workerPid !== 0;
    return isServing && sight !== undefined ? { ...sight, ...status } : undefined;
  });
}

/** Some requests before, some after; nothing between them may be lost. */
async function whileLoaded(stage: Stage, change: () => Promise<void>): Promise<void> {
  const run = await stage.load();
  const wait = async (ms: number): Promise<void> =>
    await run.until(run.nowMs() + ms, AbortSignal.timeout(60_000));
  await wait(1_000);
  await change();
  await wait(1_000);
  const { samples } = await run.finish();
  assert.ok(samples.length >= 150, `${samples.length} are no load`);
  const lost = samples.filter(({ outcome }) => outcome !== "ok");
  assert.deepEqual(lost, []);
}

test("one of an older version gives its sockets to one of today: nothing is lost", async () => {
  await using stage = await Stage.begin(gatewayCommand);
  const older = await processesOf(await stage.next(gatewayCommand));
  await stage.isOlder(GATEWAY_VERSION - 1);
  await whileLoaded(stage, async () => {
    const today = await stage.next(OTHER);
    const now = await processesOf(today);
    assert.notEqual(now.holder, older.holder);
    assert.notEqual(now.worker, older.worker);
    assert.equal(stage.world.ledger.state.gateway.version, GATEWAY_VERSION);
    assert.equal((await today.status())?.holderPid, now.holder, "the state knows the new one");
  });
});

test("also one that an older worker started, when its holder was killed unseen", async () => {
  await using stage = await Stage.begin(gatewayCommand);
  const provider = await stage.next(gatewayCommand);
  const { holder } = await seen(provider);
  await stage.isOlder(GATEWAY_VERSION - 1);
  await whileLoaded(stage, async () => {
    assert.ok(holder !== undefined);
    signalOne(holder, "SIGKILL");
    await until("its heir", async () => {
      const pid = (await provider.status())?.holderPid;
      return pid === undefined || pid === holder.pid ? undefined : pid;
    });
    const heir = (await provider.status())?.holderPid;
    const now = await processesOf(await stage.next(OTHER));
    assert.notEqual(now.holder, heir, "what an older worker starts is older, too");
    assert.equal(stage.world.ledger.state.gateway.version, GATEWAY_VERSION);
  });
});

test("one of today is left alone by whoever takes it over", async () => {
  await using stage = await Stage.begin(gatewayCommand);
  const first = await processesOf(await stage.next(gatewayCommand));
  assert.deepEqual(await processesOf(await stage.next(OTHER)), first);
});

test("upgrades replace holder and worker, one after the other: nothing is lost", async () => {
  await using stage = await Stage.begin(gatewayCommand);
  const provider = await stage.next(gatewayCommand);
  await whileLoaded(stage, async () => {
    for (let upgrades = 0; upgrades < 2; upgrades += 1) {
      const before = await processesOf(provider);
      await provider.upgrade(AbortSignal.timeout(60_000));
      const after = await processesOf(provider);
      assert.notEqual(after.holder, before.holder);
      assert.notEqual(after.worker, before.worker);
      await stage.next(gatewayCommand);
    }
  });
});

test("one that knows no such word is ended, and one of today takes its place", async () => {
  await using stage = await Stage.begin(OLDEST);
  const provider = new GatewayProvider({ ...stage.world, gatewayCommand: OLDEST });
  await provider.start();
  const { identity } = stage.world.ledger.state.gateway;
  assert.ok(identity !== undefined);
  await stage.isOlder(undefined);
  const now = await processesOf(await stage.next(gatewayCommand));
  assert.ok(!isAlive(identity));
  assert.notEqual(now.holder, identity.pid);
  assert.equal(stage.world.ledger.state.gateway.version, GATEWAY_VERSION);
});

test("one that hangs is ended whole: no word would reach it", async () => {
  await using stage = await Stage.begin(gatewayCommand);
  await stage.next(gatewayCommand);
  const { identity } = stage.world.ledger.state.gateway;
  assert.ok(identity !== undefined);
  await stage.isOlder(GATEWAY_VERSION - 1);
  signalOne(identity, "SIGSTOP");
  const now = await processesOf(await stage.next(gatewayCommand));
  assert.ok(!isAlive(identity));
  assert.notEqual(now.holder, identity.pid);
});
