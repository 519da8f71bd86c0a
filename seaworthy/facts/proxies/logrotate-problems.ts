import { logrotateDirective, logrotateDirectives } from "../../catalogues/keywords/logrotate.ts";
import type { Problem } from "../document.ts";
import { at, type SourceFile } from "../source.ts";
import { nearest } from "../../system/nearest.ts";
import type { LogrotateStanza } from "./proxies.ts";

/** What `logrotate -d` says: options that it does not know, and logs that two stanzas claim. */
export function logrotateProblems(
  file: SourceFile,
  stanzas: readonly LogrotateStanza[],
): readonly Problem[] {
  return [...stanzas.flatMap((stanza) => options(file, stanza)), ...claimedTwice(file, stanzas)];
}

function options(file: SourceFile, { directives }: LogrotateStanza): readonly Problem[] {
  return directives.flatMap(({ line, words: [word = ""] }) => {
    const name = word.split("=", 1)[0] ?? word;
    if (!/^[a-z]+$/.test(name) || logrotateDirective(name) !== undefined) return [];
    const near = nearest(name, logrotateDirectives());
    return [
      {
        at: at(file, line),
        message: `logrotate knows no option "${name}" and leaves the line out`,
        fix: near === undefined ? "delete the line" : `write "${near}"`,
        harmless: true,
      },
    ];
  });
}

/** A log of the second stanza that the first one's pattern matches already. */
function claimedTwice(file: SourceFile, stanzas: readonly LogrotateStanza[]): readonly Problem[] {
  return stanzas.flatMap((stanza, index) =>
    stanza.paths.flatMap((path): readonly Problem[] => {
      const first = stanzas
        .slice(0, index)
        .find(({ paths }) => paths.some((pattern) => covers(pattern, path)));
      if (first === undefined) return [];
      const { line } = at(file, first.line);
      return [
        {
          at: at(file, stanza.line),
          message: `"${path}" is claimed by the stanza of line ${line} already`,
          fix: "narrow the first pattern, or put the more special log into it alone",
          why: "logrotate says duplicate log entry and heeds the first stanza alone",
          harmless: true,
        },
      ];
    }),
  );
}

/** `*` stands for anything but a slash, as glob(7) has it. */
function covers(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  const [before = "", after] = pattern.split("*", 2);
  if (after === undefined || pattern.split("*").length > 2) return false;
  const middle = path.slice(before.length, path.length - after.length);
  return (
    path.length >= before.length + after.length &&
    path.startsWith(before) &&
    path.endsWith(after) &&
    !middle.includes("/")
  );
}
