/**
 * The gateway's own configuration. It knows nothing of the tool; whoever drives it sends whole
 * configurations, never patches: a switch is atomic because there is nothing to merge.
 */
export interface GatewayConfig {
  /** Grows with each configuration; an older one is refused. */
  readonly generation: number;
  readonly listeners: readonly ListenerConfig[];
  readonly pools: readonly PoolConfig[];
  readonly limits: GatewayLimits;
  readonly timeouts: GatewayTimeouts;
  /** Address ranges (`10.0.0.0/8`, `::1/128`) whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[];
  readonly accessLog: string | undefined;
}

/** A socket held by the holder; `name` is its identity over reconfigurations. */
export interface ListenerConfig {
  readonly name: string;
  readonly host: string;
  /** 0: a free port, chosen at first and reported. */
  readonly port: number;
  /**
   * `public`: strips what only the inside may say. `inner`: loopback between services; honours
   * `seaworthy-instance` (a request for exactly that instance, routed or not) and answers with
   * `seaworthy-instance` and `seaworthy-release`.
   */
  readonly kind: "public" | "inner";
  /** Undefined: HTTP in the clear. */
  readonly tls: TlsConfig | undefined;
  /** Longest prefix wins; no match is 404. */
  readonly routes: readonly RouteConfig[];
}

/**
 * PEM files, by absolute path: the key itself stands in no configuration. Read when the
 * configuration is applied and again when they change; a pair that does not load is refused.
 */
export interface TlsConfig {
  /** The server's certificate first, then what leads to its root. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface RouteConfig {
  readonly prefix: string;
  readonly pool: string;
  /** Declared: requests of any method on this route may be repeated. */
  readonly idempotent: boolean;
  /** From the last byte of the request to the head of the answer, over all tries. */
  readonly timeoutMs: number;
  /** The same for one try of a request that may be repeated; others have `timeoutMs` for theirs. */
  readonly tryTimeoutMs: number;
  /** Longest silence inside an answer. */
  readonly idleMs: number;
  readonly balance: "round-robin" | "least-connections" | "consistent-hash";
  /** What `consistent-hash` hashes; without it, or where a request lacks it, the client address. */
  readonly hashBy: HashKey | undefined;
}

export type HashKey =
  | { readonly by: "client" }
  | { readonly by: "path" }
  | { readonly by: "header"; readonly name: string }
  | { readonly by: "cookie"; readonly name: string };

export interface PoolConfig {
  readonly name: string;
  readonly endpoints: readonly EndpointConfig[];
  readonly check: CheckConfig;
}

export interface EndpointConfig {
  /** Instance id: its counters and health live as long as it does, over all generations. */
  readonly id: string;
  readonly release: string;
  readonly host: string;
  readonly port: number;
  /** False: known and checked, but takes no new request except by name on an inner listener. */
  readonly routed: boolean;
  /** Its part of the traffic beside the other routed ones' weights; 0 takes none. */
  readonly weight: number;
  /** Where it is not its pool's: what was started under another check is judged by that one. */
  readonly check?: CheckConfig;
}

/**
 * Active check: `fall` failures in a row take an endpoint out, `rise` passes bring it back. One
 * that never was healthy is looked at every 50 ms at the latest.
 */
export interface CheckConfig {
  readonly path: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
}

export interface GatewayLimits {
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** Open client connections of one listener; more are turned away. */
  readonly connections: number;
  /** Of one client address, on public listeners. */
  readonly connectionsPerClient: number | undefined;
  /** Of one client address, on public listeners; more is answered 429 with `retry-after`. */
  readonly rate: RateLimit | undefined;
}

/** A token bucket: `burst` at once, refilled by `requests` each `perMs`. */
export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
}

export interface GatewayTimeouts {
  readonly connectMs: number;
  /** Request line to last header. */
  readonly headerMs: number;
  /** Longest silence inside a request body. */
  readonly bodyMs: number;
  readonly keepAliveMs: number;
}
