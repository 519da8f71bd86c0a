import { statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { resolve } from "node:path";
import type { GatewayStatus } from "@seaworthy/gateway/control";
import { deadline, type Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import type { Result } from "@seaworthy/std/result";
import type { Graph, JobUnit, ServiceUnit, Unit, UnitName } from "../../plan/graph.ts";
import type { Observed } from "../../plan/observed.ts";
import type { Fault, FaultHandle, FaultSight } from "../../record/fault.ts";
import type { Release } from "../../record/release.ts";
import type { RecordStore } from "../../record/store.ts";
import type { Step, StepResult } from "../../record/step.ts";
import {
  TargetError,
  type DefineContext,
  type ExecEnd,
  type ExecRequest,
  type Headroom,
  type LeaseOutcome,
  type LeaseOwner,
  type LogLine,
  type LogQuery,
  type Measured,
  type Platform,
  type StepContext,
  type Target,
} from "../target.ts";
import { ensureSupervisor, untilUnsupervised, type SupervisorPlace } from "./ensure-supervisor.ts";
import { possibleFaults } from "./faults/possible.ts";
import { prepareFault } from "./faults/prepare-fault.ts";
import { seeFault } from "./faults/see-fault.ts";
import { FrontCounts, seeEdge, type SeenEdge } from "./edge-sight.ts";
import { execInstance } from "./exec-instance.ts";
import { seeSame } from "./identity.ts";
import { heldMemory } from "./held-memory.ts";
import { measured } from "./measured.ts";
import { observed } from "./observe.ts";
import {
  applyReplySchema,
  defineReplySchema,
  leaseReplySchema,
  releaseReplySchema,
} from "./protocol.ts";
import { logLines } from "./read-logs.ts";
import { lazyRecordFiles } from "./lazy-record.ts";
import { describeRelease, putRelease, type ReleaseContext } from "./release.ts";
import {
  findStateFolder,
  openStateFolder,
  type StateFolder,
  type StateFolderOptions,
} from "./state-folder.ts";
import { openSecretVersions, type SecretVersions } from "./secret-versions.ts";
import { PORT_COUNT } from "./supervisor/ports.ts";
import type { SupervisorClient } from "./supervisor-client.ts";
import { secretsFile, stateFile } from "./supervisor/paths.ts";
import { readState, type SupervisorState } from "./supervisor/state.ts";

/** What a client of this machine needs; given by the composition root. */
export interface LocalOptions {
  /** Where the state lies; made when something is first changed. */
  readonly place: StateFolderOptions;
  /** What declared `build` paths are relative to: the folder of the declaration. */
  readonly systemFolder: string;
  readonly clock: Clock;
  readonly ownCommand: OwnCommand;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Node that `node` means in a declaration (architecture §18). */
  readonly node: { readonly path: string; readonly version: string };
  readonly resolveSecret: (name: string) => Promise<Result<string, string>>;
}

/** Letting go of a lease is answered from memory. */
const LET_GO_MS = 5_000;
/** One ends by itself at most once between two of ours. */
const LEASE_ATTEMPTS = 3;

/**
 * This machine as a target. Reading needs nobody: the state's file, the kernel and the edge are
 * asked. Changing goes through the supervisor, which is started when a lease is asked for.
 */
export async function openLocal(options: LocalOptions): Promise<Target> {
  return new LocalTarget(options, await findStateFolder(options.place));
}

class LocalTarget implements Target {
  readonly #possible = possibleFaults();
  readonly platform: Platform = { name: "local", edge: "gateway", ...this.#possible };
  readonly store: RecordStore;
  readonly #options: LocalOptions;
  #folder: StateFolder | undefined;
  #client: SupervisorClient | undefined;
  readonly #counts = new FrontCounts();

  constructor(options: LocalOptions, folder: StateFolder | undefined) {
    this.#options = options;
    this.#folder = folder;
    this.store = lazyRecordFiles({
      existing: async () => (await this.#found())?.record,
      made: async () => (await this.#made()).record,
    });
  }

  async observe(signal: AbortSignal): Promise<Observed> {
    const state = await this.#state();
    const { status: gateway, ready, notAfter } = await this.#edge(signal, state);
    return observed({ state, gateway, edgeReady: ready, notAfter, see: seeSame });
  }

  async lease(owner: LeaseOwner, signal: AbortSignal): Promise<LeaseOutcome> {
    const place = { ...this.#options, folder: await this.#made() };
    const { client, reply } = await this.#askForLease(place, owner, signal);
    if (!reply.held) {
      client.close();
      return reply;
    }
    this.#client = client;
    const release = async (): Promise<void> => {
      if (this.#client !== client) return;
      this.#client = undefined;
      const { ending } = await letGo(client);
      if (ending) await untilUnsupervised(place);
    };
    const lease = { epoch: reply.epoch, lost: client.lost, [Symbol.asyncDispose]: release };
    return { held: true, lease };
  }

  /** A supervisor that is just ending hangs up; the next one is asked again. */
  async #askForLease(place: SupervisorPlace, owner: LeaseOwner, signal: AbortSignal) {
    for (let attempt = 1; ; attempt += 1) {
      const client = await ensureSupervisor(place, signal);
      try {
        const reply = leaseReplySchema.parse(await client.ask({ call: "lease", owner }, signal));
        return { client, reply };
      } catch (error) {
        client.close();
        if (!client.lost.aborted || signal.aborted || attempt === LEASE_ATTEMPTS) throw error;
      }
    }
  }

  async describe(unit: Unit, signal: AbortSignal): Promise<Release> {
    const folder = await this.#found();
    const known = folder === undefined ? undefined : secretsOf(folder);
    return await describeRelease(
      runnable(unit),
      this.#releaseContext(signal, {
        releasesFolder: folder?.releases ?? "",
        // Nothing is remembered yet: an unused value must not become a version.
        versionOf: async (name, value) => (await known?.peekVersion(name, value)) ?? 1,
      }),
    );
  }

  async put(release: Release, unit: Unit, signal: AbortSignal): Promise<void> {
    const folder = await this.#made();
    const secrets = secretsOf(folder);
    // Also where the release is there already: its secrets may not be.
    for (const name of Object.keys(release.secretVersions)) {
      await secrets.versionOf(name, await this.#secret(name));
    }
    const context = { releasesFolder: folder.releases, versionOf: secrets.versionOf };
    await putRelease(release, runnable(unit), this.#releaseContext(signal, context));
  }

  async define(graph: Graph, context: DefineContext): Promise<void> {
    const { epoch, signal, releases: spoken, operation } = context;
    const systemFolder = resolve(this.#options.systemFolder);
    const call = { call: "define", epoch, graph, systemFolder, spoken, operation } as const;
    const reply = await this.#leased().ask(call, signal);
    defineReplySchema.parse(reply);
  }

  async apply(step: Step, { epoch, signal }: StepContext): Promise<StepResult> {
    const reply = await this.#leased().ask({ call: "apply", epoch, step }, signal);
    return applyReplySchema.parse(reply);
  }

  async headroom(): Promise<Headroom> {
    const state = await this.#state();
    const given = state === undefined ? 0 : Object.keys(state.instances).length;
    const folder = await this.#found();
    const disk = folder === undefined ? undefined : await statfs(folder.root);
    return {
      memoryBytes: freemem(),
      addresses: PORT_COUNT - given,
      // A folder that is not there yet holds nothing that a full disk could hurt.
      ...(disk === undefined ? {} : { diskBytes: disk.bavail * disk.bsize }),
    };
  }

  async measure(unit: UnitName, signal: AbortSignal): Promise<Measured> {
    const state = await this.#state();
    const { status, ready } = await this.#edge(signal, state);
    const folder = this.#folder;
    if (status === undefined || folder === undefined || !ready) {
      throw new TargetError("unreachable", "the edge does not answer: nothing can be measured");
    }
    const counted = await this.#counts.addTo(status, { folder, state });
    return measured(counted, unit, heldMemory(state, unit));
  }

  async prepare(fault: Fault, signal: AbortSignal): Promise<FaultHandle> {
    signal.throwIfAborted();
    const folder = await this.#found();
    return await prepareFault(fault, {
      ...this.#possible,
      state: await this.#state(),
      edge: () => this.#edgeNow(signal),
      volumes: folder?.volumes ?? "",
      clock: this.#options.clock,
    });
  }

  async witness(fault: FaultHandle, signal: AbortSignal): Promise<FaultSight> {
    const folder = await this.#made();
    const site = { ...folder, clock: this.#options.clock };
    return await seeFault(fault, site, () => this.#edgeNow(signal));
  }

  async exec(request: ExecRequest, signal: AbortSignal): Promise<ExecEnd> {
    const folder = await this.#found();
    const state = await this.#state();
    if (folder === undefined || state === undefined) {
      throw new TargetError("no-such-instance", `${request.instance} does not run here`);
    }
    return await execInstance(request, { ...this.#options, folder, state }, signal);
  }

  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    return logLines({ logsFolder: this.#folder?.logs, clock: this.#options.clock, query, signal });
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    client.close();
    await client.closed;
  }

  #releaseContext(signal: AbortSignal, place: ReleasePlace): ReleaseContext {
    const { systemFolder, clock, node, environment } = this.#options;
    return {
      ...{ systemFolder, clock, signal, node, releasesFolder: place.releasesFolder },
      searchPath: environment["PATH"] ?? "",
      secretVersion: async (name) => await place.versionOf(name, await this.#secret(name)),
    };
  }

  async #secret(name: string): Promise<string> {
    const resolved = await this.#options.resolveSecret(name);
    if (resolved.ok) return resolved.value;
    throw new TargetError("secret-missing", resolved.error);
  }

  #leased(): SupervisorClient {
    if (this.#client !== undefined) return this.#client;
    throw new TargetError("fenced", "there is no lease: take one before changing anything");
  }

  async #found(): Promise<StateFolder | undefined> {
    this.#folder ??= await findStateFolder(this.#options.place);
    return this.#folder;
  }

  async #made(): Promise<StateFolder> {
    this.#folder ??= await openStateFolder(this.#options.place);
    return this.#folder;
  }

  async #state(): Promise<SupervisorState | undefined> {
    const folder = await this.#found();
    return folder === undefined ? undefined : await readState(stateFile(folder));
  }

  async #edge(signal: AbortSignal, state: SupervisorState | undefined): Promise<SeenEdge> {
    const folder = this.#folder;
    if (folder === undefined) return { status: undefined, ready: false };
    return await seeEdge({ folder, state, clock: this.#options.clock }, signal);
  }

  async #edgeNow(signal: AbortSignal): Promise<GatewayStatus | undefined> {
    return (await this.#edge(signal, await this.#state())).status;
  }
}

interface ReleasePlace {
  readonly releasesFolder: string;
  readonly versionOf: (name: string, value: string) => Promise<number>;
}

function secretsOf(folder: StateFolder): SecretVersions {
  return openSecretVersions(secretsFile(folder));
}

/** An edge is configured, not released. */
function runnable(unit: Unit): ServiceUnit | JobUnit {
  if (unit.kind !== "edge") return unit;
  throw new TargetError("unsupported", "the edge has no release of its own");
}

async function letGo(client: SupervisorClient) {
  try {
    const signal = deadline(LET_GO_MS, "the end of the lease");
    return releaseReplySchema.parse(await client.ask({ call: "release" }, signal));
  } catch {
    // The connection is the lease: closing it is enough.
    return { ending: false };
  } finally {
    client.close();
    await client.closed;
  }
}
