import {
  commandSets,
  composeProjects,
  type ComposeProject,
} from "../containers/compose-projects.ts";
import type { ComposeDocument } from "../containers/compose.ts";
import type { Documents } from "../document.ts";
import { entriesAt, itemsAt, nodeAt, textAt } from "../node.ts";
import { baseName, folderOf, joinPath } from "../source.ts";
import { stageOf, type Stage } from "./environment.ts";
import { joined, type Seed } from "./seed.ts";

/** Each way in which the compose files of a tree are run, those that run side by side as one. */
export function composeSeeds(documents: Documents): readonly Seed[] {
  const all = documents.of("compose");
  const seeds = composeProjects(documents).flatMap(variantsOf);
  const together = commandSets(documents, all);
  return joined(seeds, (a, b) => {
    const [first, second] = [composeOf(a), composeOf(b)];
    return first.some((one) =>
      second.some(
        (other) =>
          folderOf(one.file.path) === folderOf(other.file.path) ||
          includes(one, other) ||
          includes(other, one) ||
          shareNetwork(one, other) ||
          together.some((set) => set.includes(one) && set.includes(other)),
      ),
    );
  });
}

/** A base alone, and with the overlays of each environment. */
function variantsOf({ base, overlays }: ComposeProject): readonly Seed[] {
  const always = overlays.filter((overlay) => variantOf(overlay) === undefined);
  const groups = Map.groupBy(
    overlays.filter((overlay) => !always.includes(overlay)),
    variantOf,
  );
  const variants = [...groups.values()].map((own) => seedOf([base, ...always, ...own]));
  // With `override` or production's own overlay nobody runs the base alone.
  const isWhole = groups.has("override") || groups.has("production");
  return isWhole ? variants : [seedOf([base, ...always]), ...variants];
}

function variantOf({ file }: ComposeDocument): Stage | "override" | undefined {
  const stage = stageOf(baseName(file.path));
  return stage ?? (/override/i.test(baseName(file.path)) ? "override" : undefined);
}

function seedOf(documents: readonly ComposeDocument[]): Seed {
  const stages = documents.map(({ file }) => stageOf(file.path));
  return {
    name: documents.map(({ file }) => file.path).join(" + "),
    documents,
    stage: stages.findLast((stage) => stage !== undefined),
    identities: new Set(documents.flatMap(({ services }) => services.map(({ name }) => name))),
  };
}

function composeOf({ documents }: Seed): readonly ComposeDocument[] {
  return documents.filter((document) => document.kind === "compose");
}

function includes(from: ComposeDocument, other: ComposeDocument): boolean {
  return itemsAt(from.root, "include").some((item) => {
    const paths =
      item.type === "scalar" ? [item] : [nodeAt(item, "path"), ...itemsAt(item, "path")];
    return paths.some(
      (path) =>
        path?.type === "scalar" &&
        joinPath(folderOf(from.file.path), path.text) === other.file.path,
    );
  });
}

/** The real names of a file's networks that outlive it or come from outside. */
export function sharedNetworks(
  document: ComposeDocument,
): readonly { readonly name: string; readonly line: number; readonly isExternal: boolean }[] {
  return entriesAt(document.root, "networks").flatMap(([key, { line, node }]) => {
    const isExternal =
      textAt(node, "external") === "true" || nodeAt(node, "external")?.type === "map";
    const name = textAt(node, "name") ?? textAt(node, "external", "name");
    if (!isExternal && name === undefined) return [];
    return [{ name: name ?? key, line, isExternal }];
  });
}

/** One may make it under its plain key, as `<folder>_<key>`, for the other to take as external. */
function shareNetwork(a: ComposeDocument, b: ComposeDocument): boolean {
  const [first, second] = [sharedNetworks(a), sharedNetworks(b)];
  return (
    first.some(({ name }) => second.some((other) => other.name === name)) ||
    first.some(({ name, isExternal }) => isExternal && makes(b, name)) ||
    second.some(({ name, isExternal }) => isExternal && makes(a, name))
  );
}

function makes(document: ComposeDocument, name: string): boolean {
  const project = textAt(document.root, "name") ?? baseName(folderOf(document.file.path));
  return entriesAt(document.root, "networks").some(
    ([key, { node }]) =>
      nodeAt(node, "external") === undefined && `${project.toLowerCase()}_${key}` === name,
  );
}
