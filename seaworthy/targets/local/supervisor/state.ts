import { z } from "zod";
import type { Graph, ServiceUnit, Unit } from "../../../plan/graph.ts";
import type { ProcessIdentity } from "../../../record/fault.ts";
import { TargetError } from "../../target.ts";
import { readTextIfThere } from "../durable-file.ts";
import { graphSchema, maybe, serviceUnitSchema, unitSchema } from "../graph-schema.ts";

/** Version of `state.json`; a newer one is refused, an older one is read. */
export const STATE_VERSION = 1;

/**
 * All that a supervisor knows and the next one must. Written before an effect (the intent) and
 * after it; readers without a supervisor (`observe`, `logs`) read the same file.
 */
export interface SupervisorState {
  readonly version: typeof STATE_VERSION;
  /** Names our processes in their environment (`SEAWORTHY_OWNER`). */
  readonly owner: string;
  /** Grows with each lease. */
  readonly epoch: number;
  /** As last defined; undefined before the first `define` and after the last `remove`. */
  readonly graph: Graph | undefined;
  /** As defined before the operation that defined last. */
  readonly before: { readonly operation: string; readonly graph: Graph | undefined } | undefined;
  /**
   * Absolute: where the declaration lay when it was last defined. What it names relative to itself
   * stands so in the graph, or each folder's plan would differ. Undefined: nothing ever needed it.
   */
  readonly systemFolder: string | undefined;
  /** Everything defined and not removed; also what the newest graph no longer names. */
  readonly units: Readonly<Record<string, Unit>>;
  /** `UNIT RELEASE` → what its instances are judged by, where that is not the unit's own. */
  readonly definitions: Readonly<Record<string, ServiceUnit>>;
  readonly instances: Readonly<Record<string, InstanceRecord>>;
  /** Unit → the number its next instance gets; kept for ever. */
  readonly nextInstance: Readonly<Record<string, number>>;
  readonly releases: Readonly<Record<string, CommittedReleases>>;
  readonly scaleOverrides: Readonly<Record<string, number>>;
  /** Job run → what became of it; the key is `JOB RELEASE`, and ` RUN` for one by name. */
  readonly jobs: Readonly<Record<string, JobRecord>>;
  /** Job by schedule → wall clock ms of the last due time that was seen to. */
  readonly schedules: Readonly<Record<string, number>>;
  readonly ports: {
    readonly public: readonly number[];
    readonly inner: Readonly<Record<string, number>>;
  };
  readonly gateway: GatewayRecord;
  /** What takes users' requests where that is not the gateway. */
  readonly front: FrontRecord | undefined;
}

/**
 * `starting`: to be spawned, or spawned and not ready yet. `up`: was ready once. `backing-off`:
 * exited, and waits to be started again. `stopping`: asked to end.
 */
export type InstancePhase = "starting" | "up" | "backing-off" | "stopping";

export interface InstanceRecord {
  readonly id: string;
  readonly unit: string;
  readonly release: string;
  readonly port: number;
  readonly routed: boolean;
  /** Beside the other routed ones of its unit. */
  readonly weight: number;
  /** Why a person took it out of the edge; no switch routes it then. */
  readonly isolated: string | undefined;
  /**
   * Its health check gave it up: though routed, the edge does without it until it was started
   * again. `returning`: it was, and the edge is being told.
   */
  readonly withdrawn?: "out" | "returning" | undefined;
  readonly phase: InstancePhase;
  /** Undefined: the intent to spawn was written, its outcome was not. */
  readonly identity: ProcessIdentity | undefined;
  readonly restarts: number;
  /** RFC 3339: since when this process runs, or this phase lasts. */
  readonly since: string;
  /** Wall clock ms of the last spawn: boot time counts from there, over supervisors too. */
  readonly spawnedWallMs: number;
  readonly because: string | undefined;
}

export interface CommittedReleases {
  readonly committed: string | undefined;
  readonly previous: string | undefined;
}

/** `skipped`: it was due while the run before it had not ended. */
export interface JobRecord {
  readonly job: string;
  readonly release: string;
  /** Of a run by schedule its due time (RFC 3339); undefined for the release's own run. */
  readonly run: string | undefined;
  readonly instance: string;
  readonly outcome: "running" | "done" | "failed" | "unknown" | "skipped";
  /** RFC 3339; undefined where an older version wrote it, or before the end. */
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly identity: ProcessIdentity | undefined;
  readonly because: string | undefined;
}

export interface GatewayRecord {
  /** Undefined: not running, or the intent to start it was written and its outcome was not. */
  readonly identity: ProcessIdentity | undefined;
  /** Of the last configuration that was sent; the next one is greater. */
  readonly generation: number;
  readonly wanted: boolean;
  /** `GATEWAY_VERSION` of the one that runs; undefined: of version 0.1.0. */
  readonly version: number | undefined;
}

export interface FrontRecord {
  readonly provider: "haproxy" | "nginx";
  /** Undefined: not running, or the intent to start it was written and its outcome was not. */
  readonly identity: ProcessIdentity | undefined;
}

export function emptyState(owner: string): SupervisorState {
  return {
    version: STATE_VERSION,
    owner,
    epoch: 0,
    graph: undefined,
    before: undefined,
    systemFolder: undefined,
    units: {},
    definitions: {},
    instances: {},
    nextInstance: {},
    releases: {},
    scaleOverrides: {},
    jobs: {},
    schedules: {},
    ports: { public: [], inner: {} },
    gateway: { identity: undefined, generation: 0, wanted: false, version: undefined },
    front: undefined,
  };
}

/** Nothing of the system is left to be looked after. */
export function isEmpty(state: SupervisorState): boolean {
  return Object.keys(state.units).length === 0 && Object.keys(state.instances).length === 0;
}

/** Undefined when there is none yet; damage and newer versions are refused, never guessed over. */
export async function readState(path: string): Promise<SupervisorState | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const version = versionSchema.safeParse(parseJson(text, path));
  if (version.success && version.data.version > STATE_VERSION) {
    throw new TargetError("too-new", `${path} was written by a newer seaworthy`, {
      fix: "use the newer one, or the one that started this system",
    });
  }
  const parsed = stateSchema.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  throw damaged(path, z.prettifyError(parsed.error));
}

const identitySchema: z.ZodType<ProcessIdentity> = z.object({
  pid: z.number(),
  startTicks: z.string(),
  bootId: z.string(),
});

const instanceSchema: z.ZodType<InstanceRecord> = z.object({
  id: z.string(),
  unit: z.string(),
  release: z.string(),
  port: z.number(),
  routed: z.boolean(),
  // What an older version wrote knows neither.
  weight: z.number().default(1),
  isolated: maybe(z.string()),
  withdrawn: maybe(z.enum(["out", "returning"])),
  phase: z.enum(["starting", "up", "backing-off", "stopping"]),
  identity: maybe(identitySchema),
  restarts: z.number(),
  since: z.string(),
  spawnedWallMs: z.number(),
  because: maybe(z.string()),
});

const jobSchema: z.ZodType<JobRecord> = z.object({
  job: z.string(),
  release: z.string(),
  run: maybe(z.string()),
  instance: z.string(),
  outcome: z.enum(["running", "done", "failed", "unknown", "skipped"]),
  startedAt: maybe(z.string()),
  endedAt: maybe(z.string()),
  identity: maybe(identitySchema),
  because: maybe(z.string()),
});

const versionSchema = z.object({ version: z.number() });

const stateSchema: z.ZodType<SupervisorState> = z.object({
  version: z.literal(STATE_VERSION),
  owner: z.string(),
  epoch: z.number(),
  graph: maybe(graphSchema),
  // What an older version wrote forgot it.
  before: maybe(z.object({ operation: z.string(), graph: maybe(graphSchema) })),
  // What an older version wrote needs none.
  systemFolder: maybe(z.string()),
  units: z.record(z.string(), unitSchema),
  // What an older version wrote judges all by one.
  definitions: z.record(z.string(), serviceUnitSchema).default({}),
  instances: z.record(z.string(), instanceSchema),
  nextInstance: z.record(z.string(), z.number()),
  releases: z.record(
    z.string(),
    z.object({ committed: maybe(z.string()), previous: maybe(z.string()) }),
  ),
  scaleOverrides: z.record(z.string(), z.number()),
  jobs: z.record(z.string(), jobSchema),
  schedules: z.record(z.string(), z.number()).default({}),
  ports: z.object({ public: z.array(z.number()), inner: z.record(z.string(), z.number()) }),
  gateway: z.object({
    identity: maybe(identitySchema),
    generation: z.number(),
    wanted: z.boolean(),
    version: maybe(z.number()),
  }),
  // What an older version wrote knows none.
  front: maybe(
    z.object({
      provider: z.enum(["haproxy", "nginx"]),
      identity: maybe(identitySchema),
    }),
  ),
});

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error));
  }
}

function damaged(path: string, why: string): TargetError {
  return new TargetError("damaged", `${path} cannot be read`, {
    detail: [why],
    fix: "seaworthy doctor --repair says what still runs, and begins anew",
  });
}

/** A record less one key. */
export function without<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

/** The state with one instance changed; as it is when there is no such instance. */
export function withInstance(
  state: SupervisorState,
  id: string,
  change: Partial<InstanceRecord>,
): SupervisorState {
  const record = state.instances[id];
  if (record === undefined) return state;
  return { ...state, instances: { ...state.instances, [id]: { ...record, ...change } } };
}
