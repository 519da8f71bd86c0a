import type { Document, DocumentKind, Documents } from "../document.ts";
import type { Facts } from "../facts.ts";
import { at, folderOf, joinPath, type Location } from "../source.ts";
import { IN_CODE, namedFiles, usedByCommands } from "./named-files.ts";

/** Where something of a unit mounts, copies, applies or names a document. */
export function consumersIn(
  documents: Documents,
  facts: Facts,
): (document: Document) => Location | undefined {
  const isGuide = documents.tree.guide !== undefined;
  const named = namedFiles(documents.all, isGuide);
  const used = usedByCommands(facts, documents);
  const copied = copiedInto(documents, facts);
  return (document) =>
    runs(document) ??
    inMap(document, documents, facts) ??
    named.at(document) ??
    copied.find((copy) => copy.takes(document))?.place ??
    used.at(document);
}

/** Their own programs start what they say. */
const STARTING: ReadonlySet<DocumentKind> = new Set<DocumentKind>([
  "helm-chart",
  "helm-template",
  "kustomization",
  "crontab",
  "pipeline",
]);

/** What starts something is its own consumer. */
function runs(document: Document): Location | undefined {
  if (document.kind === "compose") return document.services[0]?.at;
  if (document.kind === "manifest") return at(document.file, document.objects[0]?.line ?? 1);
  return STARTING.has(document.kind) ? at(document.file, 1) : undefined;
}

/** A file inside a ConfigMap runs where a component mounts that map. */
function inMap(document: Document, documents: Documents, facts: Facts): Location | undefined {
  const parent = folderOf(document.file.path);
  const manifest = documents.of("manifest").find(({ file }) => file.path === folderOf(parent));
  if (manifest === undefined) return undefined;
  const name = parent.slice(parent.lastIndexOf("/") + 1);
  for (const { mounts } of facts.of("component")) {
    const mount = mounts.find(({ type, source }) => isMap(type) && source === name);
    if (mount !== undefined) return mount.at;
  }
  return undefined;
}

function isMap(type: string): boolean {
  return type === "config-map" || type === "secret";
}

interface Copy {
  readonly place: Location;
  readonly takes: (document: Document) => boolean;
}

/** `COPY` of the Dockerfiles that something of the unit builds, from their contexts. */
function copiedInto(documents: Documents, facts: Facts): readonly Copy[] {
  return facts.of("component").flatMap(({ build }) => {
    if (build === undefined) return [];
    const folder = folderOf(build.at.as ?? build.at.file);
    const context = joinPath(folder, build.value.context);
    if (context === undefined) return [];
    const path = joinPath(context, build.value.dockerfile ?? "Dockerfile");
    const dockerfile = documents.of("dockerfile").find(({ file }) => file.path === path);
    const own: Copy = { place: build.at, takes: ({ file }) => file.path === path };
    const copies = (dockerfile?.stages ?? []).flatMap(({ instructions }) =>
      instructions
        .filter(({ keyword, flags }) => /^(?:COPY|ADD)$/.test(keyword) && !flags.has("from"))
        .flatMap(({ words, at: place }) =>
          words.slice(0, -1).map((source): Copy => ({ place, takes: takes(context, source) })),
        ),
    );
    return [own, ...copies];
  });
}

/** Whether a document stands at or below what `COPY` names; a pattern takes its folder's files. */
function takes(context: string, source: string): (document: Document) => boolean {
  const isPattern = /[*?[]/.test(source);
  const root = joinPath(context, isPattern ? folderOf(source) : source.replace(/^\/+/, ""));
  // `COPY . .` takes everything along; what runs of it is the application.
  const isAll = root === context;
  return ({ kind, file: { path } }) => {
    if (root === undefined || (isAll && !IN_CODE.has(kind))) return false;
    return root === "" || path === root || path.startsWith(`${root}/`);
  };
}
