import { ok, refuse } from "@seaworthy/std/result";
import { backupField, loggedBackupField } from "./read-backup.ts";
import { choice, duration, integer, notThat, secretName, text } from "./kinds.ts";
import {
  child,
  isRecord,
  notA,
  readItems,
  readLeaf,
  readObject,
  type Fields,
  type Leaf,
  type Site,
} from "./reader.ts";
import { readResourcesField } from "./read-resources.ts";
import type {
  MariadbStore,
  NatsStore,
  OnDegrade,
  PostgresStore,
  Store,
  StoreProvider,
  Synchronous,
  ValkeyStore,
} from "./store.ts";
import type { SecretName } from "./system.ts";

const REPLICAS_MAX = 15;
const CONNECTIONS_MAX = 1_000_000;
const GAPS_MAX = 20;

/** Products by other names than what runs here; the way out says how to go on naming them. */
const OTHER_PRODUCTS: Readonly<Record<string, string>> = {
  mysql: 'Write provider: "mariadb", as: "mysql", and list the `gap`.',
  redis: 'Write provider: "valkey", as: "redis": it speaks the same protocol.',
  rabbitmq: 'Write provider: "nats", as: "rabbitmq", and list the `gap`.',
  rocketmq: 'Write provider: "nats", as: "rocketmq", and list the `gap`.',
  kafka: 'Write provider: "nats", as: "kafka", and list the `gap`.',
};

/** Whose fields are meant when the provider is wrong, so that they are not faults as well. */
const MEANT: Readonly<Record<string, StoreProvider>> = {
  mysql: "mariadb",
  redis: "valkey",
  rabbitmq: "nats",
  rocketmq: "nats",
  kafka: "nats",
};

/**
 * What each provider has unless the declaration says otherwise. Connections are the products' own
 * defaults: PostgreSQL `max_connections` 100, MariaDB `max_connections` 151, Valkey `maxclients`
 * 10000, NATS `max_connections` 65536. Time-outs: Patroni `ttl` 30 s, and never below 20 s (its
 * dynamic_configuration, 3.2); Galera `evs.suspect_timeout` 5 s; MaxScale mariadbmon `failcount` 5
 * × `monitor_interval` 2 s; Valkey 5 s where Sentinel would wait 30 s by itself.
 */
const CONNECTIONS = { postgres: 100, mariadb: 151, valkey: 10_000, nats: 65_536 };
const AFTER = { postgres: 30_000, galera: 5_000, replication: 10_000, valkey: 5_000 };
const AFTER_MIN = { postgres: 20_000, mariadb: 1_000, valkey: 100 };

export function readStore(input: unknown, site: Site, name: string): Store {
  const { log } = site;
  log.source(child(site, "name"), "derived");
  return readObject(input, site, {
    expected: "a store: { provider, … }",
    read: (fields) => {
      const provider = readProvider(fields, input);
      const place = { name, site };
      if (log.describing) for (const one of PROVIDERS) READERS[one](fields, place);
      return READERS[provider](fields, place);
    },
  });
}

const PROVIDERS = ["postgres", "mariadb", "valkey", "nats"] as const;

interface Place {
  readonly name: string;
  readonly site: Site;
}

const READERS: Readonly<Record<StoreProvider, (fields: Fields, place: Place) => Store>> = {
  postgres: readPostgres,
  mariadb: readMariadb,
  valkey: readValkey,
  nats: readNats,
};

function readProvider(fields: Fields, input: unknown): StoreProvider {
  const provider = fields.leaf({
    name: "provider",
    kind: choice(PROVIDERS, OTHER_PRODUCTS),
    means: "What runs: postgres, mariadb, valkey or nats.",
  });
  const written =
    typeof input === "object" && input !== null && "provider" in input ? input.provider : "";
  const isOther = typeof written === "string" && Object.hasOwn(MEANT, written);
  return isOther ? (MEANT[written] ?? provider) : provider;
}

function readPostgres(fields: Fields, { name, site }: Place): PostgresStore {
  const major = fields.leaf({
    name: "version",
    kind: integer({ min: 9, max: 99 }),
    default: 17,
    means: "Its version; of PostgreSQL the major one, as a number.",
  });
  const replicas = readReplicas(fields);
  return {
    name,
    provider: "postgres",
    version: String(major),
    ...readShared(fields, { as: "postgres", connections: CONNECTIONS.postgres }),
    replicas,
    ...readAcknowledgement(fields, { site, replicas }),
    failover: readFailover(fields, AFTER.postgres, AFTER_MIN.postgres),
    backup: loggedBackupField(fields),
  };
}

function readMariadb(fields: Fields, { name, site }: Place): MariadbStore {
  const mode: MariadbStore["mode"] = fields.leaf({
    name: "mode",
    kind: choice(["replication", "galera"]),
    default: "replication",
    means: "How its members stand to each other.",
  });
  const replicas = readReplicas(fields);
  const acknowledgement = readAcknowledgement(fields, { site, replicas });
  if (mode === "galera" && fields.has("synchronous")) {
    const message = "`synchronous` and `galera`: a Galera commit waits for every member anyway";
    const fix = "Remove `synchronous`.";
    site.log.fault(child(site, "synchronous"), { rule: "contradiction", message, fix });
  }
  return {
    name,
    provider: "mariadb",
    mode,
    version: readVersion(fields, "11.4"),
    ...readShared(fields, { as: "mariadb", connections: CONNECTIONS.mariadb }),
    replicas,
    ...acknowledgement,
    failover: readFailover(fields, AFTER[mode], AFTER_MIN.mariadb),
    backup: loggedBackupField(fields),
  };
}

function readValkey(fields: Fields, { name, site }: Place): ValkeyStore {
  const replicas = readReplicas(fields);
  const mode: ValkeyStore["mode"] = fields.leaf({
    name: "mode",
    kind: choice(["standalone", "sentinel", "cluster"]),
    default: replicas === 0 ? "standalone" : "sentinel",
    means: "How its members stand to each other.",
  });
  if (mode === "standalone" && replicas > 0) {
    const message = "`standalone` and `replicas`: nothing would make one of them the primary";
    const fix = 'Write mode: "sentinel", or replicas: 0.';
    site.log.fault(child(site, "mode"), { rule: "contradiction", message, fix });
  }
  const role: ValkeyStore["role"] = fields.leaf({
    name: "role",
    kind: choice(["cache", "state"]),
    default: "state",
    means: "cache: what is lost can be computed again; state: it cannot.",
  });
  return {
    name,
    provider: "valkey",
    mode,
    version: readVersion(fields, "8.1"),
    ...readShared(fields, { as: "valkey", connections: CONNECTIONS.valkey }),
    replicas,
    role,
    persistence: fields.leaf({
      name: "persistence",
      kind: choice(["none", "snapshot", "log"]),
      default: role === "cache" ? "none" : "log",
      means: "What a restart finds: nothing, the last snapshot, or all but the last second.",
    }),
    failover: readFailover(fields, AFTER.valkey, AFTER_MIN.valkey),
    backup: backupField(fields),
  };
}

function readNats(fields: Fields, { name }: Place): NatsStore {
  return {
    name,
    provider: "nats",
    version: readVersion(fields, "2.11"),
    ...readShared(fields, { as: "nats", connections: CONNECTIONS.nats }),
    servers: fields.leaf({
      name: "servers",
      kind: integer({ min: 1, max: REPLICAS_MAX }),
      default: 1,
      means: "Members; streams are kept on a majority of them.",
    }),
    backup: backupField(fields),
  };
}

function readShared(
  fields: Fields,
  fallback: { readonly as: string; readonly connections: number },
): Pick<Store, "as" | "gap" | "external" | "connections" | "resources"> {
  return {
    as: fields.leaf({
      name: "as",
      kind: text("a product's name"),
      default: fallback.as,
      means: "What the design names, where that is another product than the one that runs.",
    }),
    gap: readGap(fields),
    external: fields.maybe({
      name: "external",
      kind: secretReference,
      means: "The secret with its address, when somebody else runs it: checked, never touched.",
    }),
    connections: fields.leaf({
      name: "connections",
      kind: integer({ min: 1, max: CONNECTIONS_MAX }),
      default: fallback.connections,
      means: "Client connections that it takes at a time; the default is the product's own.",
    }),
    resources: readResourcesField(fields),
  };
}

function readGap(fields: Fields): readonly string[] | undefined {
  const expected = 'a list of texts: ["messages with a delay"]';
  return fields.part({
    name: "gap",
    means: "What the design counts on in `as`, and the provider lacks; [] says: nothing.",
    expected,
    read: (input, site) => {
      if (input === undefined && !site.log.describing) {
        site.log.source(site, "default");
        return undefined;
      }
      site.log.source(site, "given");
      const read = (item: unknown, at: Site): string =>
        at.log.describing ? "" : readLeaf(item, at, text("a text"));
      return readItems(input, site, { expected, countMax: GAPS_MAX, read });
    },
  });
}

const SECRET_REFERENCE = 'a secret: secret("NAME"), or { secret: "NAME" }';

const secretReference: Leaf<SecretName> = {
  expected: SECRET_REFERENCE,
  placeholder: "",
  show: (name) => `secret(${JSON.stringify(name)})`,
  parse: (input, log) => {
    const [key, extra] = isRecord(input) ? Object.keys(input) : [];
    const isSecret = isRecord(input) && key === "secret" && extra === undefined;
    if (!isSecret) return refuse(notThat(SECRET_REFERENCE));
    return secretName.parse(input["secret"], log);
  },
};

function readVersion(fields: Fields, fallback: string): string {
  return fields.leaf({
    name: "version",
    kind: text('a version as text, such as "11.4"', (given) => /^\d+(\.\d+){0,3}$/.test(given)),
    default: fallback,
    means: "Its version; as text, since 10.10 would be read as 10.1.",
  });
}

function readReplicas(fields: Fields): number {
  return fields.leaf({
    name: "replicas",
    kind: integer({ min: 0, max: REPLICAS_MAX }),
    default: 0,
    means: "Copies beside the primary.",
  });
}

function readFailover(fields: Fields, fallback: number, min: number): { readonly afterMs: number } {
  return fields.group({
    name: "failover",
    means: "When another member takes over.",
    expected: '{ after: "30s" }',
    read: (inner) => ({
      afterMs: inner.leaf({
        name: "after",
        as: "afterMs",
        kind: duration({ min }),
        default: fallback,
        means: "How long the primary may be silent; the floor is the mechanism's own.",
      }),
    }),
  });
}

function readAcknowledgement(
  fields: Fields,
  store: { readonly site: Site; readonly replicas: number },
): { readonly synchronous: Synchronous | undefined; readonly onDegrade: OnDegrade } {
  const synchronous = fields.maybe({
    name: "synchronous",
    kind: synchronousKind,
    means: 'Which replicas have a commit before it is acknowledged: "any 1" of them.',
  });
  if (synchronous !== undefined && synchronous.replicas > store.replicas) {
    const { replicas } = synchronous;
    const message = `a commit waits for ${replicas} of ${store.replicas} replicas, for ever`;
    const fix = `Write replicas: ${replicas + 1}, so that one of them may be lost.`;
    store.site.log.fault(child(store.site, "synchronous"), {
      rule: "contradiction",
      message,
      fix,
    });
  }
  return {
    synchronous,
    onDegrade: fields.leaf({
      name: "onDegrade",
      kind: choice(["block", "accept"]),
      default: "block",
      means: "Commits while fewer replicas are left than `synchronous` says: they wait, or go on.",
    }),
  };
}

const SYNCHRONOUS = '"any 1" or "first 1": that many replicas';

const synchronousKind: Leaf<Synchronous> = {
  expected: SYNCHRONOUS,
  placeholder: { method: "any", replicas: 0 },
  show: ({ method, replicas }) => JSON.stringify(`${method} ${replicas}`),
  parse: (input) => {
    const [, method, count] = typeof input === "string" ? (SHAPE.exec(input) ?? []) : [];
    const replicas = Number(count);
    if (method !== "any" && method !== "first") return refuse(notA(input, SYNCHRONOUS));
    return ok({ method, replicas });
  },
};

/** As in PostgreSQL's `synchronous_standby_names`, without the names. */
const SHAPE = /^(any|first) ([1-9]\d?)$/;
