import type { Finding } from "../system/finding.ts";
import type { Store } from "../system/store.ts";
import type { Rule } from "./rule.ts";

/** What a design counts on and the product that runs does not have. */
export const storeGap: Rule = {
  name: "store-gap",
  check: ({ parsed }) => Object.values(parsed.system.stores).flatMap(gapOf),
};

function gapOf({ name, as, provider, gap }: Store): readonly Finding[] {
  if (gap === undefined && as !== provider) {
    return [
      {
        rule: "store-gap",
        severity: "warning",
        message: `the design names ${as}, \`${name}\` runs ${provider}, and no gap is stated`,
        places: [{ path: `stores.${name}.as` }],
        why: "Somebody counts on what the named product does and this one does not.",
        fix: `Say what ${provider} lacks: gap: ["…"]; or gap: [] when that is nothing.`,
      },
    ];
  }
  return (gap ?? []).map((lacks) => ({
    rule: "store-gap",
    severity: "warning",
    message: `\`${name}\` runs ${provider} for ${as}, which lacks: ${lacks}; no drill covers it`,
    places: [{ path: `stores.${name}.gap` }],
    why: "What is known to be missing and is never tried is found out by users.",
    fix: "Design around it and try that yourself: no drill exercises a store yet.",
  }));
}
