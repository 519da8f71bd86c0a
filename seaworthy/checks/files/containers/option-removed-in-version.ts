import { imageFacts } from "../../../catalogues/images/images.ts";
import { removedOption, type Removal } from "../../../catalogues/removed/removed.ts";
import type { Component } from "../../../facts/fact.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { entriesAt } from "../../../facts/node.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isRehearsal, listed, pathOf, placesOf } from "./intent.ts";
import { springRemovals } from "./spring-removals.ts";
import { mountedFiles, serversOf, versionName, versionOf, type Server } from "./stores.ts";

export const optionRemovedInVersion: FileRule = {
  name: "option-removed-in-version",
  summary: "an option is set that the version in use no longer knows",
  check: (unit) => {
    const outdated = serversOf(unit).flatMap((server) => outdatedIn(unit, server));
    // One option file is often mounted into several instances.
    const keys = [...new Set(outdated.map(keyOf))];
    const groups = keys.map((key) => outdated.filter((one) => keyOf(one) === key));
    return [...groups.flatMap(found), ...springRemovals(unit)];
  },
};

interface Outdated {
  readonly server: Server;
  readonly removed: readonly (Given & { readonly removal: Removal })[];
}

function keyOf({ server, removed }: Outdated): string {
  const lines = removed.map(({ name, at: { file, line } }) => `${name} ${file}:${line}`);
  return [server.image, ...lines].join("|");
}

interface Given {
  readonly name: string;
  readonly at: Location;
}

function outdatedIn(unit: Unit, server: Server): readonly Outdated[] {
  const product = productOf(server.image);
  const version = versionOf(server.image);
  if (product === undefined || version === undefined) return [];
  const { component } = server;
  const given = [
    ...fromCommand(component),
    ...fromFiles(unit, component),
    ...fromMaps(unit, component),
  ];
  const removed = given.flatMap(({ name, at: place }) => {
    const removal = removedOption({ product, key: name, version });
    return removal === undefined ? [] : [{ name, at: place, removal }];
  });
  return removed.length === 0 ? [] : [{ server, removed }];
}

function found(group: readonly Outdated[]): readonly Found[] {
  const [one] = group;
  const [first, ...rest] = one?.removed ?? [];
  if (one === undefined || first === undefined) return [];
  const names = listed(one.removed.map(({ name }) => name));
  const servers = group.map(({ server }) => server.component);
  return [
    {
      severity: isRehearsal(pathOf(first.at)) ? "note" : "error",
      message:
        `${listed(servers.map(({ name }) => name))}: ${versionName(one.server.image)} no longer ` +
        `knows ${names} (removed in ${first.removal.removedIn})`,
      places: placesOf(first.at, [
        ...rest.map(({ at: place }) => place),
        ...servers.flatMap(({ image }) => image?.at ?? []),
      ]),
      why:
        'mysqld ends with "unknown variable" at its start: the database never comes up, and with ' +
        "an image that was updated in place it goes down at the next restart",
      fix: fixFor(one.removed.map(({ removal }) => removal)),
    },
  ];
}

function fixFor(removals: readonly Removal[]): string {
  const renamed = removals.flatMap(({ key, successor }) =>
    successor === undefined ? [] : [`${key} is now ${successor}`],
  );
  const rest = removals.filter(({ successor }) => successor === undefined).map(({ key }) => key);
  const gone = rest.length === 0 ? [] : [`remove ${listed(rest)}`];
  return [...new Set([...gone, ...renamed])].join("; ");
}

/** MariaDB kept what MySQL gave up, so the engine alone does not tell. */
function productOf(image: string): string | undefined {
  const repository = imageFacts(image)?.repository ?? "";
  const isMysql = /(?:^|\/)(?:mysql|mysql-server|percona|percona-server)$/.test(repository);
  return isMysql ? "mysql" : undefined;
}

function fromCommand({ command }: Component): readonly Given[] {
  if (command === undefined) return [];
  return command.value.flatMap((word) => {
    // `loose-` makes mysqld pass over what it does not know.
    const name = /^--(?!loose)([a-z][\w-]*)/i.exec(word)?.[1];
    return name === undefined ? [] : [{ name: name.replace(/^skip[-_]/, ""), at: command.at }];
  });
}

function fromFiles(unit: Unit, component: Component): readonly Given[] {
  return mountedFiles(unit, component)
    .filter(({ path }) => /\.(?:cnf|ini)$/.test(path))
    .flatMap((file) =>
      optionLines(file.text).map(({ name, line }) => ({ name, at: at(file, line) })),
    );
}

/** Option files in a ConfigMap that the pod mounts. */
function fromMaps(unit: Unit, component: Component): readonly Given[] {
  const sources = component.mounts
    .filter(({ type }) => type === "config-map")
    .map(({ source }) => source);
  if (sources.length === 0) return [];
  return ofKind(unit.documents, "ConfigMap")
    .filter(({ name }) => sources.includes(name))
    .flatMap(({ root, file }) =>
      entriesAt(root, "data")
        .filter(([key]) => /\.(?:cnf|ini)$/.test(key))
        .flatMap(([, entry]) => {
          const text = entry.node.type === "scalar" ? entry.node.text : "";
          // A block's content begins one line below its key.
          return optionLines(text).map(({ name, line }) => ({
            name,
            at: at(file, entry.line + line),
          }));
        }),
    );
}

const LINES_MAX = 5_000;

/** Options of the server's own sections; those of clients are none of its business. */
function optionLines(text: string): readonly { readonly name: string; readonly line: number }[] {
  let isServer = true;
  return text.split("\n", LINES_MAX).flatMap((written, index) => {
    const section = /^\s*\[([\w.-]{1,100})\]/.exec(written)?.[1];
    if (section !== undefined) isServer = /^(?:mysqld|server|mysqld-\d.*)$/.test(section);
    const name = /^\s*(?!loose)([a-z][\w-]{1,100})\s*(?:=|$)/i.exec(written)?.[1];
    return name === undefined || !isServer ? [] : [{ name, line: index + 1 }];
  });
}
