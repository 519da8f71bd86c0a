import { imageFacts } from "../../../catalogues/images/images.ts";
import type { Component } from "../../../facts/fact.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { scriptsOf } from "./scripts-of.ts";
import { isSameEngine, storesOf } from "./stores.ts";

/** Configuration for a server that nothing here starts. */
export function missingDaemons(unit: Unit): readonly Found[] {
  const components = unit.repository.facts.of("component");
  if (components.length === 0) return [];
  return [...missingMonitoring(unit, components), ...missingStores(unit, components)];
}

/**
 * On Kubernetes monitoring mostly comes with the cluster; beside compose files alone it does not.
 */
function missingMonitoring(unit: Unit, components: readonly Component[]): readonly Found[] {
  const { documents } = unit.repository;
  if (documents.of("manifest").length > 0 || documents.of("helm-chart").length > 0) return [];
  if (unit.openEdges.length > 0) return [];
  const wanted: { readonly name: string; readonly place: Location }[] = [];
  const [prometheus] = documents.of("prometheus");
  if (prometheus !== undefined && !isStarted("prometheus", unit, components)) {
    wanted.push({ name: "Prometheus", place: at(prometheus.file, 1) });
  }
  const [dashboard] = documents.of("dashboard");
  if (dashboard !== undefined && !isStarted("grafana", unit, components)) {
    wanted.push({ name: "Grafana", place: at(dashboard.file, 1) });
  }
  const [first, ...rest] = wanted;
  if (first === undefined || prometheus === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `there is configuration for ${wanted.map(({ name }) => name).join(" and ")}, and nothing ` +
        `here starts ${wanted.length === 1 ? "it" : "them"}`,
      places: [first.place, ...rest.map(({ place }) => place)],
      why: "Everybody counts on graphs and alerts that do not exist; the first outage shows it.",
      fix: "Add the services (image, mounts of these files, a volume), or take the files out.",
      cause: "monitoring is deployed by nothing",
    },
  ];
}

function isStarted(name: string, unit: Unit, components: readonly Component[]): boolean {
  const runs = components.some(
    ({ image, name: own }) =>
      own.includes(name) ||
      (image?.value.includes(name) ?? false) ||
      (imageFacts(image?.value ?? "")?.kind === "monitoring" && name === "prometheus"),
  );
  if (runs) return true;
  return scriptsOf(unit.repository).some(({ shell }) =>
    shell.commands.some(({ expanded }) => {
      const text = expanded.join(" ").slice(0, 1_000);
      return INSTALLS.test(text) && text.includes(name);
    }),
  );
}

const INSTALLS = /^(?:sudo )?(?:helm|apt|apt-get|yum|dnf|systemctl|service|docker run|snap|brew)\b/;

const HOST_KEY = /(?:^|[.-])(redis|mongodb|rabbitmq|elasticsearch)\.(?:[\w-]{1,30}\.)?host$/;

/** An application in a container is told to find a store at localhost, where only it itself is. */
function missingStores(unit: Unit, components: readonly Component[]): readonly Found[] {
  const stores = storesOf(components);
  return unit.repository.documents.of("spring-configuration").flatMap((document) =>
    /dev|local|test/.test(document.profile ?? "")
      ? []
      : document.keys.flatMap(({ key, value, line }): readonly Found[] => {
          const [, engine = ""] = HOST_KEY.exec(key) ?? [];
          const [, variable = ""] =
            /^\$\{(\w{1,80}):(?:localhost|127\.0\.0\.1)\}$/.exec(value) ?? [];
          if (engine === "" || (variable === "" && value !== "localhost")) return [];
          if (stores.some((store) => isSameEngine(store.engine, engine))) return [];
          if (components.some(({ environment }) => environment.has(variable))) return [];
          const enabled = document.keys.find(
            (other) => other.key === key.replace(/host$/, "enabled"),
          );
          if (document.profile === undefined && enabled?.value !== "true") return [];
          if (enabled?.value === "false") return [];
          return [
            {
              severity: "warning",
              message: `\`${key}\` points at localhost, and nothing here starts ${engine}`,
              places: [
                at(document.file, line),
                ...(enabled === undefined ? [] : [at(document.file, enabled.line)]),
              ],
              why:
                "In its container the application finds nothing there: each use fails or " +
                "waits for its timeout.",
              fix:
                `Add a service for ${engine} and give its ` +
                `name${variable === "" ? "" : ` in ${variable}`}, or switch it off.`,
            },
          ];
        }),
  );
}
