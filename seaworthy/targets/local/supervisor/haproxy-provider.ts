import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DrainOutcome } from "@seaworthy/gateway/control";
import { deadline } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { EdgeParts, FrontPlace } from "../../../renderers/edge-parts.ts";
import { serversByBackend } from "../../../renderers/haproxy/backends.ts";
import { renderHaproxy, skeletonHash } from "../../../renderers/haproxy/haproxy.ts";
import { groupRoutes } from "../../../renderers/route-groups.ts";
import { TargetError } from "../../target.ts";
import { signalOne } from "../identity.ts";
import { frontProgram, runFrontProgram } from "../edge-program.ts";
import { layOutFront, pairStamp, withConfiguration } from "../front-files.ts";
import { haproxyControl, type HaproxyControl } from "../haproxy-control.ts";
import { seeHaproxy } from "../haproxy-sight.ts";
import { lastLines } from "../read-logs.ts";
import type { Drain, EdgeProvider, ProviderSight } from "./edge-provider.ts";
import { EdgeProcess } from "./edge-process.ts";
import { serverChanges } from "./haproxy-servers.ts";
import { frontFolder, frontInstance, frontSocket } from "./paths.ts";
import { isFree } from "./ports.ts";
import type { World } from "./world.ts";

/** Starting and reloading take tens of milliseconds; a busy machine takes longer. */
const BOOT_MS = 10_000;
const LOOK_MS = 20;
/** What is removed has connections for a moment after its last request. */
const CUT_MS = 1_000;
const LINES_OF_A_FAILURE = 20;

/**
 * HAProxy in master-worker mode. Which instances take requests is changed while it runs, through
 * its runtime API; anything else is a new file and a reload, whose sockets the workers inherit.
 */
export class HaproxyProvider implements EdgeProvider {
  readonly name = "haproxy";
  readonly instance = frontInstance("haproxy");
  readonly asksInstances = true;
  readonly #world: World;
  readonly #process: EdgeProcess;
  readonly #control: HaproxyControl;
  readonly #place: FrontPlace;
  readonly #file: string;
  #checked: string | undefined;

  constructor(world: World, process: EdgeProcess) {
    this.#world = world;
    this.#process = process;
    const socket = frontSocket(world.folder, "haproxy");
    this.#control = haproxyControl(socket);
    const folder = frontFolder(world.folder, "haproxy");
    this.#file = join(folder, "haproxy.cfg");
    this.#place = { folder, socket, user: undefined };
  }

  isUp(): boolean {
    return this.#process.isUp();
  }

  async check(parts: EdgeParts): Promise<void> {
    const text = renderHaproxy(parts, this.#place);
    // Servers are lines of our own making: what can be refused is the rest, and the certificate.
    const asked = `${skeletonHash(text)} ${await pairStamp(parts.tls)}`;
    if (asked === this.#checked) return;
    // What is refused has laid out its own names: the former must be laid out again.
    this.#checked = undefined;
    await layOutFront(this.#place, parts);
    const file = `${this.#file}.new`;
    await writeFile(file, text, { mode: 0o600 });
    const { code, lines } = await runFrontProgram(
      [this.#program(), "-c", "-f", file],
      this.#place.folder,
    );
    await rm(file, { force: true });
    if (code !== 0) throw refused(lines);
    this.#checked = asked;
  }

  async apply(parts: EdgeParts): Promise<void> {
    await this.check(parts);
    const text = renderHaproxy(parts, this.#place);
    await withConfiguration(this.#file, text, async () => {
      if (!this.isUp()) return await this.#start(text);
      if ((await this.#running()) !== skeletonHash(text)) await this.#reload();
      await this.#serve(parts);
    });
  }

  async reload(parts: EdgeParts): Promise<void> {
    if (!this.isUp()) return await this.apply(parts);
    await this.check(parts);
    const text = renderHaproxy(parts, this.#place);
    await withConfiguration(this.#file, text, async () => {
      await this.#reload();
      await this.#serve(parts);
    });
  }

  /** The master becomes whatever program is installed now, and forks its workers from that. */
  async upgrade(): Promise<void> {
    await this.#reload();
  }

  async look(): Promise<ProviderSight | undefined> {
    const seen = await seeHaproxy(this.#control, this.#world.clock).catch(() => undefined);
    return seen && { ...seen, holder: this.#process.identity() };
  }

  async drain({ instance, deadlineMs }: Drain, signal: AbortSignal): Promise<DrainOutcome> {
    const { clock } = this.#world;
    const startedMs = clock.now();
    const tookMs = (): number => clock.now() - startedMs;
    for (;;) {
      const busy = await this.#busy(instance);
      if (busy.length === 0) return { drained: true, cut: 0, tookMs: tookMs() };
      if (tookMs() >= deadlineMs) {
        for (const { worker, path } of busy) {
          await this.#control.tell(worker, `shutdown sessions server ${path}`);
        }
        await this.#untilIdle(instance);
        const cut = busy.reduce((sum, { sessions }) => sum + sessions, 0);
        return { drained: false, cut, tookMs: tookMs() };
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** The soft stop of HAProxy: workers end when their last connection does. */
  async stopListening(): Promise<void> {
    const { ports, graph } = this.#world.ledger.state;
    const master = this.#process.identity();
    if (master === undefined) return;
    signalOne(master, "SIGUSR1");
    for (const [index, { host }] of (graph?.edge?.listen ?? []).entries()) {
      const port = ports.public[index];
      if (port === undefined) continue;
      await this.#until(`${host}:${port} to be free`, async () =>
        (await isFree(host, port)) ? true : undefined,
      );
    }
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#place.socket, { force: true });
  }

  #program(): string {
    return frontProgram("haproxy", this.#world.environment["PATH"]);
  }

  async #start(text: string): Promise<void> {
    const { folder, socket } = this.#place;
    await this.#process.start({
      command: [
        this.#program(),
        // A master that stays in the foreground, and what its workers log goes where it does.
        ...["-W", "-db", "-S", `${socket},mode,600`],
        ...["-f", this.#file],
      ],
      cwd: folder,
    });
    const wanted = skeletonHash(text);
    await this.#until("haproxy's first worker", async () => {
      if (!this.isUp()) throw await this.#failure("haproxy ended while it started");
      return (await this.#running().catch(() => undefined)) === wanted ? true : undefined;
    });
  }

  /** Resolves when a worker of the file as it is serves; the ones before finish what they have. */
  async #reload(): Promise<void> {
    const before = await this.#control.processes();
    await this.#control.reload();
    await this.#until("haproxy's new worker", async () => {
      const now = await this.#control.processes().catch(() => undefined);
      if (now === undefined) {
        if (!this.isUp()) throw await this.#failure("haproxy ended while it was reloaded");
        return undefined;
      }
      if (now.reloads === before.reloads) return undefined;
      if (now.failedReloads > 0) throw await this.#failure("haproxy refuses to be reloaded");
      const isNew = now.serving.some((pid) => !before.serving.includes(pid));
      return isNew && (await this.#running().catch(() => undefined)) !== undefined
        ? true
        : undefined;
    });
  }

  /** The hash of what the newest worker runs, apart from its servers. */
  async #running(): Promise<string | undefined> {
    const { serving } = await this.#control.processes();
    const worker = serving.at(-1);
    if (worker === undefined) return undefined;
    const { description } = await this.#control.info(worker);
    return description?.replace(/^seaworthy-/, "");
  }

  /** Resolves when every worker sends requests to the routed instances and to no other. */
  async #serve(parts: EdgeParts): Promise<void> {
    const wanted = serversByBackend(groupRoutes(parts));
    const alive = new Set(parts.instances.map(({ id }) => id));
    const { serving, draining } = await this.#control.processes();
    for (const worker of serving) await this.#serveBy(worker, { wanted, alive });
    // One that ends meanwhile needs no routes; connections that it keeps still have requests.
    for (const worker of draining) await this.#serveBy(worker, { wanted, alive }).catch(() => {});
  }

  async #serveBy(worker: number, { wanted, alive }: Wanted): Promise<void> {
    const said: string[] = [];
    for (const { commands } of await this.#changes(worker, { wanted, alive })) {
      for (const command of commands) {
        const answer = (await this.#control.tell(worker, command)).trim();
        if (answer !== "") said.push(`${command}: ${answer}`);
      }
    }
    const left = (await this.#changes(worker, { wanted, alive })).filter((one) => one.isNeeded);
    if (left.length === 0) return;
    throw new TargetError("failed", "haproxy did not take its servers", {
      detail: [...said, ...left.flatMap(({ commands }) => commands.map((one) => `not: ${one}`))],
    });
  }

  async #changes(worker: number, { wanted, alive }: Wanted) {
    return serverChanges(wanted, alive, await this.#control.servers(worker));
  }

  /** Where it has requests or streams with this instance. */
  async #busy(instance: string) {
    const { serving, draining } = await this.#control.processes();
    const busy: { worker: number; path: string; sessions: number }[] = [];
    for (const worker of [...serving, ...draining]) {
      // A worker that ended has nothing any more.
      for (const line of await this.#control.stat(worker).catch(() => [])) {
        const sessions = Number(line["scur"]);
        if (line["svname"] !== instance || sessions === 0) continue;
        busy.push({ worker, path: `${line["pxname"]}/${instance}`, sessions });
      }
    }
    return busy;
  }

  async #untilIdle(instance: string): Promise<void> {
    const options = { clock: this.#world.clock, everyMs: LOOK_MS };
    const signal = deadline(CUT_MS, `the end of ${instance}'s last streams`);
    const idle = async () => ((await this.#busy(instance)).length === 0 ? true : undefined);
    // What outlives it ends with the instance.
    await poll(idle, { ...options, signal }).catch(() => {});
  }

  async #until(what: string, probe: () => Promise<true | undefined>): Promise<void> {
    const signal = deadline(BOOT_MS, what);
    await poll(probe, { clock: this.#world.clock, everyMs: LOOK_MS, signal });
  }

  async #failure(what: string): Promise<TargetError> {
    const { logs } = this.#world.folder;
    return new TargetError("failed", what, {
      detail: await lastLines(logs, this.instance, LINES_OF_A_FAILURE),
      fix: "seaworthy logs edge shows more; what was served before is served on",
    });
  }
}

interface Wanted {
  readonly wanted: ReturnType<typeof serversByBackend>;
  readonly alive: ReadonlySet<string>;
}

function refused(lines: readonly string[]): TargetError {
  return new TargetError("failed", "haproxy refuses the edge as declared", {
    detail: lines,
    fix: "change what it names, or declare another provider; what was served before is served on",
  });
}
