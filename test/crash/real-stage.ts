import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { present } from "@seaworthy/std/assert";
import type { JournalEntry } from "../../seaworthy/record/journal.ts";
import { readRecords } from "../../seaworthy/record/read.ts";
import { openFaults, underWay } from "../../seaworthy/record/under-way.ts";
import { openRecordFiles } from "../../seaworthy/targets/local/record-files.ts";
import { readState, type SupervisorState } from "../../seaworthy/targets/local/supervisor/state.ts";
import { type Ended, rehearse, type Rehearsal, type Running } from "../e2e/rehearsal.ts";
import { until } from "../e2e/until.ts";
import { Fuse, type Role } from "./fuse.ts";
import {
  halfWritten,
  heldLocks,
  listeningPorts,
  type Marked,
  markedProcesses,
  mountsUnder,
} from "./outside.ts";

const MAIN = fileURLToPath(new URL("mortal-main.ts", import.meta.url));
const REQUESTS = 4;
const REQUEST_MS = 5_000;

export interface Wanted {
  readonly version: number;
  readonly web: number;
}

/** A real system driven by the real verbs, one of whose processes can be made to die anywhere. */
export class RealStage implements AsyncDisposable {
  readonly rehearsal: Rehearsal;
  /** Instances are killed on purpose. */
  mayRestart = false;
  /** How long it may take to come to rest; machines are shared. */
  patienceS = 30;
  /** The newest that was declared. */
  version = 0;
  readonly #fuses: string;
  readonly #repeats: boolean;

  private constructor(rehearsal: Rehearsal, repeats: boolean) {
    this.rehearsal = rehearsal;
    this.#repeats = repeats;
    this.#fuses = join(dirname(rehearsal.folder), "fuses");
  }

  /** `repeats`: the job may run again where nobody saw its end. */
  static async open(options: { readonly repeats: boolean }): Promise<RealStage> {
    const stage = new RealStage(await rehearse(), options.repeats);
    await mkdir(stage.#fuses);
    return stage;
  }

  fuse(role: Role): Fuse {
    return new Fuse(this.#fuses, role);
  }

  start(args: readonly string[]): Running {
    return this.rehearsal.start(args, { main: [MAIN, this.#fuses] });
  }

  async run(args: readonly string[]): Promise<Ended> {
    const ended = await this.start(args).ended;
    assert.doesNotMatch(ended.stderr, /\n {4}at .*\.ts:\d+/, `a stack trace: ${ended.stderr}`);
    return ended;
  }

  async declareNext(): Promise<void> {
    await this.declare(this.version + 1);
  }

  /** The declaration from now on; `bad`: `web` never gets ready. */
  async declare(version: number, { bad = false } = {}): Promise<void> {
    this.version = Math.max(this.version, version);
    const ran = this.#ranFile(version);
    const text = declaration({ version, ran, bad, idempotent: this.#repeats });
    await this.rehearsal.write("system.json", text);
  }

  async must(args: readonly string[]): Promise<Ended> {
    const ended = await this.run(args);
    assert.equal(ended.code, 0, `${args.join(" ")}: ${ended.stderr}${ended.stdout}`);
    return ended;
  }

  /** How often the job of this version ran. */
  async jobRuns(version: number): Promise<number> {
    const text = await readFile(this.#ranFile(version), "utf8").catch(() => "");
    return text.split("\n").filter((line) => line !== "").length;
  }

  async state(): Promise<SupervisorState | undefined> {
    return await readState(join(await this.#folder(), "state.json"));
  }

  async journal(): Promise<readonly JournalEntry[]> {
    const home = join(this.rehearsal.state, "seaworthy");
    const [name] = await readdir(home).catch(() => []);
    if (name === undefined) return [];
    return await readRecords(openRecordFiles(join(home, name, "record")), "journal");
  }

  /** So many instances of this version, each once, and nothing besides; what serves says so. */
  async runsExactly({ version, web }: Wanted): Promise<void> {
    const isWhole = async () => (await this.#unrest(web)).length === 0;
    await until("the system to be whole", isWhole, this.patienceS).catch(async (error: unknown) => {
      throw new Error((await this.#unrest(web)).join("\n"), { cause: error });
    });
    const state = present(await this.state(), "the state");
    const owner = state.owner;
    for (const { pid, instance } of await markedProcesses(owner)) {
      const record = state.instances[instance];
      if (record === undefined) continue;
      assert.equal(record.identity?.pid, pid, `${instance} is the process that is known`);
      assert.deepEqual(await listeningPorts(pid), [record.port], `${instance} listens`);
    }
    assert.deepEqual(await heldLocks(owner), [
      `seaworthy-supervisor-${owner}`,
      `seaworthy-watchdog-${owner}`,
    ]);
    await this.#leftNothing();
    await this.#statusIsTrue(state, web);
    const port = present(state.ports.public[0], "the edge's port");
    for (let request = 0; request < REQUESTS; request += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { connection: "close" },
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      assert.equal(answer.status, 200);
      assert.equal((await answer.text()).trim(), `v${version}`);
    }
  }

  /** Nothing of the system is left but its record and its data. */
  async isGone(): Promise<void> {
    const state = await this.state();
    if (state === undefined) return;
    const isEmpty = async () =>
      (await markedProcesses(state.owner)).length + (await this.#strangers([])).length === 0;
    await until("everything to end", isEmpty, this.patienceS);
    assert.deepEqual(await heldLocks(state.owner), []);
    assert.deepEqual(state.instances, {});
    assert.deepEqual(state.units, {});
    await this.#leftNothing();
    const status = await this.must(["status"]);
    assert.match(status.stdout, /nothing runs/);
    assert.doesNotMatch(status.stdout, /begun and not ended/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const role of ["tool", "calls", "supervisor"] as const) this.fuse(role).disarm();
    await this.rehearsal[Symbol.asyncDispose]();
  }

  /** What is not yet as it should be, as the kernel shows it. */
  async #unrest(web: number): Promise<readonly string[]> {
    const state = await this.state();
    if (state === undefined) return ["there is no state"];
    const marked = await markedProcesses(state.owner);
    const ids = Object.keys(state.instances);
    const found: string[] = [];
    if (ids.length !== web) found.push(`${ids.join()} are known, ${web} wanted`);
    const wanted = new Map([...ids.map((id) => [id, 1] as const), ...OURS]);
    for (const { pid, instance, stopped } of marked) {
      if (!wanted.has(instance)) found.push(`${instance} (pid ${pid}) is not wanted`);
      if (stopped) found.push(`${instance} (pid ${pid}) is stopped`);
    }
    found.push(...(await this.#strangers(marked)));
    for (const [instance, count] of wanted) {
      const seen = marked.filter((one) => one.instance === instance).length;
      if (seen !== count) found.push(`${instance}: ${seen} processes, not ${count}`);
    }
    for (const { id, phase, routed, restarts } of Object.values(state.instances)) {
      if (phase !== "up" || !routed) found.push(`${id} is ${phase}${routed ? "" : ", unrouted"}`);
      if (restarts > 0 && !this.mayRestart) found.push(`${id} was restarted`);
    }
    return found;
  }

  /** What else lives of what was ever started here: a load generator whose drill is dead. */
  async #strangers(known: readonly Marked[]): Promise<readonly string[]> {
    const pids = new Set(known.map(({ pid }) => String(pid)));
    const lines = await this.rehearsal.survivors();
    return lines.filter((line) => !pids.has(line.split(" ")[0] ?? ""));
  }

  async #leftNothing(): Promise<void> {
    const folder = await this.#folder();
    const root = dirname(this.rehearsal.folder);
    assert.deepEqual(await mountsUnder(root), []);
    assert.deepEqual(await halfWritten(folder), []);
    // A switch that had to undo a fault itself leaves behind that it did.
    const faults = await readdir(join(folder, "faults"));
    assert.deepEqual(
      faults.filter((name) => !name.endsWith(".undone")),
      [],
    );
    const journal = await this.journal();
    assert.deepEqual(underWay(journal), undefined);
    assert.deepEqual(openFaults(journal), []);
  }

  async #statusIsTrue(state: SupervisorState, web: number): Promise<void> {
    const { stdout } = await this.must(["status", "--json"]);
    const told: {
      readonly inProgress: unknown;
      readonly units: readonly {
        readonly name: string;
        readonly instances: readonly { id: string; state: string; routed: boolean; pid: number }[];
      }[];
    } = JSON.parse(stdout);
    assert.equal(told.inProgress, null);
    const instances = told.units.find(({ name }) => name === "web")?.instances ?? [];
    assert.equal(instances.length, web);
    for (const { id, state: is, routed, pid } of instances) {
      assert.deepEqual([is, routed, pid], ["ready", true, state.instances[id]?.identity?.pid], id);
    }
  }

  #ranFile(version: number): string {
    return join(this.#fuses, `ran-v${version}`);
  }

  async #folder(): Promise<string> {
    const home = join(this.rehearsal.state, "seaworthy");
    const [name] = await readdir(home);
    return join(home, present(name, "the system's folder"));
  }
}

/** Our own processes of a system that runs: an edge is a holder and a worker. */
const OURS: readonly (readonly [string, number])[] = [
  ["edge", 2],
  ["_supervise", 1],
  ["_watch", 1],
];

function declaration(given: {
  readonly version: number;
  readonly ran: string;
  readonly bad: boolean;
  readonly idempotent: boolean;
}): string {
  const { version, ran, bad, idempotent } = given;
  return JSON.stringify({
    name: "shop",
    services: {
      web: {
        run: { build: bad ? "./apps/never-ready" : "./apps/web", command: ["node", "main.ts"] },
        port: 8080,
        replicas: 2,
        ...{ boot: "6s", drain: "1s", stop: "2s" },
        env: { VERSION: `v${version}`, BOOT_MS: "50" },
        rollout: { strategy: "rolling", surge: 1, bake: "500ms", bakeRequests: 3 },
      },
    },
    jobs: {
      migrate: {
        run: { build: "./apps/migrate", command: ["node", "main.ts"] },
        when: "before-rollout",
        idempotent,
        env: { COUNT: ran },
      },
    },
    edge: { routes: { "/": "web" } },
    objectives: { errors: "1%", latency: { p95: "500ms" } },
    load: { rate: "50/s", mix: [{ GET: "/", weight: 1 }] },
    drills: { warmUp: "500ms", baseline: "1s", window: "3s", freeze: "1s" },
  });
}
