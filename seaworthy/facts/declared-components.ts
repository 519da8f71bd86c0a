import type { Stores } from "../plan/addresses.ts";
import { joinPath } from "../system/path.ts";
import type { Store } from "../system/store.ts";
import type { HttpCheck, Job, Service } from "../system/system.ts";
import { readEnvironment } from "./declared-environment.ts";
import type { Places } from "./declared-places.ts";
import type { Component, ConnectionLimit, Fact, MountFact, ProbeFact, TimeLimit } from "./fact.ts";
import type { Located } from "./source.ts";

/** A service as a component, and the pools and addresses that it names. */
export function serviceFacts(service: Service, stores: Stores, places: Places): readonly Fact[] {
  const { name } = service;
  const path = joinPath("services", name);
  const field = fieldIn(path, places);
  const { entries, facts } = readEnvironment(service.env, {
    ...{ unit: name, path: `${path}.env`, stores },
    at: places.at,
  });
  const port = field(service.port, "port");
  const replicas = field(service.replicas, "replicas");
  const stopGraceMs = field(service.stopMs, "stop", "stopMs");
  return [
    {
      ...runningUnit(service, path, places),
      environment: entries,
      hostNames: [name],
      ports: port === undefined ? [] : [{ at: port.at, port: port.value, protocol: "tcp" }],
      mounts: mountsOf(service, path, places),
      probes: probesOf(service, path, places),
      ...(replicas === undefined ? {} : { replicas }),
      ...(stopGraceMs === undefined ? {} : { stopGraceMs }),
    } satisfies Component,
    ...facts,
    ...Object.entries(service.pools).map(
      ([store, connections]): ConnectionLimit => ({
        ...{ kind: "connection-limit", hop: "application", side: "pool", connections },
        at: places.at(joinPath(`${path}.pools`, store)),
      }),
    ),
  ];
}

export function jobFacts(job: Job, stores: Stores, places: Places): readonly Fact[] {
  const path = joinPath("jobs", job.name);
  const { entries, facts } = readEnvironment(job.env, {
    ...{ unit: job.name, path: `${path}.env`, stores },
    at: places.at,
  });
  const deadline = fieldIn(path, places)(job.deadlineMs, "deadline", "deadlineMs");
  const limits: readonly TimeLimit[] =
    deadline === undefined
      ? []
      : [{ kind: "time-limit", at: deadline.at, hop: "job", of: "work", ms: deadline.value }];
  const component: Component = {
    ...runningUnit(job, path, places),
    ...{ workload: "Job", environment: entries },
  };
  return [component, ...facts, ...limits];
}

/**
 * What keeps data, without an image: nobody declares one, and whoever runs the store gives it a
 * place for its data. One that somebody else runs is none of the components here.
 */
export function storeFacts(store: Store, places: Places): readonly Fact[] {
  const path = joinPath("stores", store.name);
  const connections = fieldIn(path, places)(store.connections, "connections");
  const limits: readonly ConnectionLimit[] =
    connections === undefined
      ? []
      : [
          {
            ...{ kind: "connection-limit", hop: "database", side: "server" },
            ...{ at: connections.at, connections: connections.value },
          },
        ];
  if (store.external !== undefined) return limits;
  const component: Component = {
    ...bareUnit(store, path, places),
    hostNames: [store.name],
  };
  return [component, ...limits];
}

/** A field that somebody wrote; `canonical` where the canonical form calls it otherwise. */
function fieldIn(
  holder: string,
  places: Places,
): <T>(value: T | undefined, name: string, canonical?: string) => Located<T> | undefined {
  return (value, name, canonical = name) =>
    places.written(value, { path: `${holder}.${name}`, canonical: `${holder}.${canonical}` });
}

type Named = Pick<Service | Job | Store, "name" | "resources">;

/** What every component has, and nobody declares here, beside its name and memory. */
function bareUnit({ name, resources }: Named, path: string, places: Places): Component {
  const memory = fieldIn(`${path}.resources`, places)(
    resources.memoryBytes,
    "memory",
    "memoryBytes",
  );
  return {
    ...{ kind: "component", at: places.at(path), platform: "declared", name },
    ...{ hostNames: [], ports: [], environment: new Map(), environmentFiles: [], mounts: [] },
    ...{ probes: [], networks: [], hostNetwork: false, dependsOn: [] },
    ...{ labels: new Map(), annotations: new Map() },
    ...(memory === undefined ? {} : { memoryLimitBytes: memory }),
  };
}

function runningUnit(unit: Service | Job, path: string, places: Places): Component {
  const { run } = unit;
  const words = [...run.command];
  return {
    ...bareUnit(unit, path, places),
    ...(words.length === 0
      ? {}
      : { command: { value: words, at: places.at(`${path}.run.command`) } }),
    ...(run.kind === "image"
      ? { image: { value: run.image, at: places.at(`${path}.run.image`) } }
      : { build: { value: { context: run.build }, at: places.at(`${path}.run.build`) } }),
  };
}

function mountsOf(service: Service, path: string, { at }: Places): readonly MountFact[] {
  const volumes = Object.entries(service.volumes).map(
    ([target, source]): MountFact => ({
      ...{ at: at(joinPath(`${path}.volumes`, target)), type: "volume", source, target },
      readOnly: false,
    }),
  );
  // A declared file is to a unit what a ConfigMap is to a pod.
  const files = Object.keys(service.files).map(
    (target): MountFact => ({
      ...{ at: at(joinPath(`${path}.files`, target)), type: "config-map", target },
      readOnly: true,
    }),
  );
  return [...volumes, ...files];
}

function probesOf(service: Service, path: string, places: Places): readonly ProbeFact[] {
  const { health, ready } = service;
  const field = fieldIn(path, places);
  const common = {
    port: field(service.port, "port")?.value,
    startPeriodMs: field(service.bootMs, "boot", "bootMs")?.value,
  };
  return [
    ...probe(health, { ...common, path: `${path}.health`, purpose: "liveness" }, places),
    ...probe(ready, { ...common, path: `${path}.ready`, purpose: "readiness" }, places),
  ];
}

interface Probed {
  readonly path: string;
  readonly purpose: ProbeFact["purpose"];
  readonly port: number | undefined;
  readonly startPeriodMs: number | undefined;
}

function probe(check: HttpCheck, probed: Probed, places: Places): readonly ProbeFact[] {
  const { path, purpose, port, startPeriodMs } = probed;
  const field = fieldIn(path, places);
  const asked = field(check.path, "path");
  if (asked === undefined) return [];
  const periodMs = field(check.everyMs, "every", "everyMs")?.value;
  const timeoutMs = field(check.timeoutMs, "timeout", "timeoutMs")?.value;
  const failures = field(check.fall, "fall")?.value;
  return [
    {
      ...{ at: places.at(path), purpose },
      check: { type: "http", path: asked.value, ...(port === undefined ? {} : { port }) },
      ...(startPeriodMs === undefined ? {} : { startPeriodMs }),
      ...(periodMs === undefined ? {} : { periodMs }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(failures === undefined ? {} : { failures }),
    },
  ];
}
