import { basename } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { Finding, Place } from "../system/finding.ts";

export interface Source {
  /** The declaration's path. */
  readonly path: string;
  readonly text: string;
}

/**
 * Gives each place inside the declaration its file and line. Exact for YAML and JSON; in
 * TypeScript, where values may be computed, the line on which the path's names stand in order,
 * and none where they do not.
 */
export function locateFindings(
  findings: readonly Finding[],
  source: Source,
): readonly Finding[] {
  const lineOf = /\.(ya?ml|json)$/.test(source.path) ? yamlLines(source.text) : textLines(source.text);
  const file = basename(source.path);
  const located = (place: Place): Place => {
    if (place.path === undefined || place.file !== undefined) return place;
    const line = lineOf(segmentsOf(place.path));
    return { ...place, file, ...(line === undefined ? {} : { line }) };
  };
  return findings.map((finding) => ({ ...finding, places: finding.places.map(located) }));
}

/** `edge.routes["/a.b"].to` → `edge`, `routes`, `/a.b`, `to`. */
export function segmentsOf(path: string): readonly string[] {
  const segments: string[] = [];
  for (const match of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
    const segment = match[1] ?? match[2] ?? match[3];
    if (segment !== undefined) segments.push(segment);
  }
  return segments;
}

type LineOf = (segments: readonly string[]) => number | undefined;

function yamlLines(text: string): LineOf {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  return (segments) => {
    // What is missing has no line of its own: its parent's tells where it belongs.
    for (let depth = segments.length; depth > 0; depth -= 1) {
      const keys = segments.slice(0, depth).map((one) => (/^\d+$/.test(one) ? Number(one) : one));
      const node = document.getIn(keys, true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
    }
    return undefined;
  };
}

function textLines(text: string): LineOf {
  return (segments) => {
    let position = 0;
    let found: number | undefined;
    for (const segment of segments) {
      const name = segment.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const key = new RegExp(`(?<=^|[\\s{,])["']?${name}["']?\\s*:`, "m");
      const match = key.exec(text.slice(position));
      if (match === null) continue;
      position += match.index;
      found = position;
    }
    return found === undefined ? undefined : text.slice(0, found).split("\n").length;
  };
}
