import type { Component, ConnectionLimit } from "../../../facts/fact.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { numberAt, textAt } from "../../../facts/node.ts";
import { at, type Located, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

export const connectionBudgetExceeded: FileRule = {
  name: "connection-budget-exceeded",
  summary: "all instances together open more connections than the other side accepts",
  check: (unit) => [...poolsAgainstDatabase(unit), ...balancerAgainstApplication(unit)],
};

/** Servers that take this many unless they are told otherwise, by the start of the image's name. */
const DEFAULTS = [
  // https://www.postgresql.org/docs/17/runtime-config-connection.html: 3 are kept for superusers.
  { image: /(?:^|\/)(?:postgres|postgis|timescaledb)(?::|$)/, connections: 97, name: "PostgreSQL" },
  // https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_connections
  { image: /(?:^|\/)(?:mysql|mariadb)(?::|$)/, connections: 151, name: "MySQL" },
];

interface Server {
  readonly connections: number;
  readonly at: Location;
  readonly name: string;
}

/** One pool's size is known and one program has it: else nothing can be added up. */
function poolsAgainstDatabase(unit: Unit): readonly Found[] {
  const pools = unit.facts.of("connection-limit").filter(({ side, hop }) => isPool(side, hop));
  const [pool] = pools.toSorted((one, two) => two.connections - one.connections);
  const server = serverOf(unit);
  const instances = instancesOf(unit);
  if (pool === undefined || server === undefined || instances === undefined) return [];
  const wanted = pool.connections * instances.value;
  if (wanted <= server.connections) return [];
  return [
    {
      severity: "warning",
      message:
        `${String(instances.value)} instances with up to ${String(pool.connections)} connections ` +
        `each are ${String(wanted)}; ${server.name} accepts ${String(server.connections)}`,
      places: [pool.at, instances.at, server.at],
      why:
        "at the peak, when all instances are there and busy, the database refuses connections: " +
        "errors begin exactly when the autoscaler tries to help",
      fix:
        `let the pool be at most ${String(Math.floor(server.connections / instances.value))}, ` +
        "raise max_connections, or put a pooler (PgBouncer, ProxySQL) between them",
    },
  ];
}

function isPool(side: ConnectionLimit["side"], hop: ConnectionLimit["hop"]): boolean {
  return side === "pool" && hop === "application";
}

/** What the files say that the database accepts, else what its image does. */
function serverOf(unit: Unit): Server | undefined {
  const written = unit.facts.of("connection-limit").find(({ hop }) => hop === "database");
  if (written !== undefined) {
    return { connections: written.connections, at: written.at, name: "the database" };
  }
  const servers = unit.facts.of("component").flatMap(({ image, command }): readonly Server[] => {
    const known = DEFAULTS.find((one) => one.image.test(image?.value ?? ""));
    if (known === undefined || image === undefined) return [];
    const told = /max[_-]connections=(\d{1,6})/.exec(command?.value.join(" ").slice(0, 4000) ?? "");
    const connections = told === null ? known.connections : Number(told[1]);
    return [{ connections, at: image.at, name: known.name }];
  });
  const [only, second] = servers;
  return second === undefined ? only : undefined;
}

/** How many copies of the one application there are at most. */
function instancesOf(unit: Unit): Located<number> | undefined {
  const most = ofKind(unit.documents, "HorizontalPodAutoscaler").flatMap(({ root, file, line }) => {
    const count = numberAt(root, "spec", "maxReplicas");
    const name = textAt(root, "spec", "scaleTargetRef", "name");
    return count === undefined ? [] : [{ name, value: count, at: at(file, line) }];
  });
  const own = unit.facts.of("component").filter(isApplication);
  const [only, second] = own;
  if (only === undefined || second !== undefined) return undefined;
  return most.find(({ name }) => name === only.name) ?? only.replicas;
}

/** Not a store, a proxy or a watcher out of the box. */
function isApplication({ image, build, workload }: Component): boolean {
  if (workload === "Job" || workload === "CronJob") return false;
  const name = image?.value.replace(/@.*$|:[^/:]*$/, "") ?? "";
  return build !== undefined || !/^[\w-]*$|^(?:bitnami|prom|grafana|library)\//.test(name);
}

/** A balancer that takes fewer than the program behind it: its numbers were never compared. */
function balancerAgainstApplication(unit: Unit): readonly Found[] {
  const limits = unit.facts.of("connection-limit").filter(({ side }) => side === "server");
  const balancer = limits.find(({ hop }) => hop === "haproxy");
  const application = limits.find(({ hop }) => hop === "application");
  if (balancer === undefined || application === undefined) return [];
  if (balancer.connections >= application.connections) return [];
  return [
    {
      severity: "note",
      message:
        `HAProxy takes ${String(balancer.connections)} connections in all, ` +
        `one application behind it ${String(application.connections)}`,
      places: [balancer.at, application.at],
      why: "the balancer is full long before the application is: more instances do not help",
      fix: "set maxconn to what all instances take together, and the file limit (ulimit-n) with it",
    },
  ];
}
