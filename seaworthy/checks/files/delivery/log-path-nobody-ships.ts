import type { LogShipperDocument } from "../../../facts/delivery/delivery.ts";
import type { Component } from "../../../facts/fact.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { auditPaths } from "./audit-paths.ts";
import { silentProxies } from "./haproxy-logs.ts";
import { promisedLogStack } from "./promised-logs.ts";
import { listed, placesOf } from "./wording.ts";

/** Logs go to one place and are looked for at another. */
export const logPathNobodyShips: FileRule = {
  name: "log-path-nobody-ships",
  summary: "logs are collected where nobody writes them, or go nowhere",
  check: (unit) => [
    ...unit.documents.of("log-shipper").flatMap((document) => unwritten(unit, document)),
    ...silentProxies(unit),
    ...auditPaths(unit),
    ...promisedLogStack(unit),
  ],
};

const SHIPPER = /filebeat|logstash|fluent|promtail|vector|alloy|elasticsearch|kibana|loki|grafana/i;
/** What an operating system and its packages write themselves. */
const SYSTEM = new RegExp(
  String.raw`^/var/log/(?:[\w.*-]*$|syslog|auth|messages|secure|kern|nginx|apache2|httpd|haproxy` +
    String.raw`|mysql|postgresql|redis|audit|journal|containers|pods)|^/var/lib/docker`,
);

/** Files are read that no container mounts and nothing in the tree names. */
function unwritten(unit: Unit, document: LogShipperDocument): readonly Found[] {
  if (document.readsContainers || document.paths.length === 0) return [];
  if (document.paths.some(({ path }) => isWritten(unit, document, path))) return [];
  const all = unit.facts.of("component").filter(isApplication);
  // Those that are built here are the ones whose logs are looked for.
  const built = all.filter(({ build }) => build !== undefined);
  const applications = built.length === 0 ? all : built;
  const [first] = applications;
  const [path] = document.paths;
  if (first === undefined || path === undefined || unit.openEdges.length > 0) return [];
  const names = applications.map(({ name }) => name);
  return [
    {
      severity: "warning",
      message:
        `${document.product} reads ${listed(document.paths.map((one) => one.path))}, which no ` +
        `container mounts: ${listed(names)} write to their standard output`,
      places: placesOf(
        at(document.file, path.line),
        applications.slice(0, 4).map((one) => one.at),
      ),
      why:
        "The log store stays empty while everything looks healthy; whoever searches it during an " +
        "incident finds nothing, and the containers' own output goes with them.",
      fix:
        document.product === "filebeat"
          ? "an input of type `container` on `/var/lib/docker/containers/*/*.log`"
          : "read the containers' output, or mount the folder into the applications as well",
    },
  ];
}

/** Some container that is no part of the log's own way, and no store. */
function isApplication({ build, image, name, platform }: Component): boolean {
  if (platform === "docker-run" || platform === "host") return false;
  if (SHIPPER.test(`${name} ${image?.value ?? ""}`)) return false;
  return build !== undefined || /\/[\w-]+(?::|$)/.test(image?.value ?? "");
}

function isWritten(unit: Unit, { file }: LogShipperDocument, path: string): boolean {
  if (SYSTEM.test(path) || !path.startsWith("/") || /[$%{]/.test(path)) return true;
  const folder = path.slice(0, path.search(/[*?[]|$/)).replace(/\/[^/]*$/, "");
  if (folder.split("/").length < 3) return true;
  const mounted = unit.repository.facts.of("component").some(({ name, image, mounts }) => {
    if (SHIPPER.test(`${name} ${image?.value ?? ""}`)) return false;
    return mounts.some(
      ({ source, target }) => contains(source, folder) || contains(target, folder),
    );
  });
  if (mounted) return true;
  return unit.repository.documents.tree.files.some((other) => {
    // Prose holds the text of every block that was laid out from it.
    if (other.path === file.path || /\.(?:md|markdown|rst|txt)$/i.test(other.path)) return false;
    return other.text.includes(folder);
  });
}

/** The one is the other, or lies in it. */
function contains(mount: string | undefined, folder: string): boolean {
  if (mount === undefined || mount === "/" || !mount.startsWith("/")) return false;
  return folder === mount || folder.startsWith(`${mount}/`) || mount.startsWith(`${folder}/`);
}
