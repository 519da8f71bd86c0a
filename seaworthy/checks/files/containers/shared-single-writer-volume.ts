import type { Component, MountFact } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { allLoopsOf } from "./instance-loops.ts";
import { isForProduction, listed, pathOf, placesOf } from "./intent.ts";
import { isStore, serverOf, serversOf } from "./stores.ts";

export const sharedSingleWriterVolume: FileRule = {
  name: "shared-single-writer-volume",
  summary: "several instances write to files that only one of them may write",
  check: (unit) => [...byInstances(unit), ...byServers(unit)],
};

/** Folders whose files have one writer: logs, databases in files, queues, configuration stores. */
const SINGLE = new RegExp(
  "(?:^|[/_-])(?:logs?|data|db|database|store|storage|state|sqlite|h2|queue|wal|tsdb|index|" +
    "lucene)(?:$|[/_-])",
  "i",
);
/** Folders that hold many files of many names, which is what sharing is for. */
const MANY =
  /upload|media|static|public|assets|images|attachments|files|cache|tmp|models|certs|backup/i;

interface Instances {
  readonly count: number | undefined;
  readonly at: Location;
}

function byInstances(unit: Unit): readonly Found[] {
  return unit.facts.of("component").flatMap((component): readonly Found[] => {
    const instances = instancesOf(unit, component);
    if (instances === undefined) return [];
    const shared = component.mounts.filter(
      (mount) =>
        isShared(mount, component) && SINGLE.test(mount.target) && !MANY.test(mount.target),
    );
    const [first, ...rest] = shared;
    if (first === undefined) return [];
    const many = instances.count === undefined ? "several" : String(instances.count);
    const isServer = serverOf(component) !== undefined;
    return [
      {
        severity: !isForProduction(unit, first.at) ? "note" : isServer ? "error" : "warning",
        message:
          `${many} instances of ${component.name} write to the same ` +
          `${listed(shared.map(({ target }) => target))}`,
        places: placesOf(first.at, [...rest.map(({ at }) => at), instances.at]),
        why:
          "lines of one log are torn by those of another and rotated twice; a file store is " +
          "overwritten by whoever saves last, or refuses to open for the second",
        fix: "a folder or volume for each instance; logs to stdout; shared state into a database",
      },
    ];
  });
}

function instancesOf(unit: Unit, component: Component): Instances | undefined {
  const { replicas } = component;
  if (replicas !== undefined && replicas.value > 1) {
    return { count: replicas.value, at: replicas.at };
  }
  if (component.platform !== "compose") return undefined;
  const path = pathOf(component.at);
  const document = unit.documents.of("compose").find(({ file }) => file.path === path);
  const loop = document === undefined ? [] : allLoopsOf(unit, document);
  const own = loop.find(({ name }) => name === component.name);
  return own === undefined ? undefined : { count: undefined, at: own.head };
}

function isShared(
  { type, readOnly, source }: MountFact,
  { workload, platform }: Component,
): boolean {
  if (readOnly || source === undefined || source.includes("$")) return false;
  // Each pod of a StatefulSet has claims of its own.
  if (platform === "kubernetes") return type === "claim" && workload === "Deployment";
  return type === "bind" || type === "volume";
}

/** Two servers on one data folder. */
function byServers(unit: Unit): readonly Found[] {
  const used = serversOf(unit)
    .filter(isStore)
    .flatMap(({ component, facts }) =>
      component.mounts
        .filter(
          ({ type, source, target }) =>
            source !== undefined &&
            type !== "bind" &&
            facts.data.includes(target.replace(/\/$/, "")),
        )
        .map((mount) => ({ component, mount })),
    );
  return used.flatMap(({ component, mount }, index): readonly Found[] => {
    const other = used
      .slice(index + 1)
      .find(
        (later) =>
          later.mount.source === mount.source &&
          later.mount.type === mount.type &&
          later.component.name !== component.name &&
          pathOf(later.mount.at) === pathOf(mount.at),
      );
    if (other === undefined) return [];
    return [
      {
        severity: isForProduction(unit, mount.at) ? "error" : "note",
        message:
          `${component.name} and ${other.component.name} keep their data in one ` +
          `volume, ${mount.source ?? ""}`,
        places: placesOf(mount.at, [other.mount.at]),
        why:
          "the second server refuses to start on the first one's files, or both write to " +
          "them and " +
          "the data is destroyed",
        fix: "give each server a volume of its own",
      },
    ];
  });
}
