import { imageFacts } from "../../../catalogues/images/images.ts";
import type { Component, ProbeFact, ServedPath } from "../../../facts/fact.ts";
import type { Facts } from "../../../facts/facts.ts";
import { remembered } from "../../../facts/remembered.ts";
import { folderOf, joinPath } from "../../../facts/source.ts";
import { isSample } from "../monitoring/listing.ts";
import type { Unit } from "../../../facts/unit.ts";

/** Longer commands are scripts. */
const COMMAND_CHARACTERS_MAX = 4000;
const URL_IN_COMMAND = /\bhttps?:\/\/[\w.-]{1,253}(?::\d{1,5})?(\/[^\s"'|;&)?]{0,500})?/;

/** The path that a probe asks for, also where it runs curl or wget. */
export function pathOf({ check }: ProbeFact): string | undefined {
  if (check.type === "http") return plain(check.path);
  if (check.type === "tcp") return undefined;
  const match = URL_IN_COMMAND.exec(check.command.join(" ").slice(0, COMMAND_CHARACTERS_MAX));
  return match === null ? undefined : plain(match[1] ?? "/");
}

function plain(path: string): string {
  return path.split("?", 1)[0] ?? path;
}

/** The file of a fact, in the tree. */
function fileOf({ at }: { readonly at: ServedPath["at"] }): string {
  return at.as ?? at.file;
}

/** What applications answer on this path, as far as it is this component's own source. */
export function handlersFor(unit: Unit, component: Component, path: string): readonly ServedPath[] {
  const found = sourcesFor(unit, component).filter((served) => plain(served.path) === path);
  // Where two programs answer on it, only what both do is surely done by this one.
  return found.every(({ asks }) => asks.length > 0) ? found : [];
}

/** Paths that the source of a component surely serves: what is built for it, or bears its name. */
export function ownSources(unit: Unit, component: Component): readonly ServedPath[] {
  const all = applicationPaths(unit);
  const folders = foldersOf(unit, component);
  const own = all.filter((served) => folders.some((folder) => isBelow(fileOf(served), folder)));
  if (own.length > 0) return own;
  if (isProduct(component)) return [];
  if (unit.repository.documents.tree.guide !== undefined) return all;
  const names = namesOf(component);
  return all.filter((served) => names.some((name) => partsOf(served).has(name)));
}

/** Those, or what stands beside the file that deploys it: enough where the very path is served. */
function sourcesFor(unit: Unit, component: Component): readonly ServedPath[] {
  const own = ownSources(unit, component);
  if (own.length > 0 || !isOwnImage(component)) return own;
  const all = applicationPaths(unit);
  const above = foldersAbove(fileOf(component)).find((folder) =>
    all.some((served) => isBelow(fileOf(served), folder)),
  );
  if (above !== undefined) return all.filter((served) => isBelow(fileOf(served), above));
  // Several applications: whose routes these are is not known.
  return new Set(all.map((served) => folderOf(fileOf(served)))).size <= 1 ? all : [];
}

/** Source code belongs to no environment: it may stand outside the unit that runs it. */
function applicationPaths({ repository }: Unit): readonly ServedPath[] {
  return applicationPathsIn(repository.facts);
}

const applicationPathsIn = remembered((facts: Facts): readonly ServedPath[] =>
  facts
    .of("served-path")
    .filter((served) => served.by === "application" && !isAside(fileOf(served))),
);

/** Tests, examples and tools serve nothing in production. */
function isAside(path: string): boolean {
  return isSample(path) || /(?:^|\/)(?:scripts?|tools?|mocks?|bin)\//.test(path);
}

/** A product out of the box; a runtime that is given somebody's program is none. */
function isProduct({ image, build }: Component): boolean {
  const facts = build === undefined && image !== undefined ? imageFacts(image.value) : undefined;
  return facts !== undefined && facts.kind !== "runtime" && facts.kind !== "base";
}

/** Every folder that a file stands in, the innermost first, without the top. */
function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
}

/** A component's own name and that of its image, without what says nothing. */
function namesOf({ name, image }: Component): readonly string[] {
  const repository =
    image?.value
      .replace(/@.*$|:[^/:]*$/, "")
      .split("/")
      .at(-1) ?? "";
  return [name, name.replace(/-(?:service|server|app|deployment)$/, ""), repository].filter(
    (one) => one.length > 2 && !/^(?:app|api|web|server|backend|frontend)$/.test(one),
  );
}

/** Where compose builds what this component runs. */
function foldersOf(unit: Unit, component: Component): readonly string[] {
  const all = unit.repository.facts.of("component").filter(({ build }) => build !== undefined);
  const contexts = new Set(all.map(({ build }) => build?.value.context));
  return [component, ...all]
    .filter(({ name }) => name === component.name)
    .flatMap(({ build }) => {
      if (build === undefined) return [];
      const folder = joinPath("", build.value.context);
      // The whole tree is one program's source only where nothing else is built from it.
      return folder === undefined || (folder === "" && contexts.size > 1) ? [] : [folder];
    });
}

function isBelow(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** Names of the folders that a path's source stands in. */
const partsOf = remembered(
  (served: ServedPath): ReadonlySet<string> => new Set(fileOf(served).split("/").slice(0, -1)),
);

/** Not a product of somebody else: its source may be among these files. */
function isOwnImage({ image, build, platform }: Component): boolean {
  if (build !== undefined) return true;
  // Whoever deploys to a cluster builds elsewhere; Compose would say `build` or a product's image.
  return image !== undefined && platform === "kubernetes" && imageFacts(image.value) === undefined;
}
