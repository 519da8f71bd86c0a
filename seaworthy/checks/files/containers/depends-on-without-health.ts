import type { Component } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, listed, placesOf } from "./intent.ts";
import { isStore, serversOf } from "./stores.ts";

export const dependsOnWithoutHealth: FileRule = {
  name: "depends-on-without-health",
  summary: "a service starts when its database has started, not when it answers",
  check: (unit) => {
    const servers = serversOf(unit).filter(
      (server) => isStore(server) && server.component.platform === "compose",
    );
    const stores = new Map(servers.map(({ component }) => [component.name, component]));
    const early = unit.facts
      .of("component")
      .filter(({ platform }) => platform === "compose")
      .flatMap((component) => earlyIn(component, stores));
    return byFile(early, ({ at }) => at).flatMap(found);
  },
};

interface Early {
  readonly at: Location;
  readonly name: string;
  readonly store: Component;
}

function earlyIn(
  { name, dependsOn }: Component,
  stores: ReadonlyMap<string, Component>,
): readonly Early[] {
  return dependsOn.flatMap(({ value, at }) => {
    const store = stores.get(value.name);
    const isStart = value.condition === undefined || value.condition === "service_started";
    return store !== undefined && isStart ? [{ at, name, store }] : [];
  });
}

/** Whether the program tries again cannot be seen here, so this is never more than a note. */
function found(group: readonly Early[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const unchecked = group.filter(({ store }) => store.probes.length === 0);
  const stores = listed(group.map(({ store }) => store.name));
  return [
    {
      severity: "note",
      message: `${listed(group.map(({ name }) => name))} start before ${stores} can answer`,
      places: placesOf(
        first.at,
        rest.map(({ at }) => at),
      ),
      why:
        "depends_on waits for the container, not for the server in it: after a reboot of " +
        "the host " +
        "the first connections are refused, and a program that does not try again ends",
      fix:
        unchecked.length === 0
          ? "depends_on: { <store>: { condition: service_healthy } }"
          : `give ${listed(unchecked.map(({ store }) => store.name))} a healthcheck, then ` +
            "condition: service_healthy",
    },
  ];
}
