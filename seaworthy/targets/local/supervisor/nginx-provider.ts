import { rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { DrainOutcome } from "@seaworthy/gateway/control";
import { deadline } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { ProcessIdentity } from "../../../record/fault.ts";
import type { EdgeParts, FrontPlace } from "../../../renderers/edge-parts.ts";
import { generationOf, renderNginx, withoutGeneration } from "../../../renderers/nginx/nginx.ts";
import { TargetError } from "../../target.ts";
import { readTextIfThere } from "../durable-file.ts";
import { frontProgram, runFrontProgram } from "../edge-program.ts";
import { layOutFront, pairStamp, withConfiguration } from "../front-files.ts";
import { isAlive, signalOne } from "../identity.ts";
import { allOf, connectionsTo, nginxGeneration, nginxProcesses, seeNginx } from "../nginx-sight.ts";
import { lastLines } from "../read-logs.ts";
import { describeEnd } from "../spawn-detached.ts";
import type { Drain, EdgeProvider, ProviderSight } from "./edge-provider.ts";
import type { EdgeProcess } from "./edge-process.ts";
import { frontFolder, frontInstance, frontSocket } from "./paths.ts";
import type { World } from "./world.ts";

/** Starting and reloading take tens of milliseconds; a busy machine takes longer. */
const BOOT_MS = 10_000;
const LOOK_MS = 20;
/** Looking for connections reads the kernel's whole table of them. */
const DRAIN_LOOK_MS = 100;
const STOP_MS = 5_000;
const LINES_OF_A_FAILURE = 20;

/**
 * nginx, which asks no instance for its health: whoever gives it parts leaves out those that
 * fail. Every change is a new file and a reload: new workers take the sockets over, and
 * those before serve out what they have.
 */
export class NginxProvider implements EdgeProvider {
  readonly name = "nginx";
  readonly instance = frontInstance("nginx");
  readonly asksInstances = false;
  readonly #world: World;
  readonly #process: EdgeProcess;
  readonly #place: FrontPlace;
  readonly #file: string;
  #checked: string | undefined;

  constructor(world: World, process: EdgeProcess) {
    this.#world = world;
    this.#process = process;
    const folder = frontFolder(world.folder, "nginx");
    this.#file = join(folder, "nginx.conf");
    this.#place = {
      folder,
      socket: frontSocket(world.folder, "nginx"),
      // Its workers would be another user's, who may not look into our folder.
      user: userInfo().uid === 0 ? "root" : undefined,
    };
  }

  isUp(): boolean {
    return this.#process.isUp();
  }

  async check(parts: EdgeParts): Promise<void> {
    const text = renderNginx(parts, this.#place);
    const asked = `${withoutGeneration(text)} ${await pairStamp(parts.tls)}`;
    if (asked === this.#checked) return;
    // What is refused has laid out its own names: the former must be laid out again.
    this.#checked = undefined;
    await layOutFront(this.#place, parts);
    const file = `${this.#file}.new`;
    await writeFile(file, text, { mode: 0o600 });
    const { folder } = this.#place;
    const { code, lines } = await runFrontProgram(
      [this.#program(), "-t", "-q", "-p", folder, "-e", "stderr", "-c", file],
      folder,
    );
    await rm(file, { force: true });
    if (code !== 0) throw refused(lines);
    this.#checked = asked;
  }

  async apply(parts: EdgeParts): Promise<void> {
    await this.check(parts);
    const text = renderNginx(parts, this.#place);
    await this.#adopt();
    if (this.isUp() && (await this.#routesBy(text))) return;
    await withConfiguration(this.#file, text, async () => {
      if (this.isUp()) await this.#reload(text);
      else await this.#start(text);
    });
  }

  async reload(parts: EdgeParts): Promise<void> {
    if (!this.isUp()) return await this.apply(parts);
    await this.check(parts);
    const text = renderNginx(parts, this.#place);
    await withConfiguration(this.#file, text, async () => await this.#reload(text));
  }

  /** Another master starts from what is installed now, has its sockets, and the old one goes. */
  async upgrade(): Promise<void> {
    const old = this.#process.identity();
    if (old === undefined) throw await this.#failure("nginx does not run");
    const before = nginxProcesses(this.#place.folder);
    signalOne(old, "SIGUSR2");
    const next = await this.#until("nginx's next master", async () => {
      const now = nginxProcesses(this.#place.folder);
      const isServing = now.serving.some(({ pid }) =>
        before.serving.every((one) => one.pid !== pid),
      );
      return isServing && now.master?.pid !== old.pid ? now.master : undefined;
    });
    await this.#process.record(next);
    // Ends when its workers have served out what they have.
    signalOne(old, "SIGQUIT");
    await this.#untilDraining(before.serving);
  }

  async look(): Promise<ProviderSight | undefined> {
    const seen = await seeNginx(this.#place);
    return seen && { ...seen, holder: this.#process.identity() };
  }

  /** Only workers before the last reload can have something: those after do not know it. */
  async drain({ instance, deadlineMs }: Drain, signal: AbortSignal): Promise<DrainOutcome> {
    const { clock, ledger } = this.#world;
    const startedMs = clock.now();
    const port = ledger.state.instances[instance]?.port;
    if (port === undefined) return { drained: true, cut: 0, tookMs: 0 };
    for (;;) {
      const { serving, draining } = nginxProcesses(this.#place.folder);
      const open = connectionsTo(port, [...serving, ...draining]);
      const tookMs = clock.now() - startedMs;
      // At the deadline they end with the instance: nginx can be told of no single one.
      if (open === 0 || tookMs >= deadlineMs) return { drained: open === 0, cut: open, tookMs };
      await clock.sleep(DRAIN_LOOK_MS, signal);
    }
  }

  async stopListening(): Promise<void> {
    const { serving } = nginxProcesses(this.#place.folder);
    const master = this.#process.identity();
    if (master !== undefined) signalOne(master, "SIGQUIT");
    await this.#untilDraining(serving);
  }

  async stop(): Promise<void> {
    const { clock } = this.#world;
    const { folder, socket } = this.#place;
    const all = (): readonly ProcessIdentity[] => allOf(nginxProcesses(folder));
    for (const identity of all()) signalOne(identity, "SIGTERM");
    const signal = deadline(STOP_MS, "nginx's end");
    const ended = async () => (all().length === 0 ? true : undefined);
    await poll(ended, { clock, everyMs: LOOK_MS, signal }).catch(() => {});
    for (const identity of all()) signalOne(identity, "SIGKILL");
    // What has not yet given itself a title is found by its mark.
    await this.#process.stop();
    await rm(socket, { force: true });
  }

  #program(): string {
    return frontProgram("nginx", this.#world.environment["PATH"]);
  }

  /** One that a supervisor started which died before it could write so, or after an upgrade. */
  async #adopt(): Promise<void> {
    if (this.isUp()) return;
    const { master } = nginxProcesses(this.#place.folder);
    if (master !== undefined) await this.#process.record(master);
  }

  async #routesBy(text: string): Promise<boolean> {
    const file = await readTextIfThere(this.#file);
    if (file === undefined || withoutGeneration(file) !== withoutGeneration(text)) return false;
    return (await nginxGeneration(this.#place.socket)) === generationOf(file);
  }

  async #start(text: string): Promise<void> {
    const { folder, socket } = this.#place;
    await this.#endOrphans();
    // nginx binds no socket where one lies, whoever left it.
    await rm(socket, { force: true });
    // It forks and ends as soon as it listens, or says why it cannot.
    const starter = await this.#process.spawn({
      command: [this.#program(), "-p", folder, "-e", "stderr", "-c", this.#file],
      cwd: folder,
    });
    const end = await starter.ended;
    if (end.code !== 0) throw await this.#failure(`nginx did not start: it ${describeEnd(end)}`);
    await this.#until("nginx's first answer", async () => {
      await this.#adopt();
      return (await nginxGeneration(socket)) === generationOf(text) ? true : undefined;
    });
  }

  /** Workers whose master was killed accept on: the next one could not listen. */
  async #endOrphans(): Promise<void> {
    const { serving } = nginxProcesses(this.#place.folder);
    for (const worker of serving) signalOne(worker, "SIGQUIT");
    await this.#untilDraining(serving).catch(() => {
      for (const worker of serving) signalOne(worker, "SIGKILL");
    });
  }

  /** Resolves when the new file answers, and nobody accepts any more who has the old one. */
  async #reload(text: string): Promise<void> {
    const { serving } = nginxProcesses(this.#place.folder);
    const master = this.#process.identity();
    if (master === undefined) throw await this.#failure("nginx does not run");
    signalOne(master, "SIGHUP");
    await this.#until("nginx's new workers", async () => {
      if (!isAlive(master)) throw await this.#failure("nginx ended while it was reloaded");
      const generation = await nginxGeneration(this.#place.socket);
      return generation === generationOf(text) ? true : undefined;
    });
    await this.#untilDraining(serving);
  }

  async #untilDraining(workers: readonly ProcessIdentity[]): Promise<void> {
    await this.#until("the end of nginx's former workers", async () => {
      const { serving } = nginxProcesses(this.#place.folder);
      return serving.some(({ pid }) => workers.some((one) => one.pid === pid)) ? undefined : true;
    });
  }

  async #until<Value>(what: string, probe: () => Promise<Value | undefined>): Promise<Value> {
    const signal = deadline(BOOT_MS, what);
    try {
      return await poll(probe, { clock: this.#world.clock, everyMs: LOOK_MS, signal });
    } catch (error) {
      if (error instanceof TargetError) throw error;
      throw await this.#failure(error instanceof Error ? error.message : String(error));
    }
  }

  async #failure(what: string): Promise<TargetError> {
    const { logs } = this.#world.folder;
    return new TargetError("failed", what, {
      detail: await lastLines(logs, this.instance, LINES_OF_A_FAILURE),
      fix: "seaworthy logs edge shows more; what was served before is served on",
    });
  }
}

function refused(lines: readonly string[]): TargetError {
  return new TargetError("failed", "nginx refuses the edge as declared", {
    detail: lines,
    fix: "change what it names, or declare another provider; what was served before is served on",
  });
}
