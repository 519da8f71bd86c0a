/** Edits after which a name is no longer taken for a slip of the pen. */
const EDITS_MAX = 2;
/** Longer names are compared with nothing. */
const LENGTH_MAX = 100;

/** The one name within two edits; undefined where none or several are that near. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  if (name.length > LENGTH_MAX) return undefined;
  const near = [...new Set(names)].filter(
    (other) =>
      other !== name &&
      Math.abs(other.length - name.length) <= EDITS_MAX &&
      editsBetween(name, other) <= EDITS_MAX,
  );
  return near.length === 1 ? near[0] : undefined;
}

/** Levenshtein's distance, row by row. */
function editsBetween(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
