import { basename } from "node:path";
import type { Finding, Place } from "../system/finding.ts";
import { splitPath } from "../system/path.ts";
import { readBounded } from "./declaration-file.ts";

/** A path inside a declaration → its 1-based line, where it can be told. */
type LineOf = (path: string) => number | undefined;

/**
 * Gives each place inside the declaration its file and line; what is missing gets the line of
 * what should hold it. Exact for YAML and JSON. In TypeScript, where values may be computed, the
 * line on which the path's names stand in order, and none where they do not.
 */
export async function locateFindings(
  path: string,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  if (findings.length === 0) return findings;
  const file = basename(path);
  const text = await readBounded(path);
  const lineOf = text.ok ? await linesOf(path, text.value) : () => undefined;
  const located = (place: Place): Place => {
    const line = place.path === undefined ? undefined : lineOf(place.path);
    return { file, ...(line === undefined ? {} : { line }), ...place };
  };
  return findings.map((finding) => ({ ...finding, places: finding.places.map(located) }));
}

async function linesOf(path: string, text: string): Promise<LineOf> {
  return /\.(ya?ml|json)$/.test(path) ? await yamlLines(text) : (inner) => textLine(text, inner);
}

async function yamlLines(text: string): Promise<LineOf> {
  // Loaded here: most declarations are TypeScript, and every command would pay for it.
  const { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  return (inner) => {
    let offset = document.contents?.range?.[0];
    let node: unknown = document.contents;
    for (const key of splitPath(inner)) {
      const items: readonly unknown[] = isMap(node) || isSeq(node) ? node.items : [];
      const pair = items.find(
        (item) => isPair(item) && isScalar(item.key) && item.key.value === key,
      );
      const next = isPair(pair) ? pair.value : isSeq(node) ? items[Number(key)] : undefined;
      if (isPair(pair) && isScalar(pair.key)) offset = pair.key.range?.[0];
      else if (isMap(next) || isSeq(next) || isScalar(next)) offset = next.range?.[0];
      else break;
      node = next;
    }
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
}

function textLine(text: string, inner: string): number | undefined {
  let position = 0;
  let found: number | undefined;
  for (const segment of splitPath(inner)) {
    const name = String(segment).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const key = new RegExp(`(?<=^|[\\s{,])["']?${name}["']?\\s*:`, "m");
    const match = key.exec(text.slice(position));
    if (match === null) continue;
    position += match.index;
    found = position;
  }
  return found === undefined ? undefined : text.slice(0, found).split("\n").length;
}
