import type { Document, DocumentKind, Documents } from "../document.ts";
import type { Tree } from "../source.ts";
import { folderOf } from "../source.ts";
import { goTogether, stageOf } from "./environment.ts";
import { namedFiles, type NamedFiles } from "./named-files.ts";
import { commonFolder, type Seed } from "./seed.ts";

/** What starts units; all else joins the one that uses it or stands nearest. */
const STARTING: ReadonlySet<DocumentKind> = new Set<DocumentKind>([
  "compose",
  "manifest",
  "kustomization",
  "helm-chart",
  "helm-template",
]);

/** The documents of each seed's unit, in the order of the tree. */
export function membersOf(
  seeds: readonly Seed[],
  documents: Documents,
): readonly Documents["all"][] {
  const homes = seeds.map((seed) => ({
    seed,
    folder: commonFolder(seed.documents),
    names: namedFiles(seed.documents, false),
    own: new Set(seed.documents),
  }));
  const parents = new Map(documents.all.map((document) => [document.file.path, document]));
  const units = homes.map((): Document[] => []);
  for (const document of documents.all) {
    const owner = outermost(document, parents, documents.tree);
    const its = homesOf(owner, homes);
    for (const [index, home] of homes.entries()) {
      if (its.includes(home)) units[index]?.push(document);
    }
  }
  return units;
}

interface Home {
  readonly seed: Seed;
  readonly folder: string;
  readonly names: NamedFiles;
  readonly own: ReadonlySet<Document>;
}

function homesOf(document: Document, homes: readonly Home[]): readonly Home[] {
  const owners = homes.filter(({ own }) => own.has(document));
  // A compose file or manifest of no seed (networks alone, patches) is its neighbours'.
  if (STARTING.has(document.kind) && owners.length > 0) return owners;
  const users = homes.filter(({ names }) => names.at(document) !== undefined);
  if (users.length > 0) return users;
  const { path } = document.file;
  const stage = stageOf(path);
  const fitting = homes.filter(({ seed }) => goTogether(stage, seed.stage));
  const candidates = fitting.length > 0 ? fitting : homes;
  const distances = candidates.map(({ folder }) => distance(folder, path));
  const least = Math.min(...distances);
  return candidates.filter((_, index) => distances[index] === least);
}

/** Steps from one folder to the folder of a path: up, then down. */
function distance(folder: string, path: string): number {
  const from = folder === "" ? [] : folder.split("/");
  const own = folderOf(path);
  const to = own === "" ? [] : own.split("/");
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common += 1;
  return from.length - common + (to.length - common);
}

/** A file inside a ConfigMap has its manifest's path as its folder, and goes where that goes. */
function outermost(
  document: Document,
  parents: ReadonlyMap<string, Document>,
  tree: Tree,
): Document {
  if (tree.files.includes(document.file)) return document;
  for (let above = folderOf(document.file.path); above !== ""; above = folderOf(above)) {
    const parent = parents.get(above);
    if (parent !== undefined) return parent;
  }
  return document;
}
