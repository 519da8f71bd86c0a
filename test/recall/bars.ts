import type { Figures } from "./recall.ts";

/** Shares of the known defects that `check` has to find, both router guides taken as one. */
const BARS = [
  { severity: "critical", least: 0.85 },
  { severity: "high", least: 0.7 },
] as const;

/** Which bars are missed, and by how much; a table without a total misses all of them. */
export function missedBars(figures: readonly Figures[]): readonly string[] {
  const total = figures.find(({ scope }) => scope === "total");
  return BARS.flatMap(({ severity, least }) => {
    const { found, of } = total?.bySeverity[severity] ?? { found: 0, of: 0 };
    if (of > 0 && found >= least * of) return [];
    return [`${severity}: ${found} of ${of} found, ${Math.ceil(least * of)} are the bar`];
  });
}
