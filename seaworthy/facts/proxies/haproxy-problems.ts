import {
  type HaproxyKeyword,
  haproxyKeyword,
  haproxyKeywords,
  haproxyWord,
  haproxyWords,
  type ProxySection,
} from "../../catalogues/keywords/haproxy.ts";
import type { Problem } from "../document.ts";
import { at, type SourceFile } from "../source.ts";
import { nearest } from "../../system/nearest.ts";
import { cipherProblem } from "./cipher-problems.ts";
import type { HaproxyLine, HaproxySection } from "./proxies.ts";

const PROXIES: readonly ProxySection[] = ["defaults", "frontend", "listen", "backend"];

/** What `haproxy -c` says of keywords, without running it. */
export function haproxyProblems(
  file: SourceFile,
  sections: readonly HaproxySection[],
): readonly Problem[] {
  // A template is no configuration yet.
  if (/\{\{|<%|\{%/.test(file.text)) return [];
  return [
    ...sections.flatMap((section) =>
      section.lines.flatMap((line) => [...keyword(file, section, line), ...ciphers(file, line)]),
    ),
    ...timeouts(file, sections),
  ];
}

function keyword(
  file: SourceFile,
  section: HaproxySection,
  { line, words }: HaproxyLine,
): readonly Problem[] {
  const [first = ""] = words;
  // `.if` and its kin are for the parser; a variable may be anything.
  if (first.startsWith(".") || first.includes("$")) return [];
  const place = at(file, line);
  if (section.type === "global") return globalWord(place, words);
  const type = PROXIES.find((known) => known === section.type);
  if (type === undefined) return [];
  const known = haproxyKeyword(words);
  if (known === undefined) return [unknown(place, first, nearest(first, haproxyKeywords()))];
  return misplaced(place, known, type);
}

function globalWord(place: Problem["at"], words: readonly string[]): readonly Problem[] {
  const word = (words[0] === "no" ? words[1] : words[0]) ?? "";
  if (word === "" || haproxyWord("global", word) !== undefined) return [];
  // A keyword of the proxies that somebody wrote one section too early is told as such.
  if (haproxyKeyword(words) !== undefined) {
    return [
      { at: place, message: `"${word}" is not allowed in global`, fix: "move it to defaults" },
    ];
  }
  return [unknown(place, word, nearest(word, haproxyWords("global")))];
}

function unknown(place: Problem["at"], word: string, near: string | undefined): Problem {
  return {
    at: place,
    message: `haproxy knows no keyword "${word}"`,
    fix: near === undefined ? "delete the line" : `write "${near}", or delete the line`,
  };
}

function misplaced(
  place: Problem["at"],
  { name, sections, refusedIn }: HaproxyKeyword,
  type: ProxySection,
): readonly Problem[] {
  if (sections.includes(type)) return [];
  const problem = {
    at: place,
    message: `"${name}" is not allowed in ${type}`,
    fix: `move it to a section of type ${sections.join(", ")}, or delete it`,
  };
  return [refusedIn.includes(type) ? problem : { ...problem, harmless: true }];
}

function ciphers(file: SourceFile, { line, words }: HaproxyLine): readonly Problem[] {
  return words.flatMap((word, index) => {
    const list = words[index + 1];
    const takes = word === "ciphers" || word === "ssl-default-bind-ciphers";
    return takes && list !== undefined ? cipherProblem(at(file, line), list) : [];
  });
}

/** haproxy warns of each proxy that has no time-outs: connections then stay for ever. */
function timeouts(file: SourceFile, sections: readonly HaproxySection[]): readonly Problem[] {
  const has = (section: HaproxySection | undefined, name: string) =>
    section?.lines.some(({ words }) => words[0] === "timeout" && words[1] === name) ?? false;
  return sections.flatMap((section, index) => {
    const defaults = sections.slice(0, index).findLast(({ type }) => type === "defaults");
    const needed = { frontend: ["client"], backend: ["connect", "server"] }[section.type] ?? [];
    const missing = needed.filter((name) => !has(section, name) && !has(defaults, name));
    if (missing.length === 0 || section.lines.length === 0) return [];
    return [
      {
        at: at(file, section.line),
        message: `${section.type} ${section.name} has no timeout ${missing.join(" and ")}`,
        fix: `say "timeout client", "timeout connect" and "timeout server" in defaults`,
        harmless: true,
      },
    ];
  });
}
