import type { Component, ProbeFact, ServedPath } from "../../../facts/fact.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { handlersFor, pathOf } from "./handlers.ts";

/** Spring Boot's health over everything: https://docs.spring.io/spring-boot/reference/actuator/ */
const AGGREGATED = /^(?:\/[\w-]{1,60}){0,3}\/actuator\/health\/?$/;

export const livenessChecksDependency: FileRule = {
  name: "liveness-checks-dependency",
  summary: "a liveness probe asks the database or the machine, so that their trouble restarts all",
  check: (unit) => [
    ...unit.facts.of("component").flatMap((component) => ofPod(unit, component)),
    ...containers(unit),
    ...balancers(unit),
  ],
};

interface Asking {
  readonly component: Component;
  readonly probe: ProbeFact;
  readonly path: string;
  readonly handler: ServedPath | undefined;
}

/** A probe whose path asks more than whether the process answers. */
function askingOf(unit: Unit, component: Component, probe: ProbeFact): Asking | undefined {
  const path = pathOf(probe);
  if (path === undefined) return undefined;
  const handler = handlersFor(unit, component, path).find(({ asks }) => asks.length > 0);
  if (handler === undefined && !AGGREGATED.test(path)) return undefined;
  return { component, probe, path, handler };
}

function ofPod(unit: Unit, component: Component): readonly Found[] {
  const probe = component.probes.find(({ purpose }) => purpose === "liveness");
  const asking = probe === undefined ? undefined : askingOf(unit, component, probe);
  if (asking === undefined || component.platform !== "kubernetes") return [];
  const { handler } = asking;
  return [restarting(asking), ...(handler === undefined ? [] : machine(unit, component, handler))];
}

function restarting({ component, probe, path, handler }: Asking): Found {
  const asked = handler === undefined ? "everything that is configured" : listed(handler.asks);
  const ready = component.probes.find((one) => one.purpose === "readiness" && pathOf(one) === path);
  const both = ready === undefined ? "" : ", as readiness does";
  return {
    severity: isSample(probe.at.as ?? probe.at.file) ? "note" : "warning",
    message: `liveness of ${component.name} asks ${path}${both}, and that asks ${asked}`,
    places: [probe.at, ...(ready === undefined ? [] : [ready.at]), ...placesOf(handler)],
    why:
      "when the database or cache is slow for half a minute, every pod is killed and started " +
      "again at once: a blip becomes an outage, and the restarts hammer what was slow",
    fix: AGGREGATED.test(path)
      ? "ask /actuator/health/liveness for liveness and /actuator/health/readiness for readiness"
      : `give liveness a path that only says that the process answers; keep ${path} for readiness`,
  };
}

/** Compose marks a container unhealthy and restarts nothing by itself: one note a handler. */
function containers(unit: Unit): readonly Found[] {
  const asking = unit.facts.of("component").flatMap((component) => {
    const probe = component.probes.find(({ purpose }) => purpose === "health");
    return probe === undefined ? [] : (askingOf(unit, component, probe) ?? []);
  });
  return [...Map.groupBy(asking, ({ path }) => path)].flatMap(([path, group]): readonly Found[] => {
    const [first, ...others] = group;
    if (first === undefined) return [];
    const names = listed(group.map(({ component }) => component.name));
    return [
      {
        severity: "note",
        message: `the health check of ${names} asks ${path}, and that asks its dependencies`,
        places: [first.probe.at, ...placesOf(first.handler), ...others.map((one) => one.probe.at)],
        why: "when one dependency fails, every instance counts as unhealthy at once",
        fix: "let the health check ask whether the process answers; alert on the dependency itself",
      },
    ];
  });
}

function placesOf(handler: ServedPath | undefined): readonly Location[] {
  return handler === undefined ? [] : [handler.at];
}

/** Calls that measure the node: in a container they do not speak of the container. */
const NODE_MEASURES =
  /\b(?:psutil|shutil|os)\.(?:disk_usage|virtual_memory|cpu_percent|freemem|totalmem|loadavg)\s*\(/;
/** Lines of a source file that are looked at. */
const LINES_MAX = 20_000;

function machine(unit: Unit, component: Component, handler: ServedPath): readonly Found[] {
  if (!handler.asks.includes("memory") && !handler.asks.includes("disk")) return [];
  const path = handler.at.as ?? handler.at.file;
  const file = unit.repository.documents.tree.files.find((one) => one.path === path);
  if (file === undefined) return [];
  const places = file.text
    .split("\n")
    .slice(0, LINES_MAX)
    .flatMap((line, index) =>
      line.length < 500 && NODE_MEASURES.test(line) ? [at(file, index + 1)] : [],
    );
  const [first, ...others] = places;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message: `${component.name}'s liveness depends on the memory or disk of the node it runs on`,
      places: [first, ...others, handler.at],
      why:
        "the numbers are the node's, not the container's: a busy neighbour fills the node, and " +
        "every healthy pod on it is restarted in a loop",
      fix: "take these measures out of the health answer; limits and alerts watch memory and disk",
    },
  ];
}

/** A load balancer that asks the aggregated health takes every server out at once. */
function balancers(unit: Unit): readonly Found[] {
  const probes = unit.facts
    .of("call")
    .filter(
      ({ via, path, component }) =>
        via === "probe" && component === undefined && AGGREGATED.test(path ?? ""),
    );
  const [first, ...others] = probes;
  if (first === undefined) return [];
  return [
    {
      severity: "note",
      message: `the load balancer asks ${first.path ?? ""}, and that asks all dependencies`,
      places: [first.at, ...others.map((one) => one.at)],
      why: "when one dependency fails, all servers are taken out at once, and nothing is served",
      fix: "ask /actuator/health/readiness, with only what a request cannot do without in it",
    },
  ];
}
