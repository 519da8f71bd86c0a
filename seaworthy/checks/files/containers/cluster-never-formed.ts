import type { Component } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, listed, pathOf, placesOf } from "./intent.ts";
import { filesWith } from "./mentions.ts";
import { commandText, mountedFiles, serversOf, type Server } from "./stores.ts";

export const clusterNeverFormed: FileRule = {
  name: "cluster-never-formed",
  summary: "nodes are started in cluster mode and nothing ever joins them, or they are too few",
  check: (unit) => [
    ...redisClusters(unit),
    ...nacosClusters(unit),
    ...searchClusters(unit),
    ...replicaSets(unit),
    ...sentinels(unit),
    ...cacheClusters(unit),
  ],
};

function severityAt(unit: Unit, at: Location, worst: "error" | "warning"): Found["severity"] {
  return isForProduction(unit, at) ? worst : "note";
}

const JOINS_REDIS = /--cluster\s+(?:create|add-node)|cluster\s+meet|redis-trib|cluster-create/i;

function redisClusters(unit: Unit): readonly Found[] {
  const nodes = serversOf(unit).filter(
    ({ facts, image }) => facts.store === "redis" && !/redis-cluster/.test(image),
  );
  const clustered = nodes.flatMap((server) => {
    const evidence = clusterEvidence(unit, server);
    return evidence === undefined ? [] : [{ server, ...evidence }];
  });
  return byFile(clustered, ({ server }) => server.component.at).flatMap((group) => {
    const [first, ...rest] = group;
    if (first === undefined) return [];
    const names = listed(group.map(({ server }) => server.component.name));
    const rests = rest.map(({ at }) => at);
    const join = filesWith(unit, JOINS_REDIS);
    const masters = group.reduce((sum, { nodes: count }) => sum + count, 0);
    const said = first.sure ? "in cluster mode" : "called a cluster";
    const never: Found = {
      severity: severityAt(unit, first.at, first.sure ? "error" : "warning"),
      message: `${names}: ${said}, and nothing calls redis-cli --cluster create`,
      places: placesOf(first.at, rests),
      why:
        "no node owns a slot: every command ends with `CLUSTERDOWN Hash slot not served` (or, " +
        "without cluster mode, each node is a store of its own), from the first request on",
      fix:
        `add a job that runs redis-cli --cluster create ${addresses(group)} ` +
        "--cluster-replicas 1",
      cause: `redis-cluster ${pathOf(first.at)}`,
    };
    const tooFew: Found = {
      severity: severityAt(unit, first.at, "warning"),
      message: `${names}: ${masters} nodes are ${Math.min(masters, 3)} masters and no replica`,
      places: placesOf(first.at, rests),
      why:
        "a cluster needs three masters, and each one a replica: without, the loss of one node is " +
        "the loss of its slots, and the whole cluster stops answering",
      fix: "six nodes on three hosts, with --cluster-replicas 1",
    };
    return [...(join.length === 0 ? [never] : []), ...(masters < 6 ? [tooFew] : [])];
  });
}

function addresses(group: readonly { readonly server: Server }[]): string {
  return group.length === 1
    ? "host:port …"
    : group
        .map(({ server }) => `${server.component.name}:6379`)
        .slice(0, 3)
        .join(" ") + " …";
}

interface Evidence {
  readonly at: Location;
  readonly nodes: number;
  /** Said by an option; otherwise only by a comment above the service. */
  readonly sure: boolean;
}

function clusterEvidence(unit: Unit, { component }: Server): Evidence | undefined {
  const enabled = /cluster-enabled["']?[ =]+["']?yes/;
  const text = commandText(component);
  const nodes = Math.max(1, text.match(/redis-server\b/g)?.length ?? 1);
  if (enabled.test(text) && component.command !== undefined) {
    return { at: component.command.at, nodes, sure: true };
  }
  const isConfigured = mountedFiles(unit, component).some((file) => enabled.test(file.text));
  if (isConfigured) return { at: component.at, nodes, sure: true };
  const comment = commentAbove(unit, component);
  const isNode = /\D[1-9]\d*$/.test(component.name);
  if (!isNode || !/cluster|集群|クラスタ|кластер/i.test(comment)) return undefined;
  return { at: component.at, nodes: 1, sure: false };
}

/** The comment that stands above the group of services in which this one is. */
function commentAbove(unit: Unit, { at, name }: Component): string {
  const document = unit.documents.of("compose").find(({ file }) => file.path === pathOf(at));
  if (document === undefined) return "";
  const stem = name.replace(/[-_]?(?:node)?[-_]?\d+$/i, "");
  const first = document.services.find((service) => service.name.startsWith(stem));
  const lines = document.file.text.split("\n", 20_000);
  const index = lines.findIndex((line) => line.trim() === `${first?.name ?? name}:`);
  const above = lines.slice(Math.max(0, index - 3), Math.max(0, index));
  return above.filter((line) => line.trimStart().startsWith("#")).join(" ");
}

/** nacos-docker writes cluster.conf from NACOS_SERVERS. */
function nacosClusters(unit: Unit): readonly Found[] {
  return serversOf(unit).flatMap(({ component, facts }): readonly Found[] => {
    const mode = component.environment.get("MODE");
    if (facts.store !== "nacos" || mode?.value !== "cluster") return [];
    const isListed = ["NACOS_SERVERS", "MEMBER_LIST"].some((name) =>
      component.environment.has(name),
    );
    const isMounted = component.mounts.some(({ target }) => target.includes("cluster.conf"));
    if (isListed || isMounted || component.replicas !== undefined) return [];
    return [
      {
        severity: severityAt(unit, mode.at, "warning"),
        message: `${component.name}: MODE=cluster without NACOS_SERVERS`,
        places: [mode.at],
        why:
          "the node waits for members that nobody names: no leader is elected, and every service " +
          "that registers there is refused",
        fix: "list three nodes in NACOS_SERVERS (host:8848 …), or set MODE: standalone",
      },
    ];
  });
}

/** Several Elasticsearch nodes of one cluster name need seeds, and once the first masters. */
function searchClusters(unit: Unit): readonly Found[] {
  const nodes = serversOf(unit).filter(
    ({ facts, component }) => facts.store === "elasticsearch" && component.platform === "compose",
  );
  return byFile(nodes, ({ component }) => component.at).flatMap((group): readonly Found[] => {
    const named = group.filter(({ component }) => component.environment.has("cluster.name"));
    const [first, ...rest] = named;
    if (first === undefined || rest.length === 0) return [];
    const has = ({ component }: Server, name: string) => component.environment.has(name);
    const alone = named.filter(
      (server) =>
        !has(server, "discovery.seed_hosts") && !has(server, "discovery.zen.ping.unicast.hosts"),
    );
    const isConfigured = named.some(({ component }) =>
      component.mounts.some(({ target }) => target.endsWith(".yml")),
    );
    if (alone.length === 0 || isConfigured) return [];
    return [
      {
        severity: severityAt(unit, first.component.at, "error"),
        message:
          `${listed(alone.map(({ component }) => component.name))} know no ` +
          "discovery.seed_hosts",
        places: placesOf(
          first.component.at,
          rest.map(({ component }) => component.at),
        ),
        why:
          "each node forms a cluster of one: writes go to whichever was asked, searches " +
          "miss half",
        fix: "set discovery.seed_hosts to the other nodes, and cluster.initial_master_nodes once",
      },
    ];
  });
}

function replicaSets(unit: Unit): readonly Found[] {
  const nodes = serversOf(unit).filter(
    ({ facts, component }) => facts.store === "mongo" && /--replSet\b/.test(commandText(component)),
  );
  const [first, ...rest] = nodes;
  if (first === undefined) return [];
  if (filesWith(unit, /rs\.initiate|replSetInitiate|replicaSetHorizons/).length > 0) return [];
  const place = first.component.command?.at ?? first.component.at;
  return [
    {
      severity: severityAt(unit, place, "error"),
      message:
        `${listed(nodes.map(({ component }) => component.name))} start with ` +
        "--replSet, and nothing initiates the set",
      places: placesOf(
        place,
        rest.map(({ component }) => component.command?.at ?? component.at),
      ),
      why: "no primary is ever elected: every write ends with NotWritablePrimary",
      fix: "run rs.initiate({ _id, members }) once after the start, as a job or a health check",
    },
  ];
}

/** Sentinels that have nothing to promote. */
function sentinels(unit: Unit): readonly Found[] {
  const watching = unit.facts
    .of("component")
    .filter(
      ({ platform, image, command, name }) =>
        platform === "compose" &&
        /redis|valkey/.test(image?.value ?? "") &&
        (/sentinel/.test(command?.value.join(" ") ?? "") || /sentinel/.test(image?.value ?? name)),
    );
  return byFile(watching, ({ at }) => at).flatMap((group): readonly Found[] => {
    const [first, ...rest] = group;
    if (first === undefined) return [];
    if (
      filesWith(unit, /(?:\breplicaof|\bslaveof|REPLICATION_MODE=?:?\s*["']?(?:slave|replica))\b/i)
        .length > 0
    ) {
      return [];
    }
    return [
      {
        severity: severityAt(unit, first.at, "warning"),
        message: `${listed(group.map(({ name }) => name))} watch a Redis that has no replica`,
        places: placesOf(
          first.at,
          rest.map(({ at }) => at),
        ),
        why:
          "when the master fails there is nothing to promote: the sentinels agree, and " +
          "stay down",
        fix: "add at least one server with --replicaof, on another host than the master",
      },
    ];
  });
}

/** AWS: a Redis cache cluster has one node; several make a replication group. */
function cacheClusters(unit: Unit): readonly Found[] {
  return unit.facts.of("step").flatMap(({ expanded, at }): readonly Found[] => {
    if (!expanded.includes("elasticache") || !expanded.includes("create-cache-cluster")) return [];
    const option = (name: string) =>
      expanded[expanded.indexOf(name) + 1] ??
      expanded.find((word) => word.startsWith(`${name}=`))?.split("=")[1];
    const engine = expanded.includes("--engine") ? option("--engine") : undefined;
    const count = expanded.includes("--num-cache-nodes") ? option("--num-cache-nodes") : undefined;
    if (engine !== "redis" && engine !== "valkey") return [];
    if (count === undefined || !(Number(count) > 1)) return [];
    return [
      {
        severity: "error",
        message: `a cache cluster of ${engine} has one node, and ${count} are asked for`,
        places: [at],
        why: "the command is refused, so there is no cache; with one node there is no failover",
        fix:
          `aws elasticache create-replication-group --num-cache-clusters ${count} ` +
          "--automatic-failover-enabled",
      },
    ];
  });
}
