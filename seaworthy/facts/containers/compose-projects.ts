import type { Component } from "../fact.ts";
import type { Documents } from "../document.ts";
import { itemsAt, nodeAt, textAt } from "../node.ts";
import { remembered } from "../remembered.ts";
import { baseName, folderOf, joinPath, type Tree } from "../source.ts";
import type { ComposeDocument, ComposeService } from "./compose.ts";
import { withDockerfile } from "./compose-build.ts";
import { withEnvironmentFiles } from "./compose-environment.ts";
import { overlaid } from "./compose-merge.ts";
import { readService } from "./compose-service.ts";
import type { Lookup } from "./interpolation.ts";

/** Compose files that one command reads together: a base, then what changes it. */
export interface ComposeProject {
  readonly base: ComposeDocument;
  readonly overlays: readonly ComposeDocument[];
}

/** `extends` of `extends`; Compose itself refuses a cycle. */
const EXTENDS_MAX = 8;
const COMMAND_TEXTS_MAX = 500;

/**
 * Which files go together: `override` files and files that only change services go with the base in
 * their folder; files that some text of the tree names together with `-f a -f b` go together too.
 */
export function composeProjects(documents: Documents): readonly ComposeProject[] {
  const all = documents.of("compose").filter(({ services }) => services.length > 0);
  const named = namedTogether(documents, all);
  const baseOf = new Map<ComposeDocument, ComposeDocument>();
  for (const document of all) {
    const base = named.get(document) ?? baseFor(document, all);
    if (base !== undefined && base !== document) baseOf.set(document, base);
  }
  return all
    .filter((document) => !baseOf.has(document))
    .map((base) => ({ base, overlays: all.filter((other) => baseOf.get(other) === base) }));
}

/** Every service of a project as it runs: merged, extended, with what its Dockerfile adds. */
export function componentsOf(project: ComposeProject, documents: Documents): readonly Component[] {
  const out = new Map<string, Component>();
  const files = [project.base, ...project.overlays];
  const lookup = lookupFor(project.base, documents);
  for (const document of files) {
    for (const service of document.services) {
      const own = readExtended({ document, service, lookup, documents }, 0);
      const before = out.get(service.name);
      out.set(service.name, before === undefined ? own : overlaid(before, own));
    }
  }
  const folder = folderOf(project.base.file.path);
  return [...out.values()].map((component) => {
    const given = withEnvironmentFiles(withDockerfile(component, documents), documents);
    return { ...given, hostNames: [...given.hostNames, ...engineNames(project, folder, given)] };
  });
}

/** The names that the engine itself gives a container: `shop-api-1`, `shop_api_1`. */
function engineNames(
  { base }: ComposeProject,
  folder: string,
  component: Component,
): readonly string[] {
  const project = textAt(base.root, "name") ?? baseName(folder).toLowerCase();
  if (project === "" || component.containerName !== undefined) return [];
  return [`${project}-${component.name}-1`, `${project}_${component.name}_1`];
}

interface Extending {
  readonly document: ComposeDocument;
  readonly service: ComposeService;
  readonly lookup: Lookup;
  readonly documents: Documents;
}

function readExtended(reading: Extending, depth: number): Component {
  const { document, service, lookup, documents } = reading;
  const own = readService(document, service, lookup);
  const extended = nodeAt(service.node, "extends");
  if (extended === undefined || depth >= EXTENDS_MAX) return own;
  const name = extended.type === "scalar" ? extended.text : textAt(extended, "service");
  const file = textAt(extended, "file");
  const path = file === undefined ? undefined : joinPath(folderOf(document.file.path), file);
  const other =
    file === undefined
      ? document
      : documents.of("compose").find((candidate) => candidate.file.path === path);
  const base = other?.services.find((candidate) => candidate.name === name);
  if (other === undefined || base === undefined || base === service) return own;
  const inherited = readExtended({ ...reading, document: other, service: base }, depth + 1);
  const hostNames = own.hostNames;
  return { ...overlaid(inherited, own), name: own.name, at: own.at, hostNames };
}

/** `.env` beside the base file is what Compose interpolates with. */
function lookupFor(base: ComposeDocument, documents: Documents): Lookup {
  const folder = folderOf(base.file.path);
  const path = folder === "" ? ".env" : `${folder}/.env`;
  const file = documents.tree.files.find((candidate) => candidate.path === path);
  const known = documents.of("environment").find((document) => document.file === file);
  if (known === undefined) return () => undefined;
  const values = new Map(known.variables.map(({ name, value }) => [name, value]));
  return (name) => values.get(name);
}

/** The file whose services an overlay changes: in its own folder, the usual names first. */
function baseFor(
  document: ComposeDocument,
  all: readonly ComposeDocument[],
): ComposeDocument | undefined {
  const isOverride = /override/i.test(baseName(document.file.path));
  if (!document.isOverlay && !isOverride) return undefined;
  const folder = folderOf(document.file.path);
  const changed = document.services.map(({ name }) => name);
  const candidates = all.filter(
    (other) =>
      other !== document &&
      !other.isOverlay &&
      folderOf(other.file.path) === folder &&
      other.services.some(({ name }) => changed.includes(name)),
  );
  const usual = candidates.find(({ file }) => USUAL.test(baseName(file.path)));
  return usual ?? (isOverride ? undefined : candidates[0]);
}

const USUAL = /^(?:docker-)?compose\.ya?ml$/;

/**
 * `-f docker-compose.yml -f docker-compose.prod.yml` in a script, a pipeline, a Makefile or a
 * README; `COMPOSE_FILE=a.yml:b.yml`. The first file named is the base.
 */
function namedTogether(
  documents: Documents,
  all: readonly ComposeDocument[],
): ReadonlyMap<ComposeDocument, ComposeDocument> {
  const out = new Map<ComposeDocument, ComposeDocument>();
  if (all.length < 2) return out;
  for (const [base, ...overlays] of commandSets(documents, all)) {
    if (base === undefined || out.has(base)) continue;
    for (const overlay of overlays) {
      if (overlay !== base && sharesService(base, overlay)) out.set(overlay, base);
    }
  }
  return out;
}

/** Files that one command of the tree is given, in its order. */
export function commandSets(
  documents: Documents,
  all: readonly ComposeDocument[],
): readonly (readonly ComposeDocument[])[] {
  return commandsIn(documents.tree).map(({ from, paths }) =>
    paths.flatMap((path) => named(path, from, all) ?? []),
  );
}

/** Every command of the tree that names several Compose files, and the file it stands in. */
const commandsIn = remembered((tree: Tree) =>
  tree.files
    .filter(({ text }) => COMMAND.test(text))
    .slice(0, COMMAND_TEXTS_MAX)
    .flatMap(({ path: from, text }) => namedIn(text).map((paths) => ({ from, paths }))),
);

const COMMAND = /-f[ =]\S+\.ya?ml|COMPOSE_FILE=/;
const LINE_CHARACTERS_MAX = 2_000;

function namedIn(text: string): readonly (readonly string[])[] {
  const lines = text.replace(/\\\r?\n/g, " ").split("\n");
  return lines
    .filter((line) => line.length < LINE_CHARACTERS_MAX && COMMAND.test(line))
    .map((line) => {
      const variable = /COMPOSE_FILE=["']?([^\s"']+)/.exec(line)?.[1];
      if (variable !== undefined) return variable.split(/[:;]/);
      const options = line.matchAll(/(?:-f|--file)[ =]["']?([^\s"']+\.ya?ml)/g);
      return [...options].map(([, path = ""]) => path);
    })
    .filter((paths) => paths.length > 1);
}

function named(path: string, from: string, all: readonly ComposeDocument[]) {
  const seen = joinPath(folderOf(from), path);
  const atTop = joinPath("", path);
  return (
    all.find(({ file }) => file.path === seen) ??
    all.find(({ file }) => file.path === atTop) ??
    onlyOne(all.filter(({ file }) => baseName(file.path) === baseName(path)))
  );
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** Files that are only run side by side (an application and its monitoring) are not overlays. */
function sharesService(base: ComposeDocument, overlay: ComposeDocument): boolean {
  const names = new Set(base.services.map(({ name }) => name));
  return overlay.services.some(({ name }) => names.has(name));
}

/** Names beside the services' own: `extra_hosts`, `external_links`, aliases of links. */
export function furtherNames(document: ComposeDocument): readonly FurtherName[] {
  return document.services.flatMap(({ node }) => [
    ...listed(node, "extra_hosts", /^([^:=\s]+)[:=]/),
    ...listed(node, "external_links", /([^:\s]+)$/),
    ...listed(node, "links", /^[^:\s]+:([^:\s]+)$/),
  ]);
}

export interface FurtherName {
  readonly name: string;
  readonly line: number;
  readonly behind: string | undefined;
}

function listed(node: ComposeService["node"], key: string, form: RegExp): readonly FurtherName[] {
  const map = nodeAt(node, key);
  if (map?.type === "map") {
    return [...map.entries].map(([name, { line }]) => ({ name, line, behind: undefined }));
  }
  return itemsAt(map).flatMap((item) => {
    if (item.type !== "scalar" || item.text.length > LINE_CHARACTERS_MAX) return [];
    const name = form.exec(item.text)?.[1];
    const behind = key === "links" ? item.text.split(":", 1)[0] : undefined;
    return name === undefined ? [] : [{ name, line: item.line, behind }];
  });
}
