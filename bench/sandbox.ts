import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "@seaworthy/std/command";
import type { LoadRun } from "../seaworthy/load/load.ts";
import { startLoad } from "../seaworthy/load/client.ts";
import { readPlan } from "../seaworthy/load/protocol.ts";
import type { LoadRequest } from "../seaworthy/system/system.ts";
import { GRACE_MS, leftProcesses } from "../scripts/leftovers.ts";
import type { World } from "./measured.ts";
import { complaintOf, type Ended, lastDocument, runProgram, tool } from "./verb.ts";

/** The client of every bench gives up after this. */
const CLIENT_TIMEOUT_MS = 5_000;
/** Some requests open a new connection: a refused one would hide behind kept-alive ones. */
const FRESH_CONNECTIONS = 0.1;
/** The generator ends by itself after this, whatever becomes of us. */
const LOAD_MS_MAX = 240_000;

export interface TrafficPlan {
  readonly url: string;
  readonly ratePerSecond: number;
  readonly mix: readonly LoadRequest[];
  readonly seed: number;
}

/** A folder with a fresh state of the tool in it, and everything that is started there. */
export class Sandbox implements AsyncDisposable {
  readonly folder: string;
  readonly #world: World;
  readonly #environment: World["environment"];
  readonly #over = new AbortController();
  /** Before every command: a network namespace, or nothing. */
  readonly #prefix: readonly string[];
  /** How to take down what was brought up: arguments after `down`. */
  #up: readonly string[] | undefined;

  private constructor(folder: string, world: World, prefix: readonly string[]) {
    this.folder = folder;
    this.#prefix = prefix;
    this.#world = world;
    this.#environment = {
      ...world.environment,
      XDG_STATE_HOME: join(folder, "s"),
      XDG_RUNTIME_DIR: join(folder, "r"),
      NO_COLOR: "1",
    };
  }

  static async open(world: World, prefix: readonly string[] = []): Promise<Sandbox> {
    world.signal.throwIfAborted();
    // Short: below it lie sockets, whose paths may have 107 bytes (unix(7)).
    const folder = await mkdtemp(join(tmpdir(), "sw-bench-"));
    for (const name of ["s", "r", "system"]) await mkdir(join(folder, name), { mode: 0o700 });
    return new Sandbox(folder, world, prefix);
  }

  /** Runs one verb, whatever it ends with. */
  verb(args: readonly string[]): Promise<Ended> {
    const { root } = this.#world;
    const environment = this.#environment;
    const command = this.#inside(tool(this.#world, args));
    return runProgram({ command, cwd: root, environment }, this.#world);
  }

  /** `up`, remembered so that it is taken down again. Throws unless it ends with 0. */
  async up(system: readonly string[], more: readonly string[] = []): Promise<Ended> {
    this.#up = system;
    const ended = await this.verb(["up", ...system, ...more, "--json"]);
    if (ended.code !== 0) throw new Error(complaintOf("up", ended));
    return ended;
  }

  /** Where the system that is up takes requests. */
  async edge(): Promise<string> {
    const ended = await this.verb(["status", ...(this.#up ?? []), "--json"]);
    const shown: { readonly edge?: readonly string[] } = JSON.parse(ended.stdout);
    const [url] = shown.edge ?? [];
    if (url === undefined) throw new Error(complaintOf("status", ended));
    return url;
  }

  /** Our own generator, open loop, in a process of its own; killed with the sandbox. */
  async load(plan: TrafficPlan): Promise<LoadRun> {
    const launcher = join(this.#world.root, "seaworthy/cli/launch.js");
    const start = startLoad(
      (verb) => this.#inside([process.execPath, launcher, verb]),
      this.#world.clock,
    );
    // Parsed as the generator will: a plan that it refuses is refused here.
    const whole = readPlan(
      JSON.stringify({
        ...plan,
        timeoutMs: CLIENT_TIMEOUT_MS,
        run: `bench-${plan.seed}`,
        durationMsMax: LOAD_MS_MAX,
        freshConnections: FRESH_CONNECTIONS,
        samplesFile: join(this.folder, "samples.ndjson"),
      }),
    );
    return await start(whole, AbortSignal.any([this.#over.signal, this.#world.signal]));
  }

  /** Takes down what is up, and says what did not go by itself: that is a defect. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the bench's run is over"));
    try {
      if (this.#up !== undefined) await this.#down(this.#up);
      await this.#killLeftovers();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  async #down(system: readonly string[]): Promise<void> {
    // Also after Ctrl-C: nothing may stay.
    const world = { ...this.#world, signal: new AbortController().signal };
    const command = this.#inside(tool(world, ["down", ...system, "--yes", "--json"]));
    const environment = this.#environment;
    const ended = await runProgram({ command, cwd: world.root, environment }, world);
    const document = lastDocument(ended.stdout);
    if (ended.code !== 0) world.say(complaintOf("down", { ...ended, stdout: text(document) }));
  }

  #inside(command: Command): Command {
    const [first, ...more] = this.#prefix;
    return first === undefined ? command : [first, ...more, ...command];
  }

  async #killLeftovers(): Promise<void> {
    const { clock, say } = this.#world;
    const left = await leftProcesses(`${this.folder}/`, { clock, graceMs: GRACE_MS });
    for (const { pid, command } of left) {
      say(`LEFT BEHIND, killed now: ${pid} ${command.slice(0, 200)}`);
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself since it was seen.
      }
    }
  }
}

function text(document: unknown): string {
  return document === undefined ? "" : JSON.stringify(document);
}
