import type { Component, MountFact, PortFact } from "../fact.ts";

/**
 * A service with another file's changes: scalars replace, maps merge, ports and mounts add up, a
 * mount of the same target replaces. (docs.docker.com/reference/compose-file/merge)
 */
export function overlaid(base: Component, over: Component): Component {
  return {
    ...base,
    ...over,
    at: base.at,
    hostNames: [...new Set([...base.hostNames, ...over.hostNames])],
    ports: mergedPorts(base.ports, over.ports),
    environment: new Map([...base.environment, ...over.environment]),
    environmentFiles: [...base.environmentFiles, ...over.environmentFiles],
    mounts: mergedMounts(base.mounts, over.mounts),
    probes: over.probes.length > 0 ? over.probes : base.probes,
    networks: mergedNetworks(base.networks, over.networks),
    hostNetwork: base.hostNetwork || over.hostNetwork,
    dependsOn: [...base.dependsOn, ...over.dependsOn],
    labels: new Map([...base.labels, ...over.labels]),
  };
}

function mergedPorts(base: readonly PortFact[], over: readonly PortFact[]): readonly PortFact[] {
  const same = (a: PortFact, b: PortFact) =>
    a.port === b.port &&
    a.protocol === b.protocol &&
    a.published?.port === b.published?.port &&
    a.published?.address === b.published?.address;
  return [...base.filter((port) => !over.some((other) => same(port, other))), ...over];
}

function mergedMounts(base: readonly MountFact[], over: readonly MountFact[]) {
  const replaced = new Set(over.map(({ target }) => target));
  return [...base.filter(({ target }) => !replaced.has(target)), ...over];
}

function mergedNetworks(base: readonly string[], over: readonly string[]): readonly string[] {
  // "default" stands for "none is written", which changes nothing.
  const written = [...base, ...over].filter((name) => name !== "default");
  return written.length === 0 ? base : [...new Set(written)];
}
