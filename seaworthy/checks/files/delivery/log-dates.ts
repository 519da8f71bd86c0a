import type { LogShipperDocument } from "../../../facts/delivery/delivery.ts";

/** Where a shipper reads the time of a log line, and neither line nor place names a zone. */
export interface ZonelessDate {
  readonly line: number;
}

const LINE_CHARACTERS_MAX = 2_000;
const LINES_MAX = 60;

export function zonelessDates({ file, product }: LogShipperDocument): readonly ZonelessDate[] {
  const lines = file.text.split("\n");
  switch (product) {
    case "logstash":
      return lines.flatMap((line, index) => {
        if (!/^\s*date\s*\{/.test(line)) return [];
        return isZoneless(blockFrom(lines, index)) ? [{ line: index + 1 }] : [];
      });
    case "fluent-bit":
      return lines.flatMap((line, index) => {
        const [, format] =
          /^\s*Time_Format\s+(\S.{0,200})$/i.exec(line.slice(0, LINE_CHARACTERS_MAX)) ?? [];
        if (format === undefined || /%z|%Z|%s|Z\s*$/.test(format)) return [];
        const near = lines.slice(Math.max(0, index - 10), index + 10).join("\n");
        return /Time_Offset|Time_System_Timezone/i.test(near) ? [] : [{ line: index + 1 }];
      });
    case "filebeat":
    case "promtail":
      return [];
  }
}

/** From its brace to the one that closes it. */
function blockFrom(lines: readonly string[], start: number): string {
  const found: string[] = [];
  let depth = 0;
  for (const line of lines.slice(start, start + LINES_MAX)) {
    const text = line.slice(0, LINE_CHARACTERS_MAX).replace(/#.*$/, "");
    found.push(text);
    depth += text.split("{").length - text.split("}").length;
    if (depth <= 0) break;
  }
  return found.join("\n");
}

/** `match => ["field", "yyyy-MM-dd"]`; ISO8601, UNIX and a pattern with `Z` know the zone. */
function isZoneless(block: string): boolean {
  if (/\btimezone\s*=>/.test(block)) return false;
  const [, list] = /\bmatch\s*=>\s*\[([^\]]{0,1000})\]/.exec(block) ?? [];
  const patterns = [...(list ?? "").matchAll(/["']([^"']{1,200})["']/g)].slice(1);
  return (
    patterns.length > 0 &&
    patterns.every(([, pattern = ""]) => {
      const bare = pattern.replace(/''/g, "").replace(/'[^']*'/g, "");
      return /[yMdHhms]/.test(bare) && !/[ZzXx]|ISO8601|UNIX|TAI64N/.test(bare);
    })
  );
}
