import type { Documents } from "../../../facts/document.ts";

/** Words of an option that say nothing by themselves. */
const STEM_MIN = 6;

/**
 * Whether a file of the tree speaks of an option: `--collector.systemd`, or
 * `management.metrics.distribution.percentiles-histogram or publishPercentileHistogram()`.
 * One word of the alternatives is enough: a form that is not known must not become a finding.
 */
export function isSwitchedOn(documents: Documents, option: string): boolean {
  const stems = option
    .split(/[\s,()]+/)
    .map((word) => word.replace(/^-+/, "").replace(/=.*$/, ""))
    .map((word) => word.slice(word.lastIndexOf(".") + 1))
    .filter((word) => word.length >= STEM_MIN)
    .map(plain);
  if (stems.length === 0) return true;
  return documents.tree.files.some(({ text, path }) => {
    if (/\.(?:md|mdx|rst|json)$/.test(path)) return false;
    const words = plain(text);
    return stems.some((stem) => words.includes(stem));
  });
}

/** Spring takes `percentiles-histogram`, `percentilesHistogram` and `PERCENTILES_HISTOGRAM`. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, "");
}
