import type { Fact } from "../fact.ts";
import { at } from "../source.ts";
import type { ApplicationSourceDocument } from "./applications.ts";
import { environmentReads } from "./environment-reads.ts";
import { metricsMade } from "./metrics-made.ts";
import { routes } from "./routes.ts";

const LINE_CHARACTERS_MAX = 2_000;

/** What source code tells of its deployment: what it reads, serves, exports and allows. */
export function sourceFacts(document: ApplicationSourceDocument): readonly Fact[] {
  const lines = document.file.text
    .split("\n")
    .map((line) => (line.length > LINE_CHARACTERS_MAX ? "" : line));
  const code: Code = { document, lines };
  return [...environmentReads(code), ...metricsMade(code), ...routes(code), ...limits(code)];
}

/** A source file as lines; overlong ones, which nobody wrote, are empty. */
export interface Code {
  readonly document: ApplicationSourceDocument;
  readonly lines: readonly string[];
}

/** `"100/hour"` of Flask-Limiter and its kin, pools of SQLAlchemy, sizes of bodies. */
function limits({ document, lines }: Code): readonly Fact[] {
  const found: Fact[] = [];
  const hop = "application" as const;
  lines.forEach((line, index) => {
    const place = at(document.file, index + 1);
    const [, requests, unit = ""] =
      /["'](\d{1,7})\s*(?:\/|per\s+)\s*(second|minute|hour|day)["']/.exec(line) ?? [];
    if (requests !== undefined && /limit/i.test(line)) {
      const windowMs = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }[unit];
      const limit = { kind: "rate-limit", at: place, hop, requests: Number(requests) } as const;
      found.push({ ...limit, perClient: true, ...(windowMs === undefined ? {} : { windowMs }) });
    }
    const [, pool] = /["']?\bpool_size["']?\s*[:=]\s*(\d{1,6})/.exec(line) ?? [];
    if (pool !== undefined) {
      const overflow = overflowNear(lines, index);
      const connections = Number(pool) + overflow;
      found.push({ kind: "connection-limit", at: place, hop, side: "pool", connections });
    }
  });
  return found;
}

function overflowNear(lines: readonly string[], index: number): number {
  const near = lines.slice(index, index + 8).join("\n");
  const [, digits] = /max_overflow["']?\s*[:=]\s*(\d{1,6})/.exec(near) ?? [];
  return digits === undefined ? 10 : Number(digits);
}
