/**
 * The canonical form: what a declaration means once every default is explicit and every text with
 * a unit is a number whose name carries the unit. Everything after `system/parse` reads only this.
 */

import type { Store, StoreName } from "./store.ts";

/**
 * Version of the language; a reader refuses a newer one. It stays when fields are added: a reader
 * that does not know a field refuses it by name, so none is ever misled. It goes up when what could
 * be written before means something else.
 */
export const DECLARATION_VERSION = 1;

export type PlatformName = "local" | "docker" | "kubernetes";
export type ServiceName = string;
export type JobName = string;
export type SecretName = string;

export interface System {
  readonly declarationVersion: typeof DECLARATION_VERSION;
  readonly name: string;
  /** Undefined when the declaration has no `environments`. */
  readonly environment: string | undefined;
  readonly platform: PlatformName;
  readonly services: Readonly<Record<ServiceName, Service>>;
  readonly jobs: Readonly<Record<JobName, Job>>;
  /** What keeps data. No target runs them yet; the checks read them. */
  readonly stores: Readonly<Record<StoreName, Store>>;
  readonly edge: Edge | undefined;
  readonly objectives: Objectives;
  readonly load: Load | undefined;
  readonly drills: DrillSettings;
  readonly secrets: { readonly from: readonly SecretProvider[] };
  /** What the machines hold for all instances together. */
  readonly capacity: Resources;
}

/** Undefined: nobody said. */
export interface Resources {
  readonly cpu: number | undefined;
  readonly memoryBytes: number | undefined;
}

export interface Service {
  readonly name: ServiceName;
  readonly run: Run;
  /** The port inside a container. On local, instances get a free port in `PORT` instead. */
  readonly port: number;
  readonly replicas: number;
  readonly health: HttpCheck;
  readonly ready: HttpCheck;
  /** How long in-flight requests and streams may go on after an instance left the routes. */
  readonly drainMs: number;
  /** SIGTERM → SIGKILL. */
  readonly stopMs: number;
  /** Start → ready. */
  readonly bootMs: number;
  readonly env: Readonly<Record<string, DeclaredValue>>;
  /** Absolute path inside the instance → text content, mounted read-only. */
  readonly files: Readonly<Record<string, string>>;
  /** Absolute path inside the instance → volume name, shared by the service's instances. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Volume name → bytes of its own file system; only of those that declare a size. */
  readonly volumeSizes?: Readonly<Record<string, number>>;
  /** What a roll's own probe sends; never unsafe. */
  readonly probe: { readonly method: "GET" | "HEAD"; readonly path: string };
  readonly rollout: RolloutSettings;
  readonly restart: { readonly backoffFirstMs: number; readonly backoffMaxMs: number };
  /** Drill name → why it must not run on this service. */
  readonly drillsExcluded: Readonly<Record<string, string>>;
  /** Of each instance. */
  readonly resources: Resources;
  /** Connections that each instance keeps at most, by store. */
  readonly pools: Readonly<Record<StoreName, number>>;
}

/** What runs: a program with the files of a folder (`build`), or a container image. */
export type Run =
  | {
      readonly kind: "folder";
      readonly build: string;
      readonly command: readonly [string, ...string[]];
    }
  | { readonly kind: "image"; readonly image: string; readonly command: readonly string[] };

export interface HttpCheck {
  readonly path: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Consecutive passes that make it healthy. */
  readonly rise: number;
  /** Consecutive failures that make it unhealthy. */
  readonly fall: number;
}

export interface RolloutSettings {
  /**
   * `rolling`: one instance after the other. `blue-green`: all new ones beside all old ones, then
   * one switch. `canary`: a growing share of the requests, judged against as many old instances
   * that serve at the same time.
   */
  readonly strategy: "rolling" | "blue-green" | "canary";
  /** Shares of the requests that the new release gets, rising; empty unless `canary`. */
  readonly canary: readonly CanaryStep[];
  /** Extra instances allowed while rolling. */
  readonly surge: number;
  readonly bakeMs: number;
  /** Requests a bake must have seen before it may pass; fewer is inconclusive. */
  readonly bakeRequestsMin: number;
  readonly abort: { readonly errorRatio: number; readonly p95Factor: number };
}

/** Each is judged like a bake: `bakeRequestsMin` requests or inconclusive. */
export interface CanaryStep {
  /** 0 to 1, both excluded: all of it is the promotion. */
  readonly share: number;
  readonly bakeMs: number;
}

export interface Job {
  readonly name: JobName;
  readonly run: Run;
  /** `on-demand`: only by `job run`. Every job may be run so. */
  readonly when: "before-rollout" | "schedule" | "on-demand";
  /** Five fields of crontab(5), in UTC; undefined unless `schedule`. */
  readonly schedule: string | undefined;
  readonly idempotent: boolean;
  readonly deadlineMs: number;
  readonly env: Readonly<Record<string, DeclaredValue>>;
  readonly resources: Resources;
}

/** A value of the environment: text, parts to be joined, a secret by name, a service's address. */
export type EnvironmentValue =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "secret"; readonly secret: SecretName }
  | { readonly kind: "url"; readonly service: ServiceName }
  | { readonly kind: "parts"; readonly parts: readonly EnvironmentValue[] };

/** The same before `expand`, which knows where a store's address comes from. */
export type DeclaredValue =
  | Exclude<EnvironmentValue, { readonly kind: "parts" }>
  | { readonly kind: "store"; readonly store: StoreName }
  | { readonly kind: "parts"; readonly parts: readonly DeclaredValue[] };

export interface Edge {
  /** What runs as the edge on local; haproxy and nginx are the machine's own. */
  readonly provider: EdgeProvider;
  readonly host: string | undefined;
  /** Undefined: HTTP in the clear. */
  readonly tls: EdgeTls | undefined;
  /** Address ranges of proxies in front, whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[];
  readonly listen: readonly ListenAddress[];
  /** Longest prefix wins. */
  readonly routes: readonly Route[];
  readonly limits: {
    readonly bodyBytes: number;
    readonly headerBytes: number;
    readonly connections: number;
    /** Of one client address; undefined: no limit of its own. */
    readonly connectionsPerClient: number | undefined;
    /** Requests of one client address: `burst` at once, refilled by `requests` each `perMs`. */
    readonly rate:
      | { readonly requests: number; readonly perMs: number; readonly burst: number }
      | undefined;
  };
  readonly timeouts: {
    readonly connectMs: number;
    readonly headerMs: number;
    readonly bodyMs: number;
    readonly keepAliveMs: number;
  };
}

export type EdgeProvider = "gateway" | "haproxy" | "nginx";

/** PEM files, relative to the declaration: certificate with its chain, and key. */
export interface EdgeTls {
  readonly certificate: string;
  readonly key: string;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: a free one, chosen once and kept. */
  readonly port: number;
}

export interface Route {
  readonly prefix: string;
  readonly to: ServiceName;
  /** Declared, never guessed: the service honours repeated requests; retries may follow. */
  readonly idempotent: boolean;
  /** Whole request including retries, until the response's first byte. */
  readonly timeoutMs: number;
  /** One try, until the response's first byte. */
  readonly tryTimeoutMs: number;
  /** Longest silence inside a response body. */
  readonly idleMs: number;
  readonly balance: "round-robin" | "least-connections" | "consistent-hash";
  /** What `consistent-hash` hashes; undefined unless it. */
  readonly hashBy: HashKey | undefined;
}

export type HashKey =
  | { readonly by: "client" }
  | { readonly by: "path" }
  | { readonly by: "header"; readonly name: string }
  | { readonly by: "cookie"; readonly name: string };

export interface Objectives {
  readonly availability: number | undefined;
  readonly latencyP95Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
  readonly errorRatio: number | undefined;
  readonly recoveryTimeMs: number | undefined;
  readonly recoveryPointMs: number | undefined;
  readonly connections: number | undefined;
}

/** What drills measure; `recovery.point` is checked and not measured yet. */
export type ObjectiveName =
  | "availability"
  | "latency.p95"
  | "latency.p99"
  | "errors"
  | "recovery.time"
  | "connections";

export interface Load {
  readonly ratePerSecond: number;
  readonly mix: readonly LoadRequest[];
  /** Client gives up after this; a timed-out unsafe request is unknown, not failed. */
  readonly timeoutMs: number;
  /** Where the writes that took effect can be read back: one `{"id","times"}` a line (NDJSON). */
  readonly history: { readonly service: ServiceName; readonly path: string } | undefined;
}

/** Losses are counted by class, because what may be retried and what is lost by nature differ. */
export type RequestClass = "safe" | "idempotent" | "unsafe" | "stream";

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly weight: number;
  readonly class: RequestClass;
  /** Services without which it may fail; absent: none, and drills hold it to that. */
  readonly needs?: readonly ServiceName[];
}

/** Windows of a drill; the defaults are those of `resilience.md` §3. */
export interface DrillSettings {
  readonly warmUpMs: number;
  readonly baselineMs: number;
  /** From injection; the ratio of a fault drill is taken over exactly this window. */
  readonly windowMs: number;
  /** How long a freeze lasts before it is undone. */
  readonly freezeMs: number;
  /** How often drills are due; also how long evidence counts. Undefined: never by themselves. */
  readonly everyMs: number | undefined;
  /** Times in which no drill breaks anything; absent: none are declared. */
  readonly blackouts?: readonly Blackout[];
}

/** In UTC: one stretch of time (RFC 3339, `to` excluded), or one that comes again. */
export type Blackout =
  | { readonly kind: "once"; readonly from: string; readonly to: string }
  /** Begins whenever these five fields of crontab(5) are due. */
  | { readonly kind: "recurring"; readonly cron: string; readonly forMs: number };

export type SecretProvider =
  | { readonly kind: "env" }
  | { readonly kind: "dotenv"; readonly path: string }
  /** A folder with one file a secret, as Docker and Kubernetes mount them. */
  | { readonly kind: "files"; readonly folder: string }
  | { readonly kind: "command"; readonly argv: readonly [string, ...string[]] };

/** Where a canonical value came from, by path (`services.api.ready.everyMs`). */
export type Sources = Readonly<Record<string, Source>>;
export type Source = "declared" | "default" | "environment" | "derived";

/** A declaration that was understood. */
export interface Parsed {
  readonly system: System;
  readonly sources: Sources;
  /** SHA-256 of the canonical form: the declaration's identity in plans and evidence. */
  readonly hash: string;
}
