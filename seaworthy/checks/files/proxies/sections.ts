import type {
  HaproxyDocument,
  HaproxyLine,
  HaproxySection,
} from "../../../facts/proxies/proxies.ts";

/** Own lines of a section, then those of the last `defaults` before it (manual, 4). */
export function effectiveLines(
  document: HaproxyDocument,
  section: HaproxySection,
): readonly HaproxyLine[] {
  const before = document.sections.slice(0, document.sections.indexOf(section));
  const inherited = before.findLast(({ type }) => type === "defaults");
  return inherited === undefined ? section.lines : [...section.lines, ...inherited.lines];
}

export function linesOf(
  lines: readonly HaproxyLine[],
  ...words: readonly string[]
): readonly HaproxyLine[] {
  return lines.filter((line) => words.every((word, index) => line.words[index] === word));
}

/** Sections that accept connections from others than this machine. */
export function publicSections(document: HaproxyDocument): readonly HaproxySection[] {
  return document.sections.filter(({ type, lines }) => {
    if (type !== "frontend" && type !== "listen") return false;
    return linesOf(lines, "bind").some(({ words }) => !isLoopback(words[1] ?? ""));
  });
}

export function isLoopback(address: string): boolean {
  return /^(127\.|localhost\b|\[?::1\]?(:|$)|unix@|\/)/.test(address);
}
