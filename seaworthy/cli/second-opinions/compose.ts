import { baseName } from "../../facts/source.ts";
import { isOfThisMachine, type Complaint, type Prepared, type Tool } from "./tool.ts";
import type { SourceFile } from "../../facts/source.ts";

/** `docker compose` where the engine has it, else the standalone program. */
export const composeTools: readonly Tool[] = [
  composeTool({ program: "docker", before: ["compose"] }),
  composeTool({ program: "docker-compose", before: [] }),
];

/** What stands beside the file on its own host: variables, contexts, files. */
const ABSENT =
  /env file|variable is not set|required variable|not found|is obsolete|context|build path/i;
/**
 * Compose 1 (Debian's docker-compose) knows neither keys nor types of the specification that
 * replaced it, and takes a variable for a wrong type where nothing is put in.
 */
const OLDER = new RegExp(
  "does not match any of the regexes|contains an invalid type|wrong Compose file version|" +
    "unsupported (?:config )?option|Additional properties|is invalid because|" +
    "Compose file format versions",
  "i",
);

function composeTool(of: { readonly program: string; readonly before: readonly string[] }): Tool {
  return {
    name: [of.program, ...of.before].join(" "),
    program: of.program,
    versionArgs: [...of.before, "version"],
    // An overlay alone is no project.
    takes: (document) => document.kind === "compose" && !document.isOverlay,
    prepare: (file) => prepared(file, of.before),
    complaints,
    isForgiven: (message) =>
      isOfThisMachine(message) || ABSENT.test(message) || OLDER.test(message),
  };
}

function prepared({ path, text }: SourceFile, before: readonly string[]): Prepared {
  if (/^\s*include\s*:|^\s*extends\s*:/m.test(text)) {
    return { asked: false, because: "it takes in other files" };
  }
  const name = baseName(path);
  const args = [...before, "-f", name, "config", "--quiet", "--no-interpolate"];
  return { asked: true, files: { [name]: text }, args };
}

function complaints(output: string): readonly Complaint[] {
  return output.split("\n").flatMap((line): readonly Complaint[] => {
    const text = line.trim().slice(0, 500);
    if (text === "" || /level=warning|^time=/.test(text)) return [];
    const [, at] = /\bline (\d+)\b/.exec(text) ?? [];
    return [{ line: at === undefined ? undefined : Number(at), message: text }];
  });
}
