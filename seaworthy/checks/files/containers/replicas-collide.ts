import type { ComposeDocument } from "../../../facts/containers/compose.ts";
import type { Component } from "../../../facts/fact.ts";
import { entriesAt, entryAt, textAt } from "../../../facts/node.ts";
import { remembered } from "../../../facts/remembered.ts";
import { at, baseName, type Location, type Tree } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { loopsOf, type InstanceLoop } from "./instance-loops.ts";
import { byFile, isForProduction, listed, pathOf, placesOf } from "./intent.ts";

export const replicasCollide: FileRule = {
  name: "replicas-collide",
  summary: "several copies of a service are meant, and only one of them can exist",
  check: (unit) => [
    ...byFile(copied(unit), ({ at }) => at).flatMap((group) => [
      ...namesCollide(group),
      ...portsCollide(group),
    ]),
    ...unit.documents.of("compose").flatMap((document) => ofLoops(unit, document)),
    ...unit.documents.of("compose").flatMap((document) => cannotScale(unit, document)),
  ],
};

/** A service that is to run more than once. */
interface Copied {
  readonly component: Component;
  readonly count: number;
  /** Where it says so. */
  readonly at: Location;
}

function copied(unit: Unit): readonly Copied[] {
  return unit.facts.of("component").flatMap((component) => {
    const { replicas, platform } = component;
    if (platform !== "compose" || replicas === undefined || replicas.value < 2) return [];
    return isSwarm(unit, component) ? [] : [{ component, count: replicas.value, at: replicas.at }];
  });
}

function counted(group: readonly Copied[]): string {
  return group.length === 1 ? `${group[0]?.count ?? 2} replicas` : "several replicas of each";
}

function namesCollide(all: readonly Copied[]): readonly Found[] {
  const group = all.filter(({ component }) => component.containerName !== undefined);
  const [first] = group;
  const place = first?.component.containerName;
  if (first === undefined || place === undefined) return [];
  const { name } = first.component;
  return [
    {
      severity: "error",
      message:
        `${listed(group.map(({ component }) => component.name))}: ${counted(group)}, but ` +
        `container_name ${place.value} can exist once`,
      places: placesOf(
        place.at,
        group.flatMap(({ component, at }) => [at, component.containerName?.at ?? at]),
      ),
      why:
        `Compose refuses the whole file ("can't set container_name and ${name} as container ` +
        'name must be unique"): nothing starts, not even on the next deploy',
      fix: `remove container_name; the copies are then called <project>-${name}-1 and so on`,
    },
  ];
}

function portsCollide(all: readonly Copied[]): readonly Found[] {
  const group = all.flatMap((one) => {
    const fixed = one.component.ports.find(({ published }) => published?.port !== undefined);
    const port = fixed?.published?.port;
    return fixed === undefined || port === undefined ? [] : [{ ...one, fixed, port }];
  });
  const [first] = group;
  if (first === undefined) return [];
  const { component, fixed, port, count } = first;
  const ports = listed(group.map((one) => String(one.port)));
  const range = `${port}-${port + count - 1}`;
  return [
    {
      severity: "error",
      message:
        `${listed(group.map((one) => one.component.name))}: ${counted(group)} want the one host ` +
        `port ${ports}`,
      places: placesOf(
        fixed.at,
        group.flatMap((one) => [one.at, one.fixed.at]),
      ),
      why:
        `one copy gets port ${port}, the others end with "port is already allocated": the ` +
        "service runs with a fraction of the instances that it is sized for",
      fix:
        `publish no port here (a proxy on the same network reaches ${component.name}:` +
        `${fixed.port}), or a range as wide as the replicas: "${range}:${fixed.port}"`,
    },
  ];
}

/** `docker stack deploy` ignores container_name and shares one published port among the tasks. */
function isSwarm(unit: Unit, component: Component): boolean {
  const path = pathOf(component.at);
  if (/swarm|stack/i.test(path)) return true;
  const document = unit.documents.of("compose").find(({ file }) => file.path === path);
  const drivers = entriesAt(document?.root, "networks").map(([, { node }]) =>
    textAt(node, "driver"),
  );
  if (drivers.includes("overlay")) return true;
  const name = baseName(path);
  return stackDeploys(unit.documents.tree).some((text) => text.includes(name));
}

const stackDeploys = remembered((tree: Tree) =>
  tree.files.filter(({ text }) => text.includes("stack deploy")).map(({ text }) => text),
);

/** A loop that starts the same project again under another name only recreates its container. */
function ofLoops(unit: Unit, document: ComposeDocument): readonly Found[] {
  return loopsOf(unit, document).map(loopFound);
}

function loopFound({ name, at: place, head, up, variable }: InstanceLoop): Found {
  return {
    severity: "error",
    message: `${name}: each run of the loop replaces the container of the run before`,
    places: [place, up, head],
    why:
      `${variable} changes only the container's name, while the project stays the same: Compose ` +
      "recreates the one container of the service. One instance is left at the end, and every " +
      "deploy stops the one that serves",
    fix:
      `give every copy a project of its own (-p ${name}-$${variable}), or remove container_name ` +
      `and run once with --scale ${name}=N behind a proxy`,
  };
}

function cannotScale(unit: Unit, document: ComposeDocument): readonly Found[] {
  const named = document.services.flatMap(({ name, node }) => {
    const entry = entryAt(node, "container_name");
    return entry === undefined ? [] : [{ name, at: at(document.file, entry.line) }];
  });
  const [first, ...rest] = named;
  if (first === undefined || named.length < 2 || !isForProduction(unit, first.at)) return [];
  return [
    {
      severity: "note",
      message: `container_name keeps ${listed(named.map(({ name }) => name))} at one instance each`,
      places: placesOf(
        first.at,
        rest.map(({ at: place }) => place),
      ),
      why: "under load `docker compose up --scale` is refused, until the name is taken out",
      fix: "remove container_name where a service may have to run twice; the service name resolves",
    },
  ];
}
