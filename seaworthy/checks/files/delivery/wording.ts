import type { Location } from "../../../facts/source.ts";
import type { Found } from "../file-rule.ts";

/** Names that are written out; the rest is counted. */
const NAMES_MAX = 5;
/** One finding shows at most so many places. */
const PLACES_MAX = 8;

/** `a`, `b` and 3 more; each name once. */
export function listed(names: readonly string[]): string {
  const each = [...new Set(names)].map((name) => `\`${name}\``);
  if (each.length > NAMES_MAX) {
    return `${each.slice(0, NAMES_MAX).join(", ")} and ${String(each.length - NAMES_MAX)} more`;
  }
  const last = each.at(-1) ?? "";
  return each.length < 2 ? last : `${each.slice(0, -1).join(", ")} and ${last}`;
}

/** The names and what they do: one `runs`, several `run`. */
export function subject(
  names: readonly string[],
  verb: { readonly one: string; readonly several: string },
): string {
  return `${listed(names)} ${new Set(names).size === 1 ? verb.one : verb.several}`;
}

/** At least one place, none twice. */
export function placesOf(first: Location, rest: readonly Location[]): Found["places"] {
  const seen = new Set([`${first.file}:${String(first.line)}`]);
  const others = rest.filter(({ file, line }) => {
    const key = `${file}:${String(line)}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
  return [first, ...others.slice(0, PLACES_MAX - 1)];
}
