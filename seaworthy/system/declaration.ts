import type { Ref, Reference, Secret, StoreUrl, Text } from "./reference.ts";
import type { StoreDeclaration } from "./store-declaration.ts";

/**
 * The declaration as users write it. Types show what TypeScript can show while one types; every
 * rule, these and the others, is `parse`'s, which reads the same for `.ts`, `.yaml` and `.json`.
 */

/** `"250ms"`, `"10s"`, `"5m"`, `"1h"`, `"7d"`. */
export type Duration = `${number}${"ms" | "s" | "m" | "min" | "h" | "d"}`;
/** `"512MiB"`, `"1GB"`. */
export type Size = `${number}${"B" | "KB" | "MB" | "GB" | "TB" | "KiB" | "MiB" | "GiB" | "TiB"}`;
/** `"99.9%"`. */
export type Percent = `${number}%`;
/** `"200/s"`, `"100/min"`. */
export type Rate = `${number}/${"s" | "min" | "h"}`;
/** `"2x"`. */
export type Factor = `${number}x`;
/** `"/health"`. */
export type UrlPath = `/${string}`;

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** A value of the environment. `Target` are the services and stores it refers to. */
export type EnvironmentInput<Target extends string> =
  | string
  | number
  | boolean
  | Ref<Target>
  | Text<Target>
  | StoreUrl
  | Secret;

export interface ResourcesInput {
  /** Cores: `0.5`. */
  readonly cpu?: number;
  readonly memory?: Size;
}

export type RunInput =
  | { readonly build: string; readonly command: readonly [string, ...string[]] }
  | { readonly image: string; readonly command?: readonly string[] };

export type CheckInput =
  | UrlPath
  | {
      readonly path?: UrlPath;
      readonly every?: Duration;
      readonly timeout?: Duration;
      readonly rise?: number;
      readonly fall?: number;
    };

export interface ServiceDeclaration<Target extends string> {
  readonly run: RunInput;
  /** The port inside a container; on local an instance reads a free one in `PORT`. */
  readonly port?: number;
  /** How many instances run: 1 to 100; default 1. */
  readonly replicas?: number;
  /** Decides about life: failing `fall` times, the instance is restarted. */
  readonly health?: CheckInput;
  /** Decides about routing only. */
  readonly ready?: CheckInput;
  /** How long requests may go on after an instance left the routes; default "10s". */
  readonly drain?: Duration;
  /** From SIGTERM to SIGKILL; default "15s". */
  readonly stop?: Duration;
  /** From start to ready; default "60s". */
  readonly boot?: Duration;
  readonly env?: Readonly<Record<string, EnvironmentInput<Target>>>;
  /** Absolute path inside the instance → text, or data as JSON. */
  readonly files?: Readonly<Record<`/${string}`, Json>>;
  /** Absolute path inside the instance → volume name, and the size of its own file system. */
  readonly volumes?: Readonly<Record<`/${string}`, VolumeInput>>;
  /** What a roll's own probe sends; by default GET on the path of `ready`. */
  readonly probe?: { readonly method?: "GET" | "HEAD"; readonly path?: UrlPath };
  readonly rollout?: {
    readonly strategy?: "rolling" | "blue-green" | "canary";
    /** Of a canary: shares of the requests, rising. Default 5 % and 25 %, 30 s each. */
    readonly steps?: readonly { readonly share: Percent; readonly bake?: Duration }[];
    readonly surge?: number;
    readonly bake?: Duration;
    readonly bakeRequests?: number;
    readonly abort?: { readonly errors?: Percent; readonly p95?: Factor };
  };
  readonly restart?: { readonly backoffFirst?: Duration; readonly backoffMax?: Duration };
  /** What each instance may take. */
  readonly resources?: ResourcesInput;
  /** Connections that each instance keeps at most, by store: the size of its pool. */
  readonly pools?: Readonly<Record<string, number>>;
  /** Drills that must not run here, and why. */
  readonly drills?: { readonly exclude?: Readonly<Record<string, string>> };
}

/** Of a declared size it is a file system of its own, where the machine can: it fills up alone. */
export type VolumeInput = string | { readonly name: string; readonly size?: Size };

export interface JobDeclaration<Target extends string> {
  readonly run: RunInput;
  /** A schedule is five fields of cron, in UTC: `"0 3 * * *"`. */
  readonly when?:
    | "before-rollout"
    | "on-demand"
    | `${string} ${string} ${string} ${string} ${string}`;
  /** It may run again after it was killed half-way. */
  readonly idempotent?: boolean;
  /** Default "10m". */
  readonly deadline?: Duration;
  readonly resources?: ResourcesInput;
  readonly env?: Readonly<Record<string, EnvironmentInput<Target>>>;
}

export type RouteInput<Target extends string> =
  | Target
  | {
      readonly to: Target;
      /** The service honours repeated requests of any method here; retries may follow. */
      readonly idempotent?: boolean;
      readonly timeout?: Duration;
      readonly tryTimeout?: Duration;
      readonly idle?: Duration;
      readonly balance?: "round-robin" | "least-connections" | "consistent-hash";
      /** What a consistent hash goes by; default the client's address. */
      readonly hashBy?: "client" | "path" | `header:${string}` | `cookie:${string}`;
    };

export interface EdgeDeclaration<Target extends string> {
  /** What runs as the edge; haproxy and nginx must be installed. Default "gateway". */
  readonly provider?: "gateway" | "haproxy" | "nginx";
  /** PEM files, relative to the declaration. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Ranges of proxies in front, whose `x-forwarded-for` is believed: `["10.0.0.0/8"]`. */
  readonly trustedProxies?: readonly string[];
  readonly host?: string;
  /** `"127.0.0.1:8080"`; port 0 is a free one. Default `["127.0.0.1:0"]`. */
  readonly listen?: readonly `${string}:${number}`[];
  /** Path prefix → service; the longest prefix wins. */
  readonly routes: Readonly<Record<`/${string}`, RouteInput<Target>>>;
  readonly limits?: {
    readonly body?: Size;
    readonly headers?: Size;
    readonly connections?: number;
    readonly connectionsPerClient?: number;
    /** Requests of one client address: `"100/min"`. */
    readonly rate?: Rate;
    readonly burst?: number;
  };
  readonly timeouts?: {
    readonly connect?: Duration;
    readonly header?: Duration;
    readonly body?: Duration;
    readonly keepAlive?: Duration;
  };
}

type Method = "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE";

/** `{ GET: "/orders", weight: 8 }`: exactly one method. */
export type RequestInput = {
  [Named in Method]: Readonly<Record<Named, UrlPath>> &
    Partial<Readonly<Record<Exclude<Method, Named>, never>>>;
}[Method] & {
  readonly weight?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | { readonly json: Json };
  /** The answer is a stream: cut when its instance dies. */
  readonly stream?: boolean;
  /** Services without which it may fail; all other requests go on when one of them is down. */
  readonly needs?: readonly string[];
};

export interface LoadDeclaration<Target extends string> {
  readonly rate: Rate;
  readonly mix: readonly [RequestInput, ...RequestInput[]];
  readonly timeout?: Duration;
  /** Where writes that took effect can be read back: NDJSON of `{ id, times }`. */
  readonly history?: { readonly service: Target; readonly path: UrlPath };
}

export interface SharedDeclaration<Target extends string> {
  readonly on?: "local" | "docker" | "kubernetes";
  readonly edge?: EdgeDeclaration<Target>;
  readonly objectives?: {
    readonly availability?: Percent;
    readonly latency?: { readonly p95?: Duration; readonly p99?: Duration };
    readonly errors?: Percent;
    /** Client connections held at a time. */
    readonly connections?: number;
    /** `point`: what stores may lose of acknowledged writes, as time. */
    readonly recovery?: { readonly time?: Duration; readonly point?: Duration };
  };
  /** What the machines hold for all instances together. */
  readonly capacity?: ResourcesInput;
  readonly load?: LoadDeclaration<Target>;
  readonly drills?: {
    readonly warmUp?: Duration;
    readonly baseline?: Duration;
    readonly window?: Duration;
    readonly freeze?: Duration;
    /** How often drills are due: `"7d"`. */
    readonly every?: Duration;
    /** Times in which no drill breaks anything, in UTC; what is due then waits. */
    readonly blackouts?: readonly BlackoutInput[];
  };
  readonly secrets?: {
    readonly from: readonly (
      | "env"
      | `dotenv:${string}`
      | `files:${string}`
      | { readonly command: readonly [string, ...string[]] }
    )[];
  };
}

/** A date as `to` is the whole of that day. */
type BlackoutInput =
  | { readonly from: string; readonly to: string }
  | {
      /** When it begins, each time: `"0 18 * * fri"`. */
      readonly cron: `${string} ${string} ${string} ${string} ${string}`;
      readonly for: Duration;
    };

type Names<Units> = keyof Units & string;

export interface SystemDeclaration<Services, Jobs, Stores>
  extends SharedDeclaration<Names<Services>> {
  readonly declarationVersion?: 1;
  readonly name: string;
  readonly services: Services & {
    readonly [Name in keyof Services]: ServiceDeclaration<Names<Services> | Names<Stores>>;
  };
  readonly jobs?: Jobs & {
    readonly [Name in keyof Jobs]: JobDeclaration<Names<Services> | Names<Stores>>;
  };
  /** What keeps data. Checked and explained; no target runs them yet. */
  readonly stores?: Stores & { readonly [Name in keyof Stores]: StoreDeclaration };
  /** What differs: leaves and lists replace, no unit is added or removed. */
  readonly environments?: Readonly<Record<string, EnvironmentDeclaration<Services, Jobs, Stores>>>;
}

export type EnvironmentDeclaration<Services, Jobs, Stores> = Partly<
  SharedDeclaration<Names<Services>>
> & {
  readonly services?: {
    readonly [Name in keyof Services]?: Partly<ServiceDeclaration<Names<Services> | Names<Stores>>>;
  };
  readonly jobs?: {
    readonly [Name in keyof Jobs]?: Partly<JobDeclaration<Names<Services> | Names<Stores>>>;
  };
  readonly stores?: { readonly [Name in keyof Stores]?: Partly<StoreDeclaration> };
};

/** Every field may be left out, all the way down; lists and references are whole. */
export type Partly<Value> = Value extends readonly unknown[] | Reference
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]?: Partly<Value[Key]> }
    : Value;
