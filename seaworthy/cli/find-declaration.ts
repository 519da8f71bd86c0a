import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";

const NAMES = ["system.ts", "system.yaml", "system.yml", "system.json"] as const;
const DECLARATION = /(^|[/\\])[^/\\]+\.(ts|ya?ml|json)$/;

export interface Positionals {
  readonly declaration: string;
  /** What is left after the system was taken off. */
  readonly rest: readonly string[];
}

/**
 * Which declaration a command line means (cli.md): `-s` wins; else the first positional if it is
 * a declaration file or a folder with one; else the one in the working folder.
 */
export function findDeclaration(
  positionals: readonly string[],
  options: { readonly system: string | undefined; readonly cwd: string },
): Positionals {
  if (options.system !== undefined) {
    return { declaration: named(options.system, options.cwd), rest: positionals };
  }
  const [first, ...rest] = positionals;
  if (first !== undefined) {
    const found = declarationAt(resolve(options.cwd, first));
    if (found !== undefined) return { declaration: found, rest };
    if (DECLARATION.test(first)) {
      throw new Refusal(EXIT.usage, `${first}: no such file`, {
        fix: "name a declaration (system.ts, .yaml or .json) or a folder that holds one",
      });
    }
  }
  const here = declarationAt(options.cwd);
  if (here !== undefined) return { declaration: here, rest: positionals };
  throw new Refusal(EXIT.usage, `no declaration here: none of ${NAMES.join(", ")}`, {
    detail: [`looked in ${options.cwd}`],
    fix:
      "go to the folder of your system, or name it: seaworthy <verb> path/to/system.ts " +
      "(files that are there already: seaworthy check .)",
  });
}

function named(path: string, cwd: string): string {
  const full = resolve(cwd, path);
  const found = declarationAt(full);
  if (found !== undefined) return found;
  throw new Refusal(
    EXIT.usage,
    existsSync(full) ? `${path}: no declaration in it` : `${path}: no such file or folder`,
    { fix: `name one of ${NAMES.join(", ")}, or a folder that holds one` },
  );
}

function declarationAt(full: string): string | undefined {
  if (!existsSync(full)) return undefined;
  if (statSync(full).isDirectory()) {
    return NAMES.map((name) => join(full, name)).find((path) => existsSync(path));
  }
  return DECLARATION.test(full) ? full : undefined;
}
