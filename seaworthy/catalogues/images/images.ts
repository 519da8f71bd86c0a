import { once } from "../once.ts";
import { matchesPattern } from "../pattern.ts";
import { type ImageRef, parseImageRef } from "./image-ref.ts";
import imagesFile from "./images.json" with { type: "json" };

export { parseImageRef } from "./image-ref.ts";
export { withdrawal } from "./withdrawn.ts";

const KINDS = [
  "admin",
  "base",
  "ci",
  "cli",
  "discovery",
  "exporter",
  "identity",
  "logging",
  "monitoring",
  "proxy",
  "queue",
  "registry",
  "runtime",
  "search",
  "secrets",
  "store",
] as const;

export type ImageKind = (typeof KINDS)[number];

/** What is known of an image. Whatever is not known for sure is undefined, never a guess. */
export interface ImageFacts {
  /** As `parseImageRef` gives it: `redis`, `prom/node-exporter`. */
  readonly repository: string;
  readonly kind: ImageKind;
  /** The engine behind a store, queue, search or discovery image, the same for each vendor. */
  readonly store: string | undefined;
  /** Ports it listens on as it comes; empty where it listens on none, or that is not known. */
  readonly ports: readonly number[];
  /** Folders whose loss is loss of state. */
  readonly data: readonly string[];
  /** The user its first process starts as; 0 is root, even where that process steps down. */
  readonly uid: number | undefined;
  /** The program that its arguments go to, where that is none that runs commands. */
  readonly entrypoint: string | undefined;
  readonly sources: readonly string[];
  /** Whether a program (`curl`, `sh`, `pg_isready`) is in this tag of the image. */
  has(program: string): boolean | undefined;
  /** Whether the image's start-up reads the variable. */
  reads(variable: string): boolean | undefined;
}

interface Entry {
  readonly repositories: readonly string[];
  readonly kind: string;
  readonly store?: string;
  readonly ports?: readonly number[];
  readonly data?: readonly string[];
  readonly uid?: number;
  readonly entrypoint?: string;
  /** Programs by a part of the tag, `*` for the others; `!curl`: known to be absent. */
  readonly tools?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  /** Whether `env` is all that is read. */
  readonly envComplete?: boolean;
  readonly sources: readonly string[];
}

const entries: readonly Entry[] = imagesFile.images;

const byRepository = once(
  () =>
    new Map(
      entries.flatMap((entry) => entry.repositories.map((repository) => [repository, entry])),
    ),
);

/**
 * Facts of the image that a reference names; undefined for one that is not in the catalogue. An
 * image in a private registry is known by the end of its path (`registry.example/mirror/redis`
 * is not taken for `redis`, `registry.example/bitnami/redis` is taken for `bitnami/redis`).
 */
export function imageFacts(ref: string): ImageFacts | undefined {
  const parsed = parseImageRef(ref);
  const found = entryOf(parsed);
  if (found === undefined) return undefined;
  const { repository, entry } = found;
  const kind = KINDS.find((known) => known === entry.kind);
  if (kind === undefined) return undefined;
  return {
    repository,
    kind,
    store: entry.store,
    ports: entry.ports ?? [],
    data: entry.data ?? [],
    uid: entry.uid,
    entrypoint: entry.entrypoint,
    sources: entry.sources,
    has: (program) => hasProgram(toolsOf(entry, parsed), program),
    reads: (variable) => readsVariable(entry, variable),
  };
}

/** Repositories of the images of one engine that are known to read the variable. */
export function imagesReading(query: {
  readonly store: string;
  readonly variable: string;
}): readonly string[] {
  return entries
    .filter((entry) => entry.store === query.store && readsVariable(entry, query.variable) === true)
    .flatMap((entry) => entry.repositories);
}

/** Where the facts of each image are from. */
export function imageSources(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    entries.flatMap((entry) =>
      entry.repositories.map((repository) => [repository, entry.sources] as const),
    ),
  );
}

function entryOf(
  ref: ImageRef,
): { readonly repository: string; readonly entry: Entry } | undefined {
  const whole = byRepository().get(ref.repository);
  if (whole !== undefined) return { repository: ref.repository, entry: whole };
  const end = ref.repository.split("/").slice(-2).join("/");
  const entry = byRepository().get(end);
  return entry === undefined ? undefined : { repository: end, entry };
}

/** A digest alone does not say which variant it is of. */
function toolsOf(entry: Entry, ref: ImageRef): readonly string[] | undefined {
  if (entry.tools === undefined || (ref.tag === undefined && ref.digest !== undefined)) {
    return undefined;
  }
  const tag = ref.tag ?? "latest";
  const variants = Object.keys(entry.tools).filter((name) => name !== "*" && tag.includes(name));
  const narrowest = variants.toSorted((left, right) => right.length - left.length)[0];
  if (narrowest === undefined && OTHER_BASES.some((base) => tag.includes(base))) return undefined;
  return entry.tools[narrowest ?? "*"]?.split(" ");
}

/** Tags with one of these are built on something else than the default, with other programs. */
const OTHER_BASES = [
  "alpine",
  "slim",
  "distroless",
  "ubi",
  "ubuntu",
  "debian",
  "windows",
  "busybox",
];

function hasProgram(tools: readonly string[] | undefined, program: string): boolean | undefined {
  if (tools === undefined) return undefined;
  if (tools.includes(program)) return true;
  return tools.includes(`!${program}`) ? false : undefined;
}

function readsVariable(entry: Entry, variable: string): boolean | undefined {
  if (entry.env === undefined) return undefined;
  if (entry.env.some((known) => matchesPattern(known, variable))) return true;
  return entry.envComplete === true ? false : undefined;
}
