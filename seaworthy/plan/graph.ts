import type {
  EnvironmentValue,
  HttpCheck,
  Job,
  PlatformName,
  RolloutSettings,
  Route,
  Run,
  ServiceName,
  Edge,
} from "../system/system.ts";

export type UnitName = string;

/**
 * What a system is on one platform: units that run, an edge with routes, inner routes.
 * Pure data; the same graph is checked, rendered, diffed and applied.
 */
export interface Graph {
  readonly system: string;
  readonly environment: string | undefined;
  readonly platform: PlatformName;
  readonly declarationHash: string;
  readonly units: readonly Unit[];
  readonly edge: Edge | undefined;
  /** One stable address for each service that another unit refers to, and for each roll's probe. */
  readonly innerRoutes: readonly InnerRoute[];
}

/** One kind of process with N instances (architecture §1). Names are unique in a graph. */
export type Unit = ServiceUnit | JobUnit | EdgeUnit;

interface UnitBase {
  readonly name: UnitName;
  readonly run: Run;
  readonly env: Readonly<Record<string, EnvironmentValue>>;
  /** Services whose addresses this unit is given. */
  readonly needs: readonly ServiceName[];
}

export interface ServiceUnit extends UnitBase {
  readonly kind: "service";
  readonly replicas: number;
  readonly port: number;
  readonly files: Readonly<Record<string, string>>;
  readonly volumes: Readonly<Record<string, string>>;
  readonly volumeSizes?: Readonly<Record<string, number>>;
  readonly health: HttpCheck;
  readonly ready: HttpCheck;
  readonly drainMs: number;
  readonly stopMs: number;
  readonly bootMs: number;
  readonly probe: { readonly method: "GET" | "HEAD"; readonly path: string };
  readonly rollout: RolloutSettings;
  readonly restart: { readonly backoffFirstMs: number; readonly backoffMaxMs: number };
  /** What each instance may hold of memory; left out: nobody said. A bake watches it. */
  readonly memoryBytes?: number;
}

export interface JobUnit extends UnitBase {
  readonly kind: "job";
  readonly when: Job["when"];
  readonly schedule: string | undefined;
  readonly idempotent: boolean;
  readonly deadlineMs: number;
}

/** The gateway as a unit, where the platform runs it as one (local). */
export interface EdgeUnit {
  readonly kind: "edge";
  readonly name: UnitName;
}

export interface InnerRoute {
  readonly service: ServiceName;
  /** Calls between services are retried like public ones: safe methods only. */
  readonly route: Route;
}

export const EDGE_UNIT_NAME = "edge";
