import type { ResourcesInput, Duration } from "./declaration.ts";
import type { Secret, StoreUrl } from "./reference.ts";

/** Stores as users write them; `read-store` knows every rule and default. */

interface StoreShared {
  /** What the design names, where that is another product: `"rocketmq"`. */
  readonly as?: string;
  /** What the design counts on in `as`, and the provider lacks; `[]` says: nothing. */
  readonly gap?: readonly string[];
  /** `secret("DATABASE_URL")`: somebody else runs it; it is checked, and never touched. */
  readonly external?: Secret;
  /** Client connections that it takes at a time. */
  readonly connections?: number;
  readonly resources?: ResourcesInput;
}

interface FailoverInput {
  readonly after?: Duration;
}

interface BackupInput {
  /** From one full backup to the next. */
  readonly full: Duration;
  readonly keep?: {
    readonly daily?: number;
    readonly weekly?: number;
    readonly monthly?: number;
  };
  /** `"s3://bucket/path"`; credentials are secrets and stand elsewhere. */
  readonly to: string;
  /** How often one is restored and compared; default "7d". */
  readonly verify?: Duration;
}

interface LoggedBackupInput extends BackupInput {
  /** What is kept of the changes between two full ones; default "none". */
  readonly log?: "continuous" | "none" | Duration;
}

/** How many replicas have a commit before it is acknowledged. */
type SynchronousInput = `${"any" | "first"} ${number}`;

export interface PostgresDeclaration extends StoreShared {
  readonly version?: number;
  /** Copies beside the primary; default 0. */
  readonly replicas?: number;
  readonly synchronous?: SynchronousInput;
  /** Commits while fewer replicas are left than that: they wait, or go on; default "block". */
  readonly onDegrade?: "block" | "accept";
  readonly failover?: FailoverInput;
  readonly backup?: LoggedBackupInput;
}

export interface MariadbDeclaration extends StoreShared {
  readonly version?: string;
  readonly mode?: "replication" | "galera";
  /** Members beside the first; default 0. */
  readonly replicas?: number;
  readonly synchronous?: SynchronousInput;
  readonly onDegrade?: "block" | "accept";
  readonly failover?: FailoverInput;
  readonly backup?: LoggedBackupInput;
}

export interface ValkeyDeclaration extends StoreShared {
  readonly version?: string;
  readonly mode?: "standalone" | "sentinel" | "cluster";
  /** Copies beside the primary; default 0. */
  readonly replicas?: number;
  /** `cache`: what is lost can be computed again; default "state". */
  readonly role?: "cache" | "state";
  readonly persistence?: "none" | "snapshot" | "log";
  readonly failover?: FailoverInput;
  readonly backup?: BackupInput;
}

export interface NatsDeclaration extends StoreShared {
  readonly version?: string;
  /** Members; a majority of them decides; default 1. */
  readonly servers?: number;
  readonly backup?: BackupInput;
}

export type StoreDeclaration =
  | (PostgresDeclaration & { readonly provider: "postgres" })
  | (MariadbDeclaration & { readonly provider: "mariadb" })
  | (ValkeyDeclaration & { readonly provider: "valkey" })
  | (NatsDeclaration & { readonly provider: "nats" });

/** A store with its address, for `env`. */
export type Declared<Store> = Store & { readonly url: StoreUrl };
