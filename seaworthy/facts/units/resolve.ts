import type { Facts } from "../facts.ts";
import type { Component, HostName } from "../fact.ts";
import type { Resolution } from "../unit.ts";
import { nearestName } from "./nearest-name.ts";

/** Names that engines and clouds give, on every machine. */
const GIVEN = new Set([
  ...["localhost", "localhost.localdomain", "ip6-localhost", "broadcasthost"],
  ...["host.docker.internal", "gateway.docker.internal", "host.containers.internal"],
  ...["kubernetes", "kubernetes.default", "kubernetes.default.svc"],
  ...["kubernetes.default.svc.cluster.local", "metadata.google.internal", "metadata"],
]);
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-f]{0,4}(?::[0-9a-f.]{0,15}){2,9}\]?)$/;
const CLUSTER = /\.svc(?:\.[a-z0-9.-]+)?$/;

/** What names mean in one unit: components, services, hosts outside, or nothing. */
export function resolver(
  facts: Facts,
  everywhere: Facts = facts,
): (host: string, from?: { readonly namespace?: string }) => Resolution {
  const world = worldOf(facts);
  // Rules ask for the same few names again and again, and the nearest name is costly to find.
  const answers = new Map<string, Resolution>();
  return (written, from) => {
    const key = `${from?.namespace ?? ""} ${written}`;
    const found = answers.get(key) ?? resolved(world, written, from?.namespace);
    const known = found.state === "missing" ? (fullyNamed(everywhere, written) ?? found) : found;
    answers.set(key, known);
    return known;
  };
}

/** `api.shop.svc`: in whatever unit its Service is, the cluster is one. */
function fullyNamed(everywhere: Facts, host: string): Resolution | undefined {
  if (!CLUSTER.test(host)) return undefined;
  const [service = "", space] = host.toLowerCase().split(".");
  const name = everywhere
    .of("host-name")
    .find((one) => one.name.toLowerCase() === service && one.namespace === space);
  return name === undefined ? undefined : { state: "name", name };
}

function resolved(world: World, written: string, namespace: string | undefined): Resolution {
  const host = written.trim().toLowerCase().replace(/\.$/, "");
  if (host === "" || isUnknown(host) || GIVEN.has(host) || ADDRESS.test(host)) {
    return { state: "outside" };
  }
  const bare = host.replace(/^tasks\./, "");
  return found(world, bare, namespace) ?? absent(world, bare);
}

/** With a variable or a placeholder in it a name says nothing. */
function isUnknown(host: string): boolean {
  return /[$<>{}%*()‹›\s]/.test(host);
}

interface World {
  readonly components: ReadonlyMap<string, Component>;
  readonly names: ReadonlyMap<string, readonly HostName[]>;
  readonly namespaces: ReadonlySet<string>;
}

function worldOf(facts: Facts): World {
  const components = new Map<string, Component>();
  for (const component of facts.of("component")) {
    for (const name of component.hostNames) {
      if (!components.has(name.toLowerCase())) components.set(name.toLowerCase(), component);
    }
  }
  const hostNames = facts.of("host-name");
  const inNamespaces = [...facts.of("component"), ...hostNames];
  return {
    components,
    names: Map.groupBy(hostNames, ({ name }) => name.toLowerCase()),
    namespaces: new Set(inNamespaces.flatMap(({ namespace }) => namespace ?? [])),
  };
}

function found(world: World, host: string, namespace: string | undefined): Resolution | undefined {
  const component =
    world.components.get(host) ?? world.components.get(firstOf(host)) ?? engineNamed(world, host);
  if (component !== undefined) return { state: "component", component };
  const own = named(world, host, namespace);
  if (own !== undefined) return { state: "name", name: own };
  const parts = host.replace(CLUSTER, "").split(".");
  const [name = "", space] = parts;
  if (space === undefined) return undefined;
  const inside = CLUSTER.test(host) || world.namespaces.has(space);
  const there = inside ? named(world, name, space) : undefined;
  if (there !== undefined) return { state: "name", name: there };
  // A pod of a StatefulSet: `db-0.db`, `db-0.db.shop.svc`.
  if (!/-\d{1,4}$/.test(name)) return undefined;
  return found(world, host.slice(host.indexOf(".") + 1), namespace);
}

/** `shop-api-2` beside the `shop-api-1` that the engine names. */
function firstOf(host: string): string {
  return host.replace(/([-_])\d{1,3}$/, "$11");
}

/**
 * `shop-api-1`, `shop_api_1`: the engine's name for a service without one of its own. The project
 * in front is the folder's name or an option of the command, so that any will do.
 */
function engineNamed({ components }: World, host: string): Component | undefined {
  const [, base = ""] = /^(.{1,120})[-_]\d{1,3}$/.exec(host) ?? [];
  for (const { index } of base.matchAll(/[-_]/g)) {
    const component = components.get(base.slice(index + 1));
    if (component?.platform === "compose" && component.containerName === undefined)
      return component;
  }
  return undefined;
}

function named(world: World, name: string, namespace: string | undefined): HostName | undefined {
  return world.names
    .get(name)
    ?.find(
      (one) =>
        one.namespace === undefined || namespace === undefined || one.namespace === namespace,
    );
}

/** A name with a dot is the internet's, unless it says that it is the cluster's own. */
function absent(world: World, host: string): Resolution {
  const [, space = ""] = host.split(".");
  const isInside = !host.includes(".") || CLUSTER.test(host) || world.namespaces.has(space);
  if (!isInside) return { state: "outside" };
  const elsewhere = world.names.get(host.split(".", 1)[0] ?? "")?.[0];
  if (elsewhere?.namespace !== undefined) {
    return { state: "missing", nearest: `${elsewhere.name}.${elsewhere.namespace}` };
  }
  const known = [...world.components.keys(), ...world.names.keys()];
  return { state: "missing", nearest: nearestName(host, known) };
}
