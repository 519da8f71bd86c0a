import type { Resources, SecretName } from "./system.ts";

/** The canonical form of what keeps data. Figures without a source here are `read-store`'s. */

export type StoreName = string;

export type Store = PostgresStore | MariadbStore | ValkeyStore | NatsStore;
export type StoreProvider = Store["provider"];

interface StoreBase {
  readonly name: StoreName;
  readonly version: string;
  /** What the design names; `provider` is what runs. */
  readonly as: string;
  /** What the design counts on and the provider lacks; undefined: nobody said. */
  readonly gap: readonly string[] | undefined;
  /** The secret that holds its address, when somebody else runs it: checked, never touched. */
  readonly external: SecretName | undefined;
  /** Client connections that it takes at a time. */
  readonly connections: number;
  /** Of each of its members. */
  readonly resources: Resources;
}

/** How long a member may be silent before another one takes over. */
interface Failover {
  readonly afterMs: number;
}

/** How many replicas have a commit before it is acknowledged; undefined: none, asynchronous. */
export interface Synchronous {
  readonly method: "any" | "first";
  readonly replicas: number;
}

/** What happens to commits when fewer replicas than that are left. */
export type OnDegrade = "block" | "accept";

export interface PostgresStore extends StoreBase {
  readonly provider: "postgres";
  /** Copies beside the primary. */
  readonly replicas: number;
  readonly synchronous: Synchronous | undefined;
  readonly onDegrade: OnDegrade;
  readonly failover: Failover;
  readonly backup: LoggedBackup | undefined;
}

export interface MariadbStore extends StoreBase {
  readonly provider: "mariadb";
  /** `galera`: every member takes writes, and a majority decides. */
  readonly mode: "replication" | "galera";
  readonly replicas: number;
  readonly synchronous: Synchronous | undefined;
  readonly onDegrade: OnDegrade;
  readonly failover: Failover;
  readonly backup: LoggedBackup | undefined;
}

export interface ValkeyStore extends StoreBase {
  readonly provider: "valkey";
  readonly mode: "standalone" | "sentinel" | "cluster";
  /** Copies beside the primary, or beside each one of a cluster. */
  readonly replicas: number;
  /** `cache`: what is lost can be computed again. */
  readonly role: "cache" | "state";
  /** What a restart finds: nothing, the last snapshot, or the log of at most a second ago. */
  readonly persistence: "none" | "snapshot" | "log";
  readonly failover: Failover;
  readonly backup: Backup | undefined;
}

export interface NatsStore extends StoreBase {
  readonly provider: "nats";
  /** A majority decides; streams are kept on as many. */
  readonly servers: number;
  readonly backup: Backup | undefined;
}

export interface Backup {
  readonly fullEveryMs: number;
  /** How many of each are kept. */
  readonly keep: { readonly daily: number; readonly weekly: number; readonly monthly: number };
  /** A URL without credentials. */
  readonly to: string;
  /** How often a backup is restored and compared. */
  readonly verifyEveryMs: number;
}

export interface LoggedBackup extends Backup {
  readonly log: LogShipping;
}

/** What reaches the backup between two full ones. */
export type LogShipping =
  | { readonly kind: "none" }
  | { readonly kind: "continuous" }
  | { readonly kind: "every"; readonly everyMs: number };
