/** Names that are written out; the rest is counted. */
const NAMES_MAX = 6;

/** `a, b and 3 more`, each name once. */
export function listed(names: readonly string[]): string {
  const each = [...new Set(names)];
  const first = each.slice(0, NAMES_MAX).join(", ");
  return each.length <= NAMES_MAX ? first : `${first} and ${each.length - NAMES_MAX} more`;
}

/** `1 job`, `3 jobs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Folders and names of files that nobody runs in production. */
const SAMPLE_FOLDER =
  /(?:^|\/)(?:examples?|samples?|_?archived?|tests?|__tests__|testdata|fixtures?|e2e|docs?)\//i;
const SAMPLE_NAME = /testdata|\.(?:example|sample|dist)(?:\.|$)/i;

export function isSample(path: string): boolean {
  return SAMPLE_FOLDER.test(path) || SAMPLE_NAME.test(path);
}
