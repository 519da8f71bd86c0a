import type { Code } from "./source-facts.ts";

/** Lines of a handler that are read: longer ones do more than answer a probe. */
const HANDLER_LINES_MAX = 80;

/** What shows that a handler asks something before it answers. */
const ASKS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  {
    what: "database",
    pattern: new RegExp(
      String.raw`\.execute\(|SELECT 1|\$queryRaw|\.query\(|db\.|sequelize|mongoose|prisma|` +
        "dataSource|jdbc|PingContext",
      "i",
    ),
  },
  { what: "cache", pattern: /redis|memcache/i },
  { what: "disk", pattern: /disk_usage|statvfs|statfs|getUsableSpace|getFreeSpace/i },
  { what: "memory", pattern: /virtual_memory|heapUsed|memoryUsage|freemem|totalMemory/i },
  { what: "http", pattern: /requests\.(get|post)|fetch\(|axios\.|http\.Get\(|RestTemplate/i },
];

/** What the handler below a route asks, itself or through functions of its own file. */
export function handlerAsks(code: Code, index: number): readonly string[] {
  const body = withCalled(code, bodyAt(code, index));
  return ASKS.filter(({ pattern }) => pattern.test(body)).map(({ what }) => what);
}

/** The lines of the function that begins at or below `index`. */
function bodyAt({ document, lines }: Code, index: number): readonly string[] {
  const rest = lines.slice(index, index + HANDLER_LINES_MAX);
  if (document.language === "python") return pythonBody(rest);
  let depth = 0;
  let opened = false;
  const body: string[] = [];
  for (const line of rest) {
    body.push(line);
    for (const character of line) {
      if (character === "{") {
        depth += 1;
        opened = true;
      } else if (character === "}") depth -= 1;
    }
    if (opened && depth <= 0) break;
  }
  return body;
}

/** From the decorator through the function's indented lines. */
function pythonBody(rest: readonly string[]): readonly string[] {
  const start = rest.findIndex((line) => /^\s*(async\s+)?def\s/.test(line));
  if (start < 0) return [];
  const indent = /^\s*/.exec(rest[start] ?? "")?.[0].length ?? 0;
  const end = rest.findIndex(
    (line, index) =>
      index > start && line.trim() !== "" && (/^\s*/.exec(line)?.[0].length ?? 0) <= indent,
  );
  return rest.slice(start, end < 0 ? undefined : end);
}

/** The body with the bodies of functions of the same file that it calls. */
function withCalled(code: Code, body: readonly string[]): string {
  const called = new Set(
    [...body.join("\n").matchAll(/\b([a-zA-Z_]\w{2,60})\(/g)].map(([, name = ""]) => name),
  );
  const bodies = [...called].slice(0, 20).flatMap((name) => definitionOf(code, name) ?? []);
  return [...body, ...bodies].join("\n");
}

function definitionOf(code: Code, name: string): readonly string[] | undefined {
  const index = lineOfDefinition(code, name);
  return index < 0 ? undefined : bodyAt(code, index);
}

function lineOfDefinition({ lines }: Code, name: string): number {
  const definition = new RegExp(
    `\\b(?:def|function|func|const|private|public)\\b.{0,60}\\b${name}\\b`,
  );
  return lines.findIndex((line) => line.includes(name) && definition.test(line));
}

/** An answer that a handler cannot help giving, and why. */
export interface OnlyAnswer {
  readonly status: number;
  /** Names that its file never defines, each with the index of its line. */
  readonly undefinedNames: readonly { readonly name: string; readonly index: number }[];
}

/**
 * The one status that a handler can give, because what it asks uses names that its file never
 * defines and an `except` swallows the error.
 */
export function onlyAnswer(code: Code, index: number): OnlyAnswer | undefined {
  const body = bodyAt(code, index).join("\n");
  if (code.document.language !== "python") return undefined;
  const [, failed] = /\belse\s+(5\d\d)\b/.exec(body) ?? [];
  if (failed === undefined || !/all\(/.test(body)) return undefined;
  const called = [...body.matchAll(/\b([a-z_]\w{2,60})\(\)/g)].map(([, name = ""]) => name);
  const undefinedNames = called.flatMap((name) => swallowed(code, lineOfDefinition(code, name)));
  return undefinedNames.length === 0 ? undefined : { status: Number(failed), undefinedNames };
}

/** A swallowed `except`, and names in its `try` that the file neither imports nor makes. */
function swallowed(code: Code, start: number): OnlyAnswer["undefinedNames"] {
  if (start < 0) return [];
  const body = bodyAt(code, start);
  const text = body.join("\n");
  if (!/\bexcept\s*(Exception\b.{0,40})?:/.test(text) || !/return False/.test(text)) return [];
  const whole = code.lines.join("\n");
  if (/^from\s+\S+\s+import\s+\*/m.test(whole)) return [];
  return body.flatMap((line, offset) =>
    [...line.matchAll(/(?<![\w."'])([a-z_]\w*)\.\w+|\(([A-Z][A-Z0-9_]{2,60})\)/g)]
      .map(([, name, constant]) => name ?? constant ?? "")
      .filter((name) => !isDefined(whole, name))
      .map((name) => ({ name, index: start + offset })),
  );
}

function isDefined(text: string, name: string): boolean {
  if (name === "self") return true;
  const ways = [
    String.raw`^\s*(?:import|from)\b[^\n]{0,200}\b${name}\b`,
    String.raw`\b${name}\s*(?::[^=\n]{0,60})?=[^=]`,
    String.raw`\bas\s+${name}\b`,
    String.raw`\bfor\s+${name}\b`,
    String.raw`def\s+\w+\([^)]{0,200}\b${name}\b`,
  ];
  return new RegExp(ways.join("|"), "m").test(text);
}
