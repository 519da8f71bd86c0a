import type { Component } from "../../../facts/fact.ts";
import { ingressRoutes } from "../../../facts/kubernetes/ingress.ts";
import { behind, servicePorts, servicesOf } from "../../../facts/kubernetes/services.ts";
import { mayShare, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { itemsAt, numberAt, textAt } from "../../../facts/node.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { tlsAgainstPlain } from "./port-chain-tls.ts";

export const portChainBroken: FileRule = {
  name: "port-chain-broken",
  summary: "one link of the chain proxy → Service → container → program names another port",
  check: (unit) => [
    ...servicesToPods(unit),
    ...ingressesToServices(unit),
    ...namedProbes(unit),
    ...listensElsewhere(unit),
    ...tlsAgainstPlain(unit),
  ],
};

interface Declared {
  readonly number: number;
  readonly name: string | undefined;
}

function portsOf({ containers, initContainers }: Workload): readonly Declared[] {
  return [...containers, ...initContainers]
    .flatMap((container) => itemsAt(container, "ports"))
    .flatMap((item) => {
      const number = numberAt(item, "containerPort");
      return number === undefined ? [] : [{ number, name: textAt(item, "name") }];
    });
}

function servicesToPods(unit: Unit): readonly Found[] {
  return servicesOf(unit.documents).flatMap((service): readonly Found[] => {
    const workloads = behind(unit.documents, service) ?? [];
    const [workload] = workloads;
    if (workload === undefined || service.template || workload.object.template) return [];
    const declared = workloads.flatMap(portsOf);
    const ports = servicePorts(service);
    const broken = ports.filter(({ to }) => isBroken(to, declared));
    const [first, ...others] = broken;
    if (first === undefined) return [];
    const { object } = workload;
    const known = listed(declared.map(said)) || "none";
    const isNamed = broken.some(({ to }) => typeof to === "string");
    // Declared ports are for information: a program with several may well have one more.
    const single = declared.length === 1 && ports.length === 1;
    return [
      {
        severity: isSample(service.file.path)
          ? "note"
          : isNamed
            ? "error"
            : single
              ? "warning"
              : "note",
        message:
          `Service ${service.name} sends to port ${listed(broken.map(({ to }) => String(to)))} ` +
          `of ${object.name}; the ports of its containers: ${known}`,
        places: [
          at(service.file, first.line),
          ...others.map(({ line }) => at(service.file, line)),
          at(object.file, object.line),
        ],
        why:
          "requests to the Service are refused (or it has no endpoints at all) although every " +
          "pod is ready",
        fix: "write the port that the program listens on in both places",
      },
    ];
  });
}

function said({ number, name }: Declared): string {
  return name === undefined ? String(number) : `${name} ${String(number)}`;
}

/** A name must be there; a number that no container declares is wrong where others are declared. */
function isBroken(to: number | string, declared: readonly Declared[]): boolean {
  if (typeof to === "string") {
    if (!/^[a-z0-9-]{1,15}$/.test(to)) return false;
    return !declared.some(({ name, number }) => name === to || String(number) === to);
  }
  return declared.length > 0 && !declared.some(({ number }) => number === to);
}

function ingressesToServices(unit: Unit): readonly Found[] {
  return ingressRoutes(unit.documents).flatMap((route): readonly Found[] => {
    const { ingress, port } = route;
    const services = servicesOf(unit.documents).filter(
      ({ name, namespace }) => name === route.service && mayShare(namespace, route.namespace),
    );
    const ports = services.flatMap(servicePorts);
    const [service] = services;
    if (service === undefined || port === undefined || ports.length === 0) return [];
    if (ingress.template || services.some(({ template }) => template)) return [];
    if (ports.some((one) => one.port === port || one.name === port)) return [];
    const known = listed(ports.map((one) => `${one.name ?? ""} ${String(one.port)}`.trim()));
    return [
      {
        severity: isSample(ingress.file.path) ? "note" : "error",
        message:
          `Ingress ${ingress.name} sends ${route.path} to port ${String(port)} of Service ` +
          `${service.name}, which has ${known}`,
        places: [at(ingress.file, route.serviceLine), at(service.file, service.line)],
        why: "every request to that path gets 503 although the pods are ready",
        fix: `write the port that the Service has: ${known}`,
      },
    ];
  });
}

function namedProbes(unit: Unit): readonly Found[] {
  return unit.facts.of("component").flatMap(({ name, probes, ports, platform }) => {
    if (platform !== "kubernetes") return [];
    return probes.flatMap(({ check, at: place, purpose }): readonly Found[] => {
      const port = check.type === "exec" ? undefined : check.port;
      if (typeof port !== "string" || !/^[a-z][a-z0-9-]{0,14}$/.test(port)) return [];
      if (ports.some((one) => one.name === port)) return [];
      return [
        {
          severity: isSample(place.as ?? place.file) ? "note" : "error",
          message: `${purpose} of ${name} asks port ${port}, which the container does not name`,
          places: [place],
          why: "the probe can never succeed: the pod is never ready, or is killed again and again",
          fix: `name a port of the container ${port}, or write its number`,
        },
      ];
    });
  });
}

/** Variables that programs take for the port they listen on. */
const LISTENS = ["SERVER_PORT", "PORT"] as const;

/** The program is told to listen on a port that nobody reaches. */
function listensElsewhere(unit: Unit): readonly Found[] {
  return unit.facts.of("component").flatMap((component): readonly Found[] => {
    const name = LISTENS.find((one) => component.environment.has(one));
    const entry = name === undefined ? undefined : component.environment.get(name);
    const port = /^\d{2,5}$/.test(entry?.value ?? "") ? Number(entry?.value) : undefined;
    if (name === undefined || entry === undefined || port === undefined) return [];
    const reached = reachedPorts(component);
    const [first] = reached;
    if (first === undefined || reached.some((one) => one.port === port)) return [];
    // With several ports one may be that of another listener of the same program.
    if (new Set(reached.map((one) => one.port)).size > 1) return [];
    const file = entry.at.as ?? entry.at.file;
    return [
      {
        severity: isSample(file) ? "note" : "warning",
        message:
          `${component.name} is told to listen on ${String(port)} (${name}), ` +
          `but only its port ${String(first.port)} is reached from outside`,
        places: [first.at, entry.at],
        why: "connections are refused although the container runs and says that it is up",
        fix: `let both be ${String(port)}`,
      },
    ];
  });
}

/** On Compose what is published, in a cluster what is declared. */
function reachedPorts({ ports, platform }: Component): Component["ports"] {
  return ports.filter(
    ({ published, protocol }) =>
      protocol === "tcp" && (platform === "kubernetes" || published !== undefined),
  );
}
