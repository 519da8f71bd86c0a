import type { ComposeDocument } from "../../../facts/containers/compose.ts";
import { baseName, folderOf, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";

/** Words of a path that say: this is not what runs in production. */
const REHEARSAL = new RegExp(
  "(?:^|[/._-])(?:dev|devel|develop|development|local|localhost|tests?|testing|e2e|ci|examples?|" +
    "samples?|demos?|archived?|debug|override|fixtures?|tutorials?|playground|sandbox|" +
    "devcontainer|benchmarks?|integration|staging|quickstart|mocks?|templates?)(?=$|[/._-])",
  "i",
);
const PRODUCTION =
  /(?:^|[/._-])(?:prod|production|live|deploy|deployment|release|swarm|stack)(?=$|[/._-])/i;

/** Path of a file in the tree; of the code block's name where it comes from a guide. */
export function pathOf(location: Location): string {
  return location.as ?? location.file;
}

/** A file for development, tests or teaching: what is wrong there pages nobody. */
export function isRehearsal(path: string): boolean {
  return REHEARSAL.test(path) && !/prod|live/i.test(baseName(path));
}

/**
 * Whether production runs from this file as far as its name and its neighbours tell: a plain
 * `docker-compose.yml` beside a `docker-compose.prod.yml` that stands alone is for development.
 */
export function isForProduction(unit: Unit, location: Location): boolean {
  const path = pathOf(location);
  if (isRehearsal(path)) return false;
  // What a script runs may be a helper of the moment; a guide's blocks have no telling names.
  const isGuide = unit.documents.tree.guide !== undefined;
  if (/\.(?:sh|bash|mk)$|(?:^|\/)Makefile$/.test(path) && !isGuide) return PRODUCTION.test(path);
  if (PRODUCTION.test(baseName(path))) return true;
  const own = unit.repository.documents.of("compose").find(({ file }) => file.path === path);
  return own === undefined || !unit.repository.documents.of("compose").some(isProductionOf(own));
}

function isProductionOf(own: ComposeDocument): (other: ComposeDocument) => boolean {
  const folder = folderOf(own.file.path);
  return (other) =>
    other !== own &&
    folderOf(other.file.path) === folder &&
    PRODUCTION.test(baseName(other.file.path)) &&
    !isRehearsal(other.file.path) &&
    !other.isOverlay;
}

/** One finding shows at most so many places; its message names all. */
const PLACES_MAX = 12;

/** At least one place, without repetitions. */
export function placesOf(first: Location, rest: readonly Location[]): Found["places"] {
  const seen = new Set([keyOf(first)]);
  const others = rest.filter((place) => {
    const isNew = !seen.has(keyOf(place));
    seen.add(keyOf(place));
    return isNew;
  });
  return [first, ...others.slice(0, PLACES_MAX - 1)];
}

function keyOf({ file, line }: Location): string {
  return `${file}:${line}`;
}

/** Things of one file together, in the order of the files. */
export function byFile<T>(
  items: readonly T[],
  at: (item: T) => Location,
): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const path = pathOf(at(item));
    const group = groups.get(path);
    if (group === undefined) groups.set(path, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** `a, b and c`; a long list ends in how many more there are. */
export function listed(names: readonly string[], max = 8): string {
  const unique = [...new Set(names)];
  if (unique.length > max)
    return `${unique.slice(0, max).join(", ")} and ${unique.length - max} more`;
  const last = unique.at(-1) ?? "";
  return unique.length < 2 ? last : `${unique.slice(0, -1).join(", ")} and ${last}`;
}
