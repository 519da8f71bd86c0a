import { once } from "../once.ts";
import file from "./logrotate.json" with { type: "json" };

/** What follows the word: nothing, a value, perhaps a value, or lines up to `endscript`. */
export type LogrotateArgument = "flag" | "value" | "optional" | "script";

const directives = once(
  () =>
    new Map(
      file.directives.map((row) => {
        const [name = "", argument] = row.split(" ");
        return [name, ARGUMENTS.find((known) => known === argument) ?? "optional"] as const;
      }),
    ),
);

const ARGUMENTS = ["flag", "optional", "script", "value"] as const;

/** Undefined: logrotate warns of an unknown option and leaves the line out. */
export function logrotateDirective(name: string): LogrotateArgument | undefined {
  return directives().get(name);
}

export function logrotateDirectives(): Iterable<string> {
  return directives().keys();
}

export function logrotateSources(): readonly string[] {
  return file.sources;
}
