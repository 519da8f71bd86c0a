import type { Document, Documents } from "./document.ts";
import { documentsOf, factsOf, readDocument, readNested, type Facts } from "./facts.ts";
import type { Component, HostName } from "./fact.ts";
import type { Location, Tree } from "./source.ts";
import { composeSeeds } from "./units/compose-seeds.ts";
import { consumersIn } from "./units/consumers.ts";
import { manifestSeeds } from "./units/manifest-seeds.ts";
import { membersOf } from "./units/members.ts";
import { openEdgesOf } from "./units/open-edges.ts";
import { resolver } from "./units/resolve.ts";

/**
 * Files that run together: one environment of one system. Rules join facts inside a unit; several
 * environments in one repository neither answer for each other nor are merged.
 */
export interface Unit {
  /** What a person would call it: a folder, a compose file, the guide. */
  readonly name: string;
  readonly documents: Documents;
  readonly facts: Facts;
  /** Everything that was read, this unit's documents among it. */
  readonly repository: { readonly documents: Documents; readonly facts: Facts };
  /** Why something that is missing here may be elsewhere; empty in a closed world. */
  readonly openEdges: readonly OpenEdge[];
  /** Where something of this unit mounts or names this document; undefined: nothing does. */
  readonly consumerOf: (document: Document) => Location | undefined;
  /** What a name means to whoever uses it in this unit. */
  readonly resolve: (host: string, from?: { readonly namespace?: string }) => Resolution;
}

export interface OpenEdge {
  readonly at: Location;
  /** `external network "proxy"`, `Helm chart prometheus`. */
  readonly because: string;
}

export type Resolution =
  | { readonly state: "component"; readonly component: Component }
  | { readonly state: "name"; readonly name: HostName }
  /** An address or a domain outside, `localhost`, the engine's own names. */
  | { readonly state: "outside" }
  | { readonly state: "missing"; readonly nearest: string | undefined };

/** What the whole tree is made of, and the units in it. */
export interface Survey {
  readonly documents: Documents;
  readonly facts: Facts;
  readonly units: readonly Unit[];
}

/** Units that are looked at one by one; what stands in no unit then is one more. */
const UNITS_MAX = 40;

/** Reads every file of a tree and groups what runs together. */
export function survey(tree: Tree): Survey {
  const read = tree.files.flatMap((file) => readDocument(file) ?? []);
  const all = [...read, ...read.flatMap(readNested)];
  const documents = documentsOf(all, tree);
  const facts = factsOf(documents);
  const repository = { documents, facts };
  return { ...repository, units: groupsOf(documents).map((group) => unitOf(group, repository)) };
}

interface UnitGroup {
  readonly name: string;
  readonly documents: readonly Document[];
}

/** A guide is one unit; so is a tree in which nothing, or only one thing, is deployed. */
function groupsOf(documents: Documents): readonly UnitGroup[] {
  const { all, tree } = documents;
  if (tree.guide !== undefined) return [{ name: tree.guide, documents: all }];
  const seeds = [...composeSeeds(documents), ...manifestSeeds(documents)].slice(0, UNITS_MAX);
  if (seeds.length < 2) return [{ name: seeds[0]?.name ?? ".", documents: all }];
  const members = membersOf(seeds, documents);
  const grouped = new Set(members.flat());
  const rest = all.filter((document) => !grouped.has(document));
  const units = seeds.map(({ name }, index) => ({ name, documents: members[index] ?? [] }));
  return rest.length === 0 ? units : [...units, { name: ".", documents: rest }];
}

function unitOf({ name, documents: own }: UnitGroup, repository: Unit["repository"]): Unit {
  const isWhole = own.length === repository.documents.all.length;
  const documents = isWhole ? repository.documents : documentsOf(own, repository.documents.tree);
  const facts = isWhole ? repository.facts : factsOf(documents);
  return {
    name,
    documents,
    facts,
    repository,
    openEdges: openEdgesOf(documents, facts),
    consumerOf: consumersIn(documents, facts),
    resolve: resolver(facts, repository.facts),
  };
}
