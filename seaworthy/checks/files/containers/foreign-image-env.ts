import { imagesReading } from "../../../catalogues/images/images.ts";
import type { EnvironmentEntry } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isForProduction, listed, placesOf } from "./intent.ts";
import { commandText, mountedFiles, serversOf, type Server } from "./stores.ts";

export const foreignImageEnv: FileRule = {
  name: "foreign-image-env",
  summary: "variables of another vendor's image are set, and this one ignores them",
  check: (unit) =>
    groupedByImage(serversOf(unit).flatMap((server) => foreignIn(unit, server))).flatMap((group) =>
      found(unit, group),
    ),
};

interface Foreign {
  readonly server: Server;
  readonly variables: readonly (readonly [string, EnvironmentEntry])[];
  readonly readers: readonly string[];
}

function foreignIn(unit: Unit, server: Server): readonly Foreign[] {
  const { component, facts } = server;
  const { store } = facts;
  if (store === undefined) return [];
  const said = saidElsewhere(unit, server);
  const variables = [...component.environment].filter(
    ([name, { from, value }]) =>
      // A file of variables is often shared by all services.
      from?.kind !== "file" &&
      !isDefaultPort(name, value) &&
      facts.reads(name) === false &&
      imagesReading({ store, variable: name }).length > 0 &&
      !said.includes(name) &&
      !(/PASSWORD/.test(name) && /requirepass/.test(said)),
  );
  const [first] = variables;
  if (first === undefined) return [];
  return [{ server, variables, readers: imagesReading({ store, variable: first[0] }) }];
}

/** The port on which the server listens anyway, said for the clients that share the list. */
function isDefaultPort(name: string, value: string | undefined): boolean {
  return name.endsWith("_PORT") && /\b(?:5432|3306|6379|27017|5672|9200)\}?$/.test(value ?? "");
}

/** A command, a probe or a mounted script may use the variable by itself. */
function saidElsewhere(unit: Unit, { component }: Server): string {
  const probes = component.probes.map(({ check }) =>
    check.type === "exec" ? check.command.join(" ") : "",
  );
  const files = mountedFiles(unit, component).map(({ text }) => text.slice(0, 100_000));
  return [commandText(component), ...probes, ...files].join("\n");
}

function groupedByImage(all: readonly Foreign[]): readonly (readonly Foreign[])[] {
  const images = [...new Set(all.map(({ server }) => server.image))];
  return images.map((image) => all.filter(({ server }) => server.image === image));
}

function found(unit: Unit, group: readonly Foreign[]): readonly Found[] {
  const places = group.flatMap(({ variables }) => variables.map(([, { at }]) => at));
  const [first, ...rest] = places;
  const [one] = group;
  if (first === undefined || one === undefined) return [];
  const names = group.flatMap(({ variables }) => variables.map(([name]) => name));
  const { image, facts } = one.server;
  return [
    {
      severity: isForProduction(unit, first) ? "warning" : "note",
      message:
        `${listed(group.map(({ server }) => server.component.name))}: ${image} does not read ` +
        `${listed(names)}; ${one.readers[0] ?? "another image"} does`,
      places: placesOf(first, rest),
      why: consequence(names),
      fix: fixFor(names, facts.store, one.readers[0] ?? "the image that reads them"),
    },
  ];
}

function consequence(names: readonly string[]): string {
  if (names.some((name) => /REPLICATION|MASTER|SLAVE|REPLICA|CLUSTER/.test(name))) {
    return (
      "nothing replicates: each instance is a primary of its own, and the copy that is promoted " +
      "after a failure is empty or stale"
    );
  }
  if (names.some((name) => /PASSWORD|AUTH|USER/.test(name))) {
    return "the server asks for no password, though everybody who reads this file believes it does";
  }
  return "the setting has no effect, and nothing says so until the default hurts";
}

function fixFor(names: readonly string[], store: string | undefined, reader: string): string {
  if (store === "redis" && names.some((name) => name.includes("PASSWORD"))) {
    return "pass it yourself: command: redis-server --requirepass ${REDIS_PASSWORD:?}";
  }
  if (store === "mysql" && names.some((name) => name.includes("REPLICATION"))) {
    return "replicate by SQL at the first start: CHANGE REPLICATION SOURCE TO …; START REPLICA";
  }
  return `use ${reader}, or say it the way this image reads`;
}
