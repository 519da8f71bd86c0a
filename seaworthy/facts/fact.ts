import type { Located, Location } from "./source.ts";

/**
 * What files say, whatever their format: rules that join formats read only these. Every fact knows
 * where it stands. A reader says what is written and nothing that it guessed: what is not written
 * is `undefined`, never a default of ours.
 */
export type Fact =
  | Component
  | HostName
  | Call
  | Listener
  | ServedPath
  | TimeLimit
  | BodyLimit
  | RateLimit
  | ConnectionLimit
  | EnvironmentRead
  | MetricExported
  | MetricUsed
  | ScrapeJob
  | Alert
  | AlertingTarget
  | DatabaseObject
  | DatabaseUse
  | BuiltImage
  | Step
  | Artefact
  | Schedule
  | Pledge;

export type FactKind = Fact["kind"];
export type FactOf<K extends FactKind> = Extract<Fact, { readonly kind: K }>;

export type Platform = "compose" | "kubernetes" | "docker-run" | "host" | "declared";

/** A process that some file starts: a compose service, a pod's container, a `docker run`. */
export interface Component {
  readonly kind: "component";
  readonly at: Location;
  readonly platform: Platform;
  /** Compose service; workload (with `container` beside it); unit of a declaration. */
  readonly name: string;
  readonly container?: string;
  readonly workload?: "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Pod";
  readonly namespace?: string;
  /** Every name that resolves to it inside its network, `name` among them where it does. */
  readonly hostNames: readonly string[];
  readonly containerName?: Located<string>;
  /** As written, `${…}` with a default replaced by the default. */
  readonly image?: Located<string>;
  /** The folder in the tree where it can be told; `dockerfile` is relative to it, as written. */
  readonly build?: Located<{
    readonly context: string;
    readonly dockerfile?: string;
    readonly target?: string;
  }>;
  readonly replicas?: Located<number>;
  readonly ports: readonly PortFact[];
  readonly environment: ReadonlyMap<string, EnvironmentEntry>;
  /** Files whose variables it is given; paths in the tree as far as they can be resolved. */
  readonly environmentFiles: readonly Located<string>[];
  readonly mounts: readonly MountFact[];
  /** Entrypoint and arguments as words; undefined when the image decides. */
  readonly command?: Located<readonly string[]>;
  readonly user?: Located<string>;
  readonly readOnlyRoot?: Located<boolean>;
  readonly memoryLimitBytes?: Located<number>;
  readonly memoryRequestBytes?: Located<number>;
  readonly probes: readonly ProbeFact[];
  /** Network names of compose; a namespace on Kubernetes. */
  readonly networks: readonly string[];
  readonly hostNetwork: boolean;
  readonly dependsOn: readonly Located<{ readonly name: string; readonly condition?: string }>[];
  readonly stopGraceMs?: Located<number>;
  readonly labels: ReadonlyMap<string, Located<string>>;
  /** Pod annotations; compose has none. */
  readonly annotations: ReadonlyMap<string, Located<string>>;
}

export interface PortFact {
  readonly at: Location;
  /** Inside the container. */
  readonly port: number;
  readonly name?: string;
  readonly protocol: "tcp" | "udp";
  /** Undefined: not reachable from the host. `port` undefined: the engine chooses one. */
  readonly published?: { readonly address?: string; readonly port?: number };
}

export interface EnvironmentEntry {
  readonly at: Location;
  /** As written. Undefined: comes from outside (the shell, a Secret, a ConfigMap key). */
  readonly value?: string;
  readonly from?: {
    readonly kind: "shell" | "secret" | "config-map" | "field" | "file";
    readonly name: string;
    readonly key?: string;
  };
}

export interface MountFact {
  readonly at: Location;
  readonly type: "bind" | "volume" | "tmpfs" | "config-map" | "secret" | "claim" | "empty-dir";
  /** A bind's path as written; the name of a volume, config map, secret or claim otherwise. */
  readonly source?: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ProbeFact {
  readonly at: Location;
  readonly purpose: "liveness" | "readiness" | "startup" | "health";
  readonly check:
    | { readonly type: "http"; readonly path: string; readonly port?: number | string }
    | { readonly type: "tcp"; readonly port?: number | string }
    | { readonly type: "exec"; readonly command: readonly string[] };
  readonly initialDelayMs?: number;
  readonly periodMs?: number;
  readonly timeoutMs?: number;
  readonly failures?: number;
  readonly startPeriodMs?: number;
}

/** A name that resolves without being a component's own: a Service, an extra host, a claim. */
export interface HostName {
  readonly kind: "host-name";
  readonly at: Location;
  readonly name: string;
  readonly namespace?: string;
  readonly platform: Platform;
  /** Components behind it (their names), where that is known. */
  readonly components: readonly string[];
  /** Port of the name → port of the component (a number, or a port's name). */
  readonly ports: readonly { readonly port: number; readonly to: number | string }[];
}

/** One thing talks to another: the consumer's end of a join. */
export interface Call {
  readonly kind: "call";
  readonly at: Location;
  readonly via:
    | "scrape"
    | "alerting"
    | "upstream"
    | "webhook"
    | "probe"
    | "dsn"
    | "script"
    | "configuration"
    | "log-output";
  readonly scheme?: string;
  readonly host: string;
  readonly port?: number;
  readonly path?: string;
  /** Where the name is looked up: inside a container network, in a cluster, or on the host. */
  readonly scope: "network" | "cluster" | "host";
  /** The component that makes the call, where known (the service whose environment says so). */
  readonly component?: string;
}

/** A proxy, ingress or server that accepts connections. */
export interface Listener {
  readonly kind: "listener";
  readonly at: Location;
  readonly by: "haproxy" | "nginx" | "ingress" | "application" | "gateway";
  readonly name: string;
  readonly address?: string;
  readonly port: number;
  readonly tls: boolean;
}

/** A path that a program answers: a route in source code, an actuator path, a proxy's location. */
export interface ServedPath {
  readonly kind: "served-path";
  readonly at: Location;
  readonly by: "application" | "haproxy" | "nginx" | "ingress";
  /** Framework or product, e.g. `flask`, `spring-boot`. */
  readonly framework?: string;
  readonly path: string;
  readonly prefix: boolean;
  /** Set when the answer can only ever be this status. */
  readonly constantStatus?: number;
  /** Names that its checks use and its file never defines: why it can only fail. */
  readonly undefinedNames?: readonly Located<string>[];
  /** What the handler asks before it answers: `database`, `cache`, `disk`, `memory`, `http`. */
  readonly asks: readonly string[];
}

/** How long a hop waits. `of` names whose patience it is. */
export interface TimeLimit {
  readonly kind: "time-limit";
  readonly at: Location;
  /** `gateway`: the edge of a declaration. */
  readonly hop: "haproxy" | "nginx" | "ingress" | "application" | "job" | "gateway";
  readonly of: "client" | "connect" | "read" | "send" | "request" | "work" | "stop";
  readonly ms: number;
}

export interface BodyLimit {
  readonly kind: "body-limit";
  readonly at: Location;
  readonly hop: "haproxy" | "nginx" | "ingress" | "application" | "gateway";
  readonly bytes: number;
}

export interface RateLimit {
  readonly kind: "rate-limit";
  readonly at: Location;
  readonly hop: "haproxy" | "nginx" | "ingress" | "application";
  readonly requests: number;
  readonly windowMs?: number;
  readonly perClient: boolean;
}

export interface ConnectionLimit {
  readonly kind: "connection-limit";
  readonly at: Location;
  readonly hop: "haproxy" | "nginx" | "application" | "database" | "gateway";
  /** `pool`: connections that one instance opens; `server`: connections that a server accepts. */
  readonly side: "pool" | "server";
  readonly connections: number;
}

/** An application reads a variable of its environment. */
export interface EnvironmentRead {
  readonly kind: "environment-read";
  readonly at: Location;
  readonly name: string;
  /** Undefined: none is written, the variable must be there. */
  readonly fallback?: string;
}

/** An application's source makes a metric of its own. */
export interface MetricExported {
  readonly kind: "metric-exported";
  readonly at: Location;
  /** As the exposition shows it, where the source tells: Micrometer's dots become underscores. */
  readonly name: string;
  readonly type?: "counter" | "gauge" | "histogram" | "summary";
  readonly labels?: readonly string[];
}

/** A selector in an alert, a recording rule or a dashboard. */
export interface MetricUsed {
  readonly kind: "metric-used";
  readonly at: Location;
  readonly metric: string;
  readonly in: { readonly type: "alert" | "record" | "panel"; readonly name: string };
  readonly labels: readonly {
    readonly name: string;
    readonly op: string;
    readonly value: string;
  }[];
}

export interface ScrapeJob {
  readonly kind: "scrape-job";
  readonly at: Location;
  readonly job: string;
  readonly path: Located<string>;
  readonly scheme: string;
  readonly targets: readonly Located<string>[];
  /** `kubernetes_sd_configs`, `dns_sd_configs`, `file_sd_configs`… */
  readonly discovery: readonly string[];
  readonly intervalMs?: number;
}

export interface Alert {
  readonly kind: "alert";
  readonly at: Location;
  readonly name: string;
  readonly expression: Located<string>;
  readonly forMs?: number;
  readonly labels: ReadonlyMap<string, Located<string>>;
  readonly annotations: ReadonlyMap<string, Located<string>>;
}

/** Prometheus is told to send alerts here. */
export interface AlertingTarget {
  readonly kind: "alerting-target";
  readonly at: Location;
  readonly target: string;
}

/** A database, user, schema, grant or extension that something creates. */
export interface DatabaseObject {
  readonly kind: "database-object";
  readonly at: Location;
  readonly engine: "postgres" | "mysql" | "unknown";
  readonly object: "database" | "user" | "schema" | "grant" | "extension";
  readonly name: string;
  /** For a grant: to whom; for a schema or database: its owner. */
  readonly role?: string;
  /** For a grant: on what, as written (`DATABASE shop`, `ALL TABLES IN SCHEMA public`). */
  readonly on?: string;
  readonly privileges?: string;
}

/** A client names a database and user: a DSN, Spring's datasource, an environment variable. */
export interface DatabaseUse {
  readonly kind: "database-use";
  readonly at: Location;
  readonly engine: "postgres" | "mysql" | "unknown";
  readonly host?: string;
  readonly database?: string;
  readonly user?: string;
}

/** Something builds or pushes an image: CI, a script, compose. */
export interface BuiltImage {
  readonly kind: "built-image";
  readonly at: Location;
  readonly act: "build" | "push";
  /** As written, variables and all. */
  readonly image: string;
  readonly by: "pipeline" | "script" | "compose";
}

/** One command that a script, a pipeline or a schedule runs. */
export interface Step {
  readonly kind: "step";
  readonly at: Location;
  /** Path of the script or pipeline. */
  readonly script: string;
  /** Function, job or stage it stands in; undefined at the top of a script. */
  readonly within?: string;
  /** Words with quotes removed and variables as written (`$HOME`, `${DB:-shop}`). */
  readonly words: readonly string[];
  /** Words after assignments of known constants were put in; equal to `words` where none is. */
  readonly expanded: readonly string[];
}

/** A file or object that a script writes, prunes, reads back, ships or restores. */
export interface Artefact {
  readonly kind: "artefact";
  readonly at: Location;
  readonly script: string;
  readonly act: "write" | "prune" | "verify" | "ship" | "restore";
  /** Path or pattern with known variables put in: `/backup/db_*.sql.gz`. */
  readonly pattern: string;
  /** What it holds, where the command tells: `postgres`, `mysql`, `redis`, `files:/etc/app`. */
  readonly content?: string;
}

/** Something runs by the clock: a crontab line, a CronJob, a pipeline's schedule. */
export interface Schedule {
  readonly kind: "schedule";
  readonly at: Location;
  readonly cron: string;
  readonly command: string;
  /** At most this long between two runs; undefined when it cannot be told. */
  readonly everyMs?: number;
}

/** A number that a document promises: recovery time, replicas, availability, retention. */
export interface Pledge {
  readonly kind: "pledge";
  readonly at: Location;
  readonly what: "rpo" | "rto" | "availability" | "replicas" | "retention" | "feature";
  /** Milliseconds for times, a ratio for availability, a count for replicas. */
  readonly figure?: number;
  /** What is promised, in the document's words: `autoscaling 2-10`, `multi-AZ`. */
  readonly text: string;
  /** Which promise a `feature` is, whatever the words and language. */
  readonly feature?: Feature;
}

export type Feature =
  | "encryption-at-rest"
  | "autoscaling"
  | "automatic-failover"
  | "several-zones"
  | "blue-green"
  | "rolling-update";
