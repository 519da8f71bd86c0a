import type { Document, Documents } from "./document.ts";
import { documentsOf, factsOf, readDocument, readNested, type Facts } from "./facts.ts";
import type { Component, HostName } from "./fact.ts";
import type { Location, Tree } from "./source.ts";

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
  /** Where something of this unit mounts or names this document; undefined: it runs nowhere here. */
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

/** Reads every file of a tree and groups what runs together. */
export function survey(tree: Tree): Survey {
  const read = tree.files.flatMap((file) => readDocument(file) ?? []);
  const all = [...read, ...read.flatMap(readNested)];
  const documents = documentsOf(all, tree);
  const facts = factsOf(documents);
  const unit: Unit = {
    name: tree.guide ?? ".",
    documents,
    facts,
    repository: { documents, facts },
    openEdges: [],
    consumerOf: () => undefined,
    resolve: (host) => resolveIn(facts, host),
  };
  return { documents, facts, units: [unit] };
}

function resolveIn(facts: Facts, host: string): Resolution {
  if (isOutside(host)) return { state: "outside" };
  const component = facts.of("component").find(({ hostNames }) => hostNames.includes(host));
  if (component !== undefined) return { state: "component", component };
  const name = facts.of("host-name").find((candidate) => candidate.name === host);
  return name === undefined ? { state: "missing", nearest: undefined } : { state: "name", name };
}

/** Names that no file of a deployment has to define. */
function isOutside(host: string): boolean {
  return host === "localhost" || host === "host.docker.internal" || host.includes(".");
}
