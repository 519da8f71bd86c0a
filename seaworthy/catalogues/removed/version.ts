/**
 * Compares dotted versions number by number: negative where `left` is older. What is not written
 * counts as zero, so that a bare `8` is never taken for newer than it must be. Text that is no
 * version is undefined, not a guess.
 */
export function compareVersions(left: string, right: string): number | undefined {
  const [older, newer] = [numbersOf(left), numbersOf(right)];
  if (older === undefined || newer === undefined) return undefined;
  for (let place = 0; place < Math.max(older.length, newer.length); place += 1) {
    const difference = (older[place] ?? 0) - (newer[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Longer numbers than any version has are refused, so that arithmetic stays exact. */
const VERSION = /^v?(\d{1,9}(?:\.\d{1,9}){0,5})(?![\w.])/u;

/** `v8.4.3-debian` is 8, 4, 3. */
function numbersOf(text: string): readonly number[] | undefined {
  return VERSION.exec(text)?.[1]?.split(".").map(Number);
}
