import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { globSync } from "node:fs";
import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import { refuse } from "@seaworthy/std/result";
import type { LoadRun, Sample } from "../seaworthy/load/load.ts";
import { type Audit, audit, parseLedger } from "../seaworthy/load/history.ts";
import type { Fault, FaultHandle } from "../seaworthy/record/fault.ts";
import type { EdgeProvider, LoadRequest } from "../seaworthy/system/system.ts";
import { openLocal } from "../seaworthy/targets/local/local.ts";
import type { Target } from "../seaworthy/targets/target.ts";
import type { World } from "./measured.ts";
import { NetworkNamespace } from "./namespace.ts";
import { Sandbox } from "./sandbox.ts";
import { complaintOf, type Ended, tool } from "./verb.ts";

const REPLICAS = 3;
/** Long enough for any of the tool's own waits. */
const STEP_MS = 60_000;

/** One system of three instances behind one provider, up in a state of its own. */
export class EdgeRig implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly #world: World;
  readonly #provider: EdgeProvider;
  readonly #system: string;
  readonly #made: AsyncDisposableStack;

  private constructor(made: AsyncDisposableStack, given: Given) {
    this.#made = made;
    this.sandbox = given.sandbox;
    this.#world = given.world;
    this.#provider = given.provider;
    this.#system = join(given.sandbox.folder, "system");
  }

  /** `isApart`: in a network namespace, so that what it drops is dropped nowhere else. */
  static async open(
    world: World,
    { provider, isApart }: { readonly provider: EdgeProvider; readonly isApart: boolean },
  ): Promise<EdgeRig> {
    await using made = new AsyncDisposableStack();
    const network = isApart ? made.use(await NetworkNamespace.make()) : undefined;
    const sandbox = made.use(await Sandbox.open(world, network?.prefix));
    const rig = new EdgeRig(made.move(), { world, provider, sandbox });
    try {
      await rig.#up();
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #up(): Promise<void> {
    await mkdir(join(this.#system, "apps/work"), { recursive: true });
    const app = join(this.#world.root, "bench/edge-service.ts");
    await copyFile(app, join(this.#system, "apps/work/main.ts"));
    await this.#declare("v1");
    await this.sandbox.up([this.#system]);
  }

  async #declare(version: string): Promise<void> {
    await writeFile(join(this.#system, "system.ts"), declaration(this.#provider, version));
  }

  /** Rolls every instance to a new release, as a user does. */
  async roll(): Promise<Ended> {
    await this.#declare("v2");
    const ended = await this.sandbox.verb(["deploy", "-s", this.#system, "--json"]);
    if (ended.code !== 0) throw new Error(complaintOf("deploy", ended));
    return ended;
  }

  /** Strikes by the tool's own faults; undone after `forMs`, or at once where nothing lasts. */
  async strike(fault: Fault, meanwhile: () => Promise<void>): Promise<void> {
    await using target = await this.#target();
    const signal = deadline(STEP_MS, fault.kind, this.#world.signal);
    const owner = { verb: "bench", pid: process.pid, host: "here", user: "bench" };
    const outcome = await target.open.lease(owner, signal);
    if (!outcome.held) throw new Error(`the lease is held by ${outcome.by.verb}`);
    await using lease = outcome.lease;
    const handle: FaultHandle = await target.open.prepare(fault, signal);
    const apply = async (action: "inject" | "undo"): Promise<void> => {
      const context = { signal: deadline(STEP_MS, action), epoch: lease.epoch };
      const result = await target.open.apply({ action, fault: handle }, context);
      if (result.outcome === "failed") throw new Error(`${action}: ${result.because}`);
    };
    await apply("inject");
    try {
      await meanwhile();
    } finally {
      await apply("undo");
    }
  }

  /** An instance that takes requests. */
  async victim(): Promise<string> {
    await using target = await this.#target();
    const signal = deadline(STEP_MS, "looking for a victim");
    const { units } = await target.open.observe(signal);
    const routed = units.flatMap(({ instances }) => instances).filter((one) => one.routed);
    const [first] = routed;
    if (first === undefined) throw new Error("no instance takes requests");
    return first.id;
  }

  async audit(run: string, samples: readonly Sample[]): Promise<Audit> {
    let text = "";
    for (const folder of globSync(join(this.sandbox.folder, "s/seaworthy/*/volumes/work/writes"))) {
      for (const file of await readdir(folder)) text += await readFile(join(folder, file), "utf8");
    }
    const ledger = parseLedger(text);
    if (!ledger.ok) throw new Error(ledger.error);
    return audit({ run, samples, ledger: ledger.value });
  }

  async load(ratePerSecond: number, seed: number): Promise<LoadRun> {
    return await this.sandbox.load({
      url: await this.#address(),
      ratePerSecond,
      mix: MIX,
      seed,
    });
  }

  async #address(): Promise<string> {
    await using target = await this.#target();
    const { edge } = await target.open.observe(deadline(STEP_MS, "looking at the edge"));
    return present(edge?.addresses[0], "an address of the edge");
  }

  async #target(): Promise<AsyncDisposable & { readonly open: Target }> {
    const { folder } = this.sandbox;
    const open = await openLocal({
      place: {
        stateHome: join(folder, "s/seaworthy"),
        runtimeHome: join(folder, "r"),
        ...{ system: "bench", environment: undefined },
        systemPath: join(this.#system, "system.ts"),
      },
      systemFolder: this.#system,
      clock: this.#world.clock,
      ownCommand: (verb, ...args) => tool(this.#world, [verb, ...args]),
      environment: this.#world.environment,
      node: { path: process.execPath, version: process.version },
      resolveSecret: async (name) => refuse(`a bench has no ${name}`),
    });
    return { open, [Symbol.asyncDispose]: async () => await open.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made[Symbol.asyncDispose]();
  }
}

interface Given {
  readonly world: World;
  readonly provider: EdgeProvider;
  readonly sandbox: Sandbox;
}

/** Half reads, half writes, as the experiments did that these figures stand beside. */
const MIX: readonly LoadRequest[] = [
  { method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" },
  {
    ...{ method: "POST", path: "/orders", weight: 1, class: "unsafe" },
    headers: { "content-type": "application/json" },
    body: '{"count":1}',
  },
];

/** Defaults of the tool but for the bake and the drain, which would only take time. */
function declaration(provider: EdgeProvider, version: string): string {
  return `import { defineSystem, edge, service } from "seaworthy";

export default defineSystem({
  name: "bench",
  services: {
    work: service({
      run: { build: "./apps/work", command: ["node", "main.ts"] },
      port: 8080,
      replicas: ${REPLICAS},
      env: { VERSION: "${version}" },
      volumes: { "/var/writes": "writes" },
      // Nobody replaces what is frozen while it is looked at.
      health: { path: "/health", every: "10s", timeout: "5s", fall: 10 },
      drain: "5s",
      stop: "10s",
      rollout: { bake: "1s" },
    }),
  },
  edge: edge({ provider: "${provider}", routes: { "/": "work" } }),
});
`;
}
