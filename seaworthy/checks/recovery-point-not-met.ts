import { formatDuration } from "@seaworthy/std/duration";
import type { Finding } from "../system/finding.ts";
import type { Store } from "../system/store.ts";
import type { Parsed } from "../system/system.ts";
import type { Rule } from "./rule.ts";
import { isKnown, keepsState, membersField } from "./store-facts.ts";

/** One way to lose acknowledged writes, and how many of them, as time. */
interface Loss {
  /** Infinity: all of them. */
  readonly ms: number;
  readonly how: string;
  /** The field that decides. */
  readonly field: string;
  readonly fix: string;
}

/** A promised recovery point against replication, persistence and backups. */
export const recoveryPointNotMet: Rule = {
  name: "recovery-point-not-met",
  check: ({ parsed }) => {
    const promisedMs = parsed.system.objectives.recoveryPointMs;
    if (promisedMs === undefined) return [];
    return Object.values(parsed.system.stores)
      .filter(keepsState)
      .flatMap((store) =>
        lossesOf(store, parsed)
          .filter(({ ms }) => ms > promisedMs)
          .map((loss) => finding(store, loss, promisedMs)),
      );
  },
};

function finding(store: Store, loss: Loss, promisedMs: number): Finding {
  const lost = loss.ms === Infinity ? "all of it" : `up to ${formatDuration(loss.ms)} of writes`;
  const promise = promisedMs === 0 ? "none may be lost" : `at most ${formatDuration(promisedMs)}`;
  return {
    rule: "recovery-point-not-met",
    severity: "error",
    message: `\`${store.name}\` loses ${lost}: ${loss.how}; promised is that ${promise}`,
    places: [{ path: `stores.${store.name}.${loss.field}` }, { path: "objectives.recovery.point" }],
    why: "Clients were told that these writes are safe, and nobody can say which ones are gone.",
    fix: loss.fix,
  };
}

function lossesOf(store: Store, parsed: Parsed): readonly Loss[] {
  const replication = isKnown(parsed, store, membersField(store)) ? failoverLosses(store) : [];
  return [...replication, ...restartLosses(store, parsed), ...backupLosses(store, parsed)];
}

/** Valkey's `min-replicas-max-lag` is 10 s by default; measured in a partition: 10.7 s. */
const VALKEY_LAG_MS = 11_000;

/** JetStream's `sync_interval`; with a majority of servers, one machine's loss costs nothing. */
const JETSTREAM_SYNC_MS = 120_000;

function failoverLosses(store: Store): readonly Loss[] {
  if (store.provider === "nats") {
    if (store.servers >= 3) return [];
    const how = "what it acknowledged reaches the disk every two minutes";
    return [{ ms: JETSTREAM_SYNC_MS, how, field: "servers", fix: "Write servers: 3." }];
  }
  if (store.replicas === 0) return [];
  if (store.provider === "valkey") {
    const how = "its replication is asynchronous";
    const fix = "Keep what must not be lost in a store that acknowledges synchronously.";
    return [{ ms: VALKEY_LAG_MS, how, field: "replicas", fix }];
  }
  if (store.provider === "mariadb" && store.mode === "galera") return [];
  // What the primary wrote until its lease ran out (Patroni, replication_modes).
  const ms = store.failover.afterMs;
  if (store.synchronous === undefined) {
    const how = "a replica takes over that was not waited for (asynchronous)";
    const fix = 'Write synchronous: "any 1".';
    return [{ ms, how, field: "replicas", fix }];
  }
  if (store.onDegrade === "block") return [];
  const how = 'without replicas its commits go on alone (onDegrade: "accept")';
  return [{ ms, how, field: "onDegrade", fix: 'Write onDegrade: "block".' }];
}

/** Valkey's `save 3600 1`: an hour, when little is written; `appendfsync everysec`: a second. */
const SNAPSHOT_MS = 3_600_000;
const EVERYSEC_MS = 1_000;

function restartLosses(store: Store, parsed: Parsed): readonly Loss[] {
  if (store.provider !== "valkey" || !isKnown(parsed, store, "persistence")) return [];
  const field = "persistence";
  const fix = 'Write persistence: "log", or promise a second or more.';
  switch (store.persistence) {
    case "none":
      return [{ ms: Infinity, how: "a restart finds nothing, and replicas copy that", field, fix }];
    case "snapshot":
      return [{ ms: SNAPSHOT_MS, how: "a restart finds the last snapshot", field, fix }];
    case "log": {
      const how = "its log reaches the disk once a second";
      return [{ ms: EVERYSEC_MS, how, field, fix: "Promise a second or more." }];
    }
    default:
      return store.persistence satisfies never;
  }
}

/** Nothing waits until a log that is streamed away has arrived. */
const STREAMED_MS = 1_000;

function backupLosses(store: Store, parsed: Parsed): readonly Loss[] {
  const { backup } = store;
  if (backup === undefined) {
    // What a queue holds is sent again by whoever still has it; few back it up.
    if (store.provider === "nats" || !isKnown(parsed, store, "backup")) return [];
    const how = "there is no backup, and every copy has a person's mistakes at once";
    const fix = 'Write backup: { full: "24h", log: "continuous", to: "s3://…" }.';
    return [{ ms: Infinity, how, field: "backup", fix }];
  }
  if (!("log" in backup) || backup.log.kind === "none") {
    const how = "what came after the last full backup is in no backup";
    const fix = "log" in backup ? 'Write log: "continuous".' : "Back it up that often.";
    return [{ ms: backup.fullEveryMs, how, field: "backup.full", fix }];
  }
  if (backup.log.kind === "every") {
    const how = "the log reaches the backup piece by piece";
    const fix = 'Write log: "continuous".';
    return [{ ms: backup.log.everyMs, how, field: "backup.log", fix }];
  }
  if (store.provider === "nats" || store.replicas > 0) return [];
  const how = "one copy, and no commit waits for the log to arrive elsewhere";
  const fix = 'Write replicas: 2 and synchronous: "any 1".';
  return [{ ms: STREAMED_MS, how, field: "replicas", fix }];
}
