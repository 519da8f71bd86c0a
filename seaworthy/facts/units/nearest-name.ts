/** Longer names are not compared: the table is quadratic. */
const COMPARED_LENGTH_MAX = 60;
const COMPARED_MAX = 500;

/** The known name that is least far from one that nobody defines; undefined where all are far. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > COMPARED_LENGTH_MAX) return undefined;
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of known.slice(0, COMPARED_MAX)) {
    const distance = distanceOf(name, candidate);
    if (distance > Math.max(2, Math.floor(name.length / 2))) continue;
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best?.candidate;
}

/** A whole word in common is nearer than letters are: `mysql-exporter` is near `mysql`. */
function distanceOf(name: string, candidate: string): number {
  const letters = editDistance(name, candidate.slice(0, COMPARED_LENGTH_MAX));
  const words = new Set(name.split(/[-_.]/).filter((word) => word.length > 2));
  const isShared = candidate.split(/[-_.]/).some((word) => words.has(word));
  return isShared ? letters / 2 : letters;
}

function editDistance(from: string, to: string): number {
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const change = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, change));
    }
    last = current;
  }
  return last[to.length] ?? 0;
}
