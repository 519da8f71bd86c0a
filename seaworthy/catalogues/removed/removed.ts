import { once } from "../once.ts";
import endOfLifeFile from "./end-of-life.json" with { type: "json" };
import kubernetesFile from "./kubernetes-apis.json" with { type: "json" };
import { OPTION_FILES } from "./option-files.ts";
import { compareVersions } from "./version.ts";

/** An option or key that a version of the product no longer knows. */
export interface Removal {
  readonly product: string;
  /** The option as the catalogue writes it; a last `*` stands for any ending. */
  readonly key: string;
  readonly removedIn: string;
  readonly successor: string | undefined;
  readonly sources: readonly string[];
}

interface OptionQuery {
  /** Name of the product as official images call it: `mysql`, `spring-boot`, `haproxy`. */
  readonly product: string;
  /** In any of the product's spellings: `query-cache-size`, `SPRING_REDIS_HOST`. */
  readonly key: string;
}

const removals: ReadonlyMap<string, () => readonly ParsedRemoval[]> = new Map(
  OPTION_FILES.map((file) => [file.product, once(() => parseOptions(file))]),
);

/** When, if ever, the option was removed from the product. */
export function removalOf({ product, key }: OptionQuery): Removal | undefined {
  const asked = { plain: plainKey(key), isVariable: /^[A-Z][A-Z0-9_]*$/u.test(key) };
  return removals
    .get(product)?.()
    .find((known) => matches(known, asked))?.removal;
}

/** As `removalOf`, if the version is known to be without it. */
export function removedOption(
  query: OptionQuery & { readonly version: string },
): Removal | undefined {
  const removal = removalOf(query);
  if (removal === undefined) return undefined;
  const age = compareVersions(query.version, removal.removedIn);
  return age !== undefined && age >= 0 ? removal : undefined;
}

/** All removals of a product; nothing for one that is not in the catalogue. */
export function removalsOf(product: string): readonly Removal[] {
  return (
    removals
      .get(product)?.()
      .map(({ removal }) => removal) ?? []
  );
}

/** A kind of object under an API version that Kubernetes gave up, or will. */
export interface ApiRemoval {
  readonly deprecatedIn: string | undefined;
  /** The first version of Kubernetes that does not serve it; undefined: only deprecated so far. */
  readonly removedIn: string | undefined;
  readonly replacement: string | undefined;
}

const apis = once(
  () =>
    new Map(
      kubernetesFile.kinds.map((row) => {
        const [apiVersion = "", kind = "", deprecatedIn, removedIn, replacement] = row.split(" ");
        const removal: ApiRemoval = {
          deprecatedIn: written(deprecatedIn),
          removedIn: written(removedIn),
          replacement: written(replacement),
        };
        return [`${apiVersion} ${kind}`, removal];
      }),
    ),
);

/** Undefined: served, or not an API of Kubernetes itself. */
export function apiRemoval(api: {
  readonly apiVersion: string;
  readonly kind: string;
}): ApiRemoval | undefined {
  return apis().get(`${api.apiVersion} ${api.kind}`);
}

export interface EndOfLife {
  /** The series the version belongs to, as its makers count: `8.0`, `15`. */
  readonly series: string;
  /** ISO date of the last day of the makers' own support. */
  readonly date: string;
}

const series = once(
  () => new Map<string, readonly string[]>(Object.entries(endOfLifeFile.products)),
);

/** Undefined: unknown product or series, or no date was set when the catalogue was made. */
export function endOfLife(product: string, version: string): EndOfLife | undefined {
  const numbers = version.replace(/^v/u, "");
  for (const row of series().get(product) ?? []) {
    const [cycle = "", date = ""] = row.split(" ");
    const rest = numbers.startsWith(cycle) ? numbers.slice(cycle.length) : undefined;
    if (rest !== undefined && !/^\d/u.test(rest)) return { series: cycle, date };
  }
  return undefined;
}

/** Where the catalogue's facts are from, one entry per file. */
export function removalSources(): ReadonlyMap<string, readonly string[]> {
  return new Map<string, readonly string[]>([
    ...OPTION_FILES.map(({ product, sources }) => [product, sources] as const),
    ["kubernetes-apis", kubernetesFile.sources],
    ["end-of-life", endOfLifeFile.sources],
  ]);
}

interface ParsedRemoval {
  readonly plain: string;
  readonly isPrefix: boolean;
  readonly removal: Removal;
}

interface OptionFile {
  readonly product: string;
  readonly sources: readonly string[];
  readonly options: readonly string[];
}

/** `key version successor`; keys of two words are written with `~` for the blank. */
function parseOptions(file: OptionFile): readonly ParsedRemoval[] {
  return file.options.map((row) => {
    const [key = "", removedIn = "", ...successor] = row.split(" ");
    return {
      plain: plainKey(key),
      isPrefix: key.endsWith("*"),
      removal: {
        product: file.product,
        key: key.replaceAll("~", " "),
        removedIn,
        successor: successor.length === 0 ? undefined : successor.join(" "),
        sources: file.sources,
      },
    };
  });
}

/** Spellings differ by case, dash and underscore only: relaxed binding, option files. */
function plainKey(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9.]/gu, "");
}

interface Asked {
  readonly plain: string;
  /** The name of an environment variable has lost the dots of the key it sets. */
  readonly isVariable: boolean;
}

function matches(known: ParsedRemoval, asked: Asked): boolean {
  const plain = asked.isVariable ? known.plain.replaceAll(".", "") : known.plain;
  return known.isPrefix ? asked.plain.startsWith(plain) : asked.plain === plain;
}

function written(field: string | undefined): string | undefined {
  return field === "-" ? undefined : field;
}
