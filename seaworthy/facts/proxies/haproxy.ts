import { at, type SourceFile } from "../source.ts";
import type { Problem } from "../document.ts";
import { haproxyProblems } from "./haproxy-problems.ts";
import type { HaproxyDocument, HaproxyLine, HaproxySection } from "./proxies.ts";

/** HAProxy refuses longer lines itself (`tune.bufsize`, configuration manual 1.2: 2048 words). */
const LINE_CHARACTERS_MAX = 65_536;

/** Section keywords of HAProxy 3.2's configuration manual. */
const SECTION_WORDS =
  "global defaults frontend backend listen userlist peers resolvers mailers cache program ring " +
  "http-errors fcgi-app log-forward crt-store traces acme";
const SECTIONS = new RegExp(
  String.raw`^(${SECTION_WORDS.replaceAll(" ", "|")})(\s+\S+)?(\s+from\s+\S+)?\s*(#.*)?$`,
);
/** Lines that hardly anything but HAProxy has under such a section. */
const TELLING =
  /^[ \t]+(bind|server|mode|balance|timeout|default_backend|use_backend|option|acl|stats)[ \t]/m;

/** Reads an HAProxy configuration by its sections; undefined when there are none. */
export function readHaproxy(file: SourceFile): HaproxyDocument | undefined {
  const lines = file.text.split("\n");
  const sections = lines.filter((line) => line.length < 256 && SECTIONS.test(line)).length;
  if (sections === 0 || !TELLING.test(file.text)) return undefined;
  const read = sectionsOf(lines);
  return {
    kind: "haproxy",
    file,
    sections: read,
    problems: [...haproxyProblems(file, read), ...lastLine(file, lines)],
  };
}

function sectionsOf(lines: readonly string[]): readonly HaproxySection[] {
  const sections: (HaproxySection & { lines: HaproxyLine[] })[] = [];
  lines.forEach((text, index) => {
    if (text.length > LINE_CHARACTERS_MAX) return;
    const words = wordsOf(text);
    const [first, name = ""] = words;
    if (first === undefined) return;
    if (/^\S/.test(text) && SECTIONS.test(text)) {
      sections.push({ type: first, name, line: index + 1, lines: [] });
      return;
    }
    sections.at(-1)?.lines.push({ line: index + 1, words });
  });
  return sections;
}

/** HAProxy since 2.3 takes a last line without its end for a truncated file, and refuses it. */
function lastLine(file: SourceFile, lines: readonly string[]): readonly Problem[] {
  if ((lines.at(-1) ?? "").trim() === "") return [];
  return [
    {
      at: at(file, lines.length),
      message: "the last line has no line end, so haproxy takes the file for a truncated one",
      fix: "end the file with a newline",
    },
  ];
}

/** Words as HAProxy splits them: quotes, `\ ` and `#` (configuration manual 2.2). */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
      else if (character === "\\" && quote === '"') word = (word ?? "") + (text[++index] ?? "");
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") {
      word = (word ?? "") + (text[++index] ?? "");
    } else if (character === "#") {
      break;
    } else if (character === " " || character === "\t" || character === "\r") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
