import type { Call, Component } from "../../../facts/fact.ts";
import { servicesOf } from "../../../facts/kubernetes/services.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { clusterHost, configuredCalls, isTelemetry } from "./cluster-hosts.ts";
import { mayComeFrom } from "./openness.ts";

export const namesFromOtherPlatform: FileRule = {
  name: "names-from-other-platform",
  summary: "a pod is told a host name that only Docker Compose knows, or the other way round",
  check: (unit) => [...composeNamesInCluster(unit), ...clusterNamesInCompose(unit)],
};

interface Foreign {
  readonly call: Call;
  readonly component: Component;
}

function composeNamesInCluster(unit: Unit): readonly Found[] {
  const foreign = configuredCalls(unit).flatMap(({ call, namespace }): readonly Foreign[] => {
    const host = clusterHost(unit, call, namespace);
    return host.state === "other-platform" ? [{ call, component: host.component }] : [];
  });
  return [...Map.groupBy(foreign, ({ call }) => call.at.as ?? call.at.file).values()].flatMap(
    (group) => ofFile(unit, group),
  );
}

function ofFile(unit: Unit, group: readonly Foreign[]): readonly Found[] {
  const [first, ...others] = group;
  if (first === undefined) return [];
  const hosts = group.map(({ call }) => call.host);
  const edge =
    hosts.map((host) => mayComeFrom(unit, host)).find((found) => found !== undefined) ??
    templatedService(unit);
  const { component } = first.call;
  const who = component === undefined ? "pods are" : `${component} is`;
  const sample = isSample(first.call.at.as ?? first.call.at.file);
  return [
    {
      severity: edge !== undefined || sample || hosts.every(isTelemetry) ? "note" : "error",
      message:
        `${who} told to call ${listed(hosts)}, ` +
        `which are names of Docker Compose: no Service in the cluster bears them`,
      places: [
        first.call.at,
        ...others.map(({ call }) => call.at),
        first.component.at,
        ...(edge === undefined ? [] : [edge.at]),
      ],
      why:
        "the names do not resolve in the cluster: the pods fail at the first call to a database, " +
        "cache or queue, however well everything worked under Compose",
      fix:
        `create a Service (or one of type ExternalName) for ${listed(hosts)}, ` +
        "or name the Service that stands for it in the cluster: <service>.<namespace>.svc",
      cause: `missing-host ${first.call.host}`,
    },
  ];
}

/** A chart that makes up the names of its Services may make up these. */
function templatedService(unit: Unit): { readonly at: Location } | undefined {
  const service = servicesOf(unit.documents).find(({ name }) => /[‹›]|\{\{/.test(name));
  return service === undefined ? undefined : { at: at(service.file, service.line) };
}

function clusterNamesInCompose(unit: Unit): readonly Found[] {
  return unit.facts.of("component").flatMap((component): readonly Found[] => {
    if (component.platform !== "compose") return [];
    const found = [...component.environment].flatMap(([name, entry]) => {
      const [host] =
        /[\w-]{1,63}\.[\w-]{1,63}\.svc\b/.exec(entry.value?.slice(0, 2000) ?? "") ?? [];
      return host === undefined ? [] : [{ name, host, at: entry.at }];
    });
    const [first] = found;
    if (first === undefined) return [];
    return [
      {
        severity: "warning",
        message: `${component.name} runs under Compose and is told to call ${listed(
          found.map(({ host }) => host),
        )}, which only a Kubernetes cluster resolves`,
        places: [first.at, ...found.slice(1).map(({ at }) => at)],
        why: "the name does not resolve outside the cluster: the first call fails",
        fix: "name the Compose service, or give the address from outside",
      },
    ];
  });
}
