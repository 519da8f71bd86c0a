import type { HaproxyDocument } from "../../../facts/proxies/proxies.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, isRehearsal, listed, pathOf, placesOf } from "./intent.ts";
import { isSaidAnywhere } from "./mentions.ts";
import { commandText, isStore, serversOf, type Server } from "./stores.ts";

export const singleHostHa: FileRule = {
  name: "single-host-ha",
  summary: "what is meant to survive the loss of a host stands on one",
  check: (unit) => [
    ...storesOnOneHost(unit),
    ...oneLoadBalancer(unit),
    ...oneZone(unit),
    ...singleNodes(unit),
  ],
};

const ROLE = new RegExp(
  "(?:^|[-_.])(?:master|slave|primary|secondary|replica|standby|follower|leader|node|shard|" +
    "cluster|sentinel)[-_.]?\\d*(?:$|[-_.])|\\d+$",
  "i",
);

/** Roles of one engine's cluster, all in one Compose project: containers of one host. */
function storesOnOneHost(unit: Unit): readonly Found[] {
  const servers = serversOf(unit).filter(
    (server) =>
      isStore(server) && server.component.platform === "compose" && !isSwarm(unit, server),
  );
  return byFile(servers, ({ component }) => component.at).flatMap((group) => {
    const engines = [...new Set(group.map(({ facts }) => facts.store ?? ""))];
    const clustered = engines.flatMap((engine) => {
      const members = group.filter(({ facts }) => facts.store === engine);
      const roles = members.filter(({ component }) => ROLE.test(component.name));
      const inOne = members.filter((server) => serversInside(server) > 1);
      return roles.length > 1 ? roles : inOne;
    });
    return clustered.length === 0 ? [] : [foundStores(unit, clustered)];
  });
}

function foundStores(unit: Unit, servers: readonly Server[]): Found {
  const places = servers.map(({ component }) => component.at);
  const [first = { file: "", line: 1 }, ...rest] = places;
  const inside = servers.find((server) => serversInside(server) > 1);
  const shown =
    inside === undefined
      ? `${listed(servers.map(({ component }) => component.name))} run on one host`
      : `${inside.component.name}: ${serversInside(inside)} servers of a cluster in one container`;
  return {
    severity: isForProduction(unit, first) ? "warning" : "note",
    message: `${shown}, so the cluster is lost with it`,
    places: placesOf(inside?.component.at ?? first, inside === undefined ? rest : places),
    why:
      "a reboot, a full disk or a dead machine takes primary and replicas at once: the " +
      "copies cost " +
      "memory and save nothing, and no availability target with several nines can hold",
    fix:
      "put the members on different hosts (placement constraints, one Compose file a " +
      "host), or run one and say so",
  };
}

function serversInside({ component }: Server): number {
  return commandText(component).match(/(?:redis|valkey)-server\b/g)?.length ?? 0;
}

function isSwarm(unit: Unit, { component }: Server): boolean {
  const path = pathOf(component.at);
  const text = unit.documents.tree.files.find((file) => file.path === path)?.text ?? "";
  return /swarm|stack/i.test(path) || /placement:|driver:\s*overlay/.test(text);
}

const FAILOVER = new RegExp(
  "keepalived|vrrp|virtual_ipaddress|pacemaker|corosync|heartbeat|\\bECMP\\b|\\bBGP\\b|" +
    "floating.?ip|elastic.?ip|metallb|elbv2|load_?balancers?\\s+create",
  "i",
);

/** HAProxy in front of several hosts, and nothing that takes over from HAProxy itself. */
function oneLoadBalancer(unit: Unit): readonly Found[] {
  if (isSaidAnywhere(unit, FAILOVER)) return [];
  return unit.documents.of("haproxy").flatMap((document): readonly Found[] => {
    if (isRehearsal(document.file.path)) return [];
    const backend = document.sections.find(
      ({ type, lines }) =>
        (type === "backend" || type === "listen") && remoteHosts(unit, lines).length > 1,
    );
    if (backend === undefined) return [];
    const hosts = remoteHosts(unit, backend.lines);
    return [
      {
        severity: "warning",
        message: `one HAProxy stands before ${listed(hosts)}, and nothing takes over from it`,
        places: [at(document.file, backend.line)],
        why:
          `the ${hosts.length} hosts behind it can fail one by one, but when this one is ` +
          "rebooted or " +
          "lost everything is down, until somebody changes DNS",
        fix:
          "a second HAProxy and an address that moves (keepalived with VRRP), or a " +
          "managed balancer",
      },
    ];
  });
}

type Lines = HaproxyDocument["sections"][number]["lines"];

/** Hosts of `server` lines that are no containers beside the proxy. */
function remoteHosts(unit: Unit, lines: Lines): readonly string[] {
  const hosts = lines.flatMap(({ words }) => {
    const [keyword, , address = ""] = words;
    if (keyword !== "server" || words.includes("backup")) return [];
    const host = address.replace(/:\d+$/, "");
    if (/^(?:127\.|localhost$|\[?::1|unix@|\/)/.test(host) || host === "") return [];
    return unit.resolve(host).state === "component" ? [] : [host];
  });
  return [...new Set(hosts)];
}

const MANY_ZONES = /multi-?\s?(?:az|zone)|availability zones|多可用区|跨可用区|regional cluster/i;

/** GKE: `--zone` without node locations puts control plane and nodes into one zone. */
function oneZone(unit: Unit): readonly Found[] {
  return unit.facts.of("step").flatMap(({ expanded, at: place }): readonly Found[] => {
    const [program, service, what, act] = expanded;
    if (program !== "gcloud" || service !== "container" || what !== "clusters") return [];
    const isZonal = expanded.some((word) => word === "--zone" || word.startsWith("--zone="));
    const isWide = expanded.some((word) => /^--(?:region|node-locations)/.test(word));
    if (act !== "create" || !isZonal || isWide) return [];
    const isPromised = isSaidAnywhere(unit, MANY_ZONES);
    return [
      {
        severity: isPromised ? "warning" : "note",
        message: `the cluster stands in one zone${isPromised ? ", and several are promised" : ""}`,
        places: [place],
        why: "when that zone fails, control plane and nodes are gone together",
        fix: "gcloud container clusters create … --region, or --node-locations with three zones",
      },
    ];
  });
}

/** A store that is told to be alone; a note, because that can be what was wanted. */
function singleNodes(unit: Unit): readonly Found[] {
  return serversOf(unit).flatMap(({ component }): readonly Found[] => {
    const type = component.environment.get("discovery.type");
    if (type?.value !== "single-node" || !isForProduction(unit, component.at)) return [];
    return [
      {
        severity: "note",
        message: `${component.name} is a cluster of one node`,
        places: [type.at],
        why:
          "its indices have no replica: a lost disk or a failed start is lost logs or " +
          "lost search",
        fix: "three nodes on three hosts, or snapshots that are restored regularly",
      },
    ];
  });
}
