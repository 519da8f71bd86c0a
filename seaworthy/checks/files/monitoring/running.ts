import type { Document } from "../../../facts/document.ts";
import type { Component, MountFact } from "../../../facts/fact.ts";
import type { EmbeddedIn } from "../../../facts/monitoring/embedded.ts";
import { folderOf, joinPath, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { absence, type Absence } from "../closed-world.ts";
import { isSample } from "./listing.ts";

type Consumed = Document & { readonly embedded?: EmbeddedIn };

/** What an absence is worth for this document; one in a ConfigMap runs where that is mounted. */
export function absenceFor(unit: Unit, document: Consumed): Absence {
  const consumerOf = (): Location | undefined => runnerFor(unit, document);
  const found = absence({ ...unit, consumerOf }, document);
  const isUnused = found.severity === "note" && consumerOf() === undefined;
  const severity = isSample(document.file.path) ? "note" : isUnused ? "warning" : found.severity;
  return { ...found, severity };
}

/** A script that names a file copies or checks it; only a container or a program runs it. */
function runnerFor(unit: Unit, document: Consumed): Location | undefined {
  const consumer = consumerFor(unit, document);
  const isScript = consumer !== undefined && SCRIPT.test(consumer.as ?? consumer.file);
  return isScript && placesOf(unit, document).length === 0 ? undefined : consumer;
}

const SCRIPT = /\.(?:sh|bash|py|js|ps1|bat)$|(?:^|\/)(?:Makefile|Jenkinsfile)$/;

/** Where something runs this document. */
export function consumerFor(unit: Unit, document: Consumed): Location | undefined {
  const { embedded } = document;
  if (embedded === undefined) return unit.consumerOf(document);
  return mountsOf(unit).find(({ mount }) => isMountOf(mount, embedded))?.mount.at;
}

interface Mounted {
  readonly component: Component;
  readonly mount: MountFact;
}

function mountsOf(unit: Unit): readonly Mounted[] {
  return unit.facts
    .of("component")
    .flatMap((component) => component.mounts.map((mount) => ({ component, mount })));
}

function isMountOf(mount: MountFact, { resource, name }: EmbeddedIn): boolean {
  const type = resource === "ConfigMap" ? "config-map" : "secret";
  return mount.type === type && mount.source === name;
}

/** A component that is given a document, and where the document is inside of it. */
export interface Placed {
  readonly component: Component;
  readonly mount: MountFact;
  readonly path: string;
}

/** Every component that mounts this document, by its file, a folder above it, or its ConfigMap. */
export function placesOf(unit: Unit, document: Consumed): readonly Placed[] {
  const { embedded, file } = document;
  return mountsOf(unit).flatMap(({ component, mount }): Placed[] => {
    if (embedded !== undefined) {
      if (!isMountOf(mount, embedded)) return [];
      return [{ component, mount, path: `${trimmed(mount.target)}/${embedded.key}` }];
    }
    const rest = mount.type === "bind" ? below(mount, file.path) : undefined;
    if (rest === undefined) return [];
    const path = rest === "" ? mount.target : `${trimmed(mount.target)}/${rest}`;
    return [{ component, mount, path }];
  });
}

/** A path of the tree seen from a bind's source: `""` is the source itself. */
function below(mount: MountFact, path: string): string | undefined {
  const source = sourceOf(mount);
  if (source === undefined) return undefined;
  if (source === path) return "";
  return path.startsWith(`${source}/`) ? path.slice(source.length + 1) : undefined;
}

/** A bind's source as a path of the tree; undefined when it is outside. */
export function sourceOf({ source, at }: MountFact): string | undefined {
  return source === undefined ? undefined : joinPath(folderOf(at.as ?? at.file), source);
}

function trimmed(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

/** What nothing runs may be meant for any part of the repository: there all of it is asked. */
export function isMissing(unit: Unit, document: Consumed, host: string): boolean {
  const namespace = document.embedded?.namespace;
  const from = namespace === undefined ? {} : { namespace };
  if (unit.resolve(host, from).state !== "missing") return false;
  if (runnerFor(unit, document) !== undefined) return true;
  const { facts } = unit.repository;
  return !(
    facts.of("component").some(({ hostNames }) => hostNames.includes(host)) ||
    facts.of("host-name").some(({ name }) => name === host)
  );
}

/** The image of Prometheus's own project, as Docker Hub and Quay have it. */
const STOCK = /(?:^|\/)prom(?:etheus)?\/prometheus(?:[:@]|$)/;

/** What runs this document is a stock image: nothing else is in it than what is mounted. */
export function isStock(unit: Unit, document: Consumed): boolean {
  const places = placesOf(unit, document);
  return places.every(
    ({ component: { build, image } }) => build === undefined && STOCK.test(image?.value ?? ""),
  );
}
