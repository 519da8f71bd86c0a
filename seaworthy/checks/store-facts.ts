import type { Store } from "../system/store.ts";
import type { Parsed } from "../system/system.ts";

/** What follows from how a store is set up. Figures are the mechanisms' own, or were measured. */

/** Of a store that somebody else runs only what is declared is known; a default is no fact. */
export function isKnown({ sources }: Parsed, store: Store, field: string): boolean {
  return store.external === undefined || sources[`stores.${store.name}.${field}`] !== "default";
}

/** False for a cache: what it loses can be computed again. */
export function keepsState(store: Store): boolean {
  return store.provider !== "valkey" || store.role === "state";
}

/** All of its processes that hold data. */
export function members(store: Store): number {
  return store.provider === "nats" ? store.servers : store.replicas + 1;
}

/** The field that says how many there are. */
export function membersField(store: Store): "servers" | "replicas" {
  return store.provider === "nats" ? "servers" : "replicas";
}

/** The field that says when another one takes over. */
export function takeoverField(store: Store): string {
  return store.provider === "nats" ? "servers" : "failover.after";
}

/** How many members may be lost while writes go on, once another one has taken over. */
export function lossesSurvived(store: Store): number {
  switch (store.provider) {
    case "postgres":
      return beyondAcknowledging(store);
    case "mariadb":
      return store.mode === "galera" ? minority(store) : beyondAcknowledging(store);
    case "valkey":
      return store.mode === "standalone" ? 0 : store.replicas;
    case "nats":
      return minority(store);
    default:
      return store satisfies never;
  }
}

/** A majority has to be left: of two, none may be lost. */
function minority(store: Store): number {
  return Math.floor((members(store) - 1) / 2);
}

/** Whoever is lost, primary or replica: as many replicas have to be left as a commit waits for. */
function beyondAcknowledging(store: Extract<Store, { readonly synchronous: unknown }>): number {
  const waitsFor = store.onDegrade === "block" ? (store.synchronous?.replicas ?? 0) : 0;
  return Math.max(0, store.replicas - waitsFor);
}

/** How long writes stand still when the primary is lost. */
export interface Takeover {
  /** The mechanism, in words. */
  readonly how: string;
  readonly worstMs: number;
  /** With the shortest setting that the mechanism takes. */
  readonly floorMs: number;
}

/** Promotion after the lease ran out, measured with Patroni 3.0: 1 to 2 s. */
const PROMOTION_MS = 2_000;
/** Patroni takes no `ttl` below 20 s (dynamic_configuration, 3.2). */
const PATRONI_TTL_MIN_MS = 20_000;
/** Beyond `down-after-milliseconds`, measured with Sentinel 7.0: 1.0 to 1.5 s. */
const SENTINEL_MS = 1_500;
/** Beyond `cluster-node-timeout`: 1 to 2 s (cluster-spec). */
const CLUSTER_MS = 2_000;
/** Beyond `evs.suspect_timeout`, measured with Galera 10.11: 1.4 to 1.6 s. */
const GALERA_MS = 1_600;
/** Below 2 s Galera refused to start with the other time-outs at their defaults. */
const GALERA_SUSPECT_MIN_MS = 2_000;
/** MaxScale mariadbmon: one `monitor_interval` of a second. */
const MONITOR_MIN_MS = 1_000;
/** nats-server `raft.go`: a follower waits 4 to 9 s before it stands for election. */
const RAFT_ELECTION_MS = 9_000;

/** Undefined where nothing takes over. */
export function takeoverOf(store: Store): Takeover | undefined {
  if (lossesSurvived(store) === 0) return undefined;
  switch (store.provider) {
    case "postgres":
      return after(store, { minMs: PATRONI_TTL_MIN_MS, thenMs: PROMOTION_MS });
    case "mariadb":
      return store.mode === "galera"
        ? after(store, { minMs: GALERA_SUSPECT_MIN_MS, thenMs: GALERA_MS })
        : after(store, { minMs: MONITOR_MIN_MS, thenMs: 0 });
    case "valkey": {
      const thenMs = store.mode === "cluster" ? CLUSTER_MS : SENTINEL_MS;
      return after(store, { minMs: 100, thenMs });
    }
    case "nats":
      return { how: "an election", worstMs: RAFT_ELECTION_MS, floorMs: RAFT_ELECTION_MS };
    default:
      return store satisfies never;
  }
}

function after(
  store: Extract<Store, { readonly failover: unknown }>,
  mechanism: { readonly minMs: number; readonly thenMs: number },
): Takeover {
  return {
    how: "silence, then promotion",
    worstMs: store.failover.afterMs + mechanism.thenMs,
    floorMs: Math.min(store.failover.afterMs, mechanism.minMs) + mechanism.thenMs,
  };
}
